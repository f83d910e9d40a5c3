// Search in the texts, and the path of the one chosen.

const RESULTS = 50;

function makeSearch(scan, state) {
  const query = byId("query");
  const note = byId("search-note");
  const results = byId("results");
  const panel = byId("text-panel");
  let lower = null;
  let timer = null;

  const find = (wanted) => {
    const numbered = /^#\s*(\d+)$/.exec(wanted);
    if (numbered) {
      const row = Number(numbered[1]);
      return row < scan.n ? [row] : [];
    }
    lower ??= scan.texts.map((text) => text.toLowerCase());
    const terms = wanted.split(/\s+/).filter(Boolean);
    const { chosen } = state.get();
    const shown = scan.categories.map((_, c) => chosen.includes(c));
    const rows = [];
    for (let i = 0; i < scan.n; i++) {
      if (shown[scan.labels[i]] && terms.every((term) => lower[i].includes(term))) rows.push(i);
    }
    return rows;
  };

  const run = () => {
    const wanted = query.value.trim().toLowerCase();
    if (!scan.texts) {
      note.textContent = "Reading the texts…";
      return;
    }
    const rows = wanted ? find(wanted) : scan.typicalOfAll();
    const first = wanted.startsWith("#") ? "" : wanted.split(/\s+/)[0];
    if (!wanted) note.textContent = "For a start, one text of each category:";
    else if (rows.length === 0) note.textContent = `No text of the categories shown has “${oneLine(wanted, 60)}”.`;
    else note.textContent = rows.length > RESULTS
      ? `${plural(rows.length, "text")}, the first ${RESULTS}:` : `${plural(rows.length, "text")}:`;
    const { text } = state.get();
    results.replaceChildren(...rows.slice(0, RESULTS).map((row) => textButton(scan, state, row, row === text, first)));
  };

  // One text per category, to begin with.
  scan.typicalOfAll = () => {
    const first = new Map();
    for (let i = 0; i < scan.n && first.size < scan.nCategories; i++) {
      if (!first.has(scan.labels[i])) first.set(scan.labels[i], i);
    }
    const { chosen } = state.get();
    return chosen.slice(0, 10).map((c) => first.get(c)).filter((row) => row !== undefined);
  };

  const show = () => {
    const { text } = state.get();
    if (text < 0 || !scan.texts) {
      panel.replaceChildren(element("p", { class: "empty" }, "Choose a text to see its path through the layers."));
      return;
    }
    const label = scan.labels[text];
    const rows = scan.layers.map((layer, l) => {
      const node = scan.nodeOf(text, l);
      const total = scan.textsIn(node, scan.everyCategory);
      return [layer.name, scan.labelOf(node), count(total), percent(scan.textsIn(node, [label]) / total)];
    });
    panel.replaceChildren(
      element("h3", {}, `Row ${text}`),
      element("p", { class: "text-head" }, glyph(label), element("bdi", {}, scan.categories[label].name)),
      element("blockquote", { dir: "auto" }, scan.texts[text] || "(an empty text)"),
      table([{ name: "layer" }, { name: "region" }, { name: "texts there", number: true },
        { name: "of its category", number: true }], rows, "The path of the text"),
      element("button", { type: "button", class: "more", onclick: () => state.set({ text: -1 }) }, "Clear the selection"),
    );
  };

  byId("search-form").addEventListener("submit", (event) => {
    event.preventDefault();
    run();
  });
  query.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(run, 120);
  });
  state.listen((changed) => {
    if (changed.has("text")) show();
    if (changed.has("text") || changed.has("chosen")) run();
  });
  run();
  show();
  return { refresh() { run(); show(); } };
}
