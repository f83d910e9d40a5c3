// Tables of numbers, and how the scan was made.

function makeNumbers(scan) {
  const { tables, facts, version } = scan.head;
  const body = byId("numbers-body");
  byId("numbers-note").textContent = tables.length > 0
    ? "A dash stands where a number is not defined." : "";
  if (tables.length === 0) {
    body.append(element("p", { class: "empty" }, "No measurements came with this report."));
  }
  tables.forEach(({ title, note, columns, rows }, i) => {
    const isNumber = columns.map((_, c) => rows.some((row) => typeof row[c] === "number"));
    const made = table(columns.map((name, c) => ({ name, number: isNumber[c] })), rows, title);
    body.append(element("details", { class: "numbers", open: i === 0 },
      element("summary", {}, title), note ? element("p", { class: "note", dir: "auto" }, note) : null, made));
  });

  const made = byId("made-body");
  byId("made-note").textContent = facts.length > 0 ? "" : "Nothing was noted but this:";
  const general = {
    title: "This page",
    rows: [
      ["texts", count(scan.n)],
      ["layers", count(scan.nLayers)],
      ["regions", count(scan.nNodes)],
      ["transitions", `${count(scan.edgeOf.length)} on ${plural(scan.nEdges, "edge")}`],
      ["written by", `llm-mri ${version}`],
      ["coordinates", "kept to 1/65,535 of their range"],
    ],
  };
  for (const { title, rows } of [...facts, general]) {
    made.append(element("div", {}, element("h3", {}, title), element("dl", {},
      ...rows.flatMap(([name, value]) => [element("dt", { dir: "auto" }, name), element("dd", { dir: "auto" }, value)]))));
  }
}
