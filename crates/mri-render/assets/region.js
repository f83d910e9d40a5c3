// What is known of the selected region.

const TEXTS_AT_ONCE = 8;

function makeRegion(scan, state) {
  const title = byId("region-title");
  const note = byId("region-note");
  const body = byId("region-body");
  let shown = TEXTS_AT_ONCE;
  let shownFor = -1;

  const empty = (words) => body.replaceChildren(element("p", { class: "empty" }, words));

  // The texts of each category, with bars of their shares.
  const counts = (node) => {
    const total = scan.textsIn(node, scan.everyCategory);
    const present = scan.everyCategory
      .map((c) => [c, scan.textsIn(node, [c])])
      .filter(([, n]) => n > 0)
      .sort((a, b) => b[1] - a[1]);
    const rows = present.map(([c, n]) => {
      const bar = element("span", { class: "bar" });
      bar.style.width = `${(100 * n) / total}%`;
      bar.style.background = css(colors.categories[c]);
      return element("tr", {},
        element("th", { scope: "row" }, glyph(c), element("bdi", {}, scan.categories[c].name)),
        element("td", { class: "bar-cell" }, bar),
        element("td", { class: "number" }, count(n)),
        element("td", { class: "number muted", title: "of the category’s texts" }, percent(n / scan.categories[c].texts, 1)));
    });
    return element("div", { class: "scroll short" }, element("table", { class: "counts" },
      element("thead", {}, element("tr", {}, element("th", { scope: "col" }, "category"), element("td"),
        element("th", { scope: "col", class: "number" }, "texts"),
        element("th", { scope: "col", class: "number" }, "of its own"))),
      element("tbody", {}, ...rows)));
  };

  const test = (node) => {
    const contrast = state.contrast();
    if (!contrast) return [];
    const { a, b, effect } = scan.effect(contrast, node);
    const [p, q] = [contrast.p[node], contrast.q[node]];
    const sides = `${oneLine(contrast.names[0], 40)} against ${oneLine(contrast.names[1], 40)}`;
    if (a + b === 0) {
      return [element("h3", {}, "By chance?"), element("p", { class: "note", dir: "auto" }, `${sides}: no text of either side is here.`)];
    }
    const verdict = !Number.isFinite(q) ? "Too few texts to tell."
      : q < 0.05 ? "More than chance explains." : "May be chance.";
    return [
      element("h3", {}, "By chance?"),
      element("p", { class: "note", dir: "auto" }, sides),
      element("p", { class: "verdict" }, verdict),
      element("dl", {},
        element("dt", {}, "difference"),
        element("dd", {}, `${signed(effect, 1)} percentage points`,
          element("span", { class: "muted" }, ` (95 % interval ${signed(contrast.low[node], 1)} to ${signed(contrast.high[node], 1)})`)),
        element("dt", {}, "p"), element("dd", {}, pValue(p)),
        element("dt", {}, "q"), element("dd", {}, pValue(q), element("span", { class: "muted" }, Number.isFinite(q) ? ` (${CORRECTION})` : "")),
        element("dt", {}, "stability"),
        element("dd", {}, percent(contrast.stability[node]), element("span", { class: "muted" }, " of resamples have a text here"))),
    ];
  };

  const texts = (node) => {
    if (!scan.texts) return element("p", { class: "empty" }, "Reading the texts…");
    const { chosen, text } = state.get();
    const rows = scan.typical(node).filter((row) => chosen.includes(scan.labels[row]));
    if (rows.length === 0) return element("p", { class: "empty" }, "No text of the categories shown is here.");
    const list = element("ol", { class: "texts" }, ...rows.slice(0, shown).map((row) => textButton(scan, state, row, row === text)));
    const more = rows.length > shown
      ? element("button", { type: "button", class: "more", onclick: () => { shown += 3 * TEXTS_AT_ONCE; draw(); } },
        `Show more (${count(rows.length - shown)} left)`)
      : null;
    return element("div", {}, list, more);
  };

  const draw = () => {
    const { cell, layer } = state.get();
    const node = state.node();
    if (!cell) {
      title.textContent = "Region";
      const regions = scan.firstNode[layer + 1] - scan.firstNode[layer];
      note.textContent = "";
      return empty(`${scan.layers[layer].name} has ${plural(regions, "region")} with texts. `
        + "Choose a cell, a point or a circle of the graph to see what is there.");
    }
    if (node < 0) {
      title.textContent = `Cell ${cell.join(", ")} of ${scan.layers[layer].name}`;
      note.textContent = "";
      return empty("No texts are in this cell.");
    }
    if (node !== shownFor) [shown, shownFor] = [TEXTS_AT_ONCE, node];
    const total = scan.textsIn(node, scan.everyCategory);
    title.textContent = `Region ${scan.labelOf(node)}`;
    note.textContent = `${scan.layers[layer].name}, cell ${cell.join(", ")}: ${plural(total, "text")}, `
      + `${percent(total / scan.n, 1)} of all`;
    const words = scan.head.words[node];
    body.replaceChildren(element("div", { class: "region-body" },
      element("div", {}, element("h3", {}, "Categories"), counts(node),
        element("h3", {}, "Characteristic words"),
        words.length > 0 ? element("ul", { class: "words" }, ...words.map((word) => element("li", { dir: "auto" }, word)))
          : element("p", { class: "note" }, "None but stop words.")),
      element("div", {}, ...test(node)),
      element("div", {}, element("h3", {}, "Texts, the most typical first"), texts(node))));
  };
  state.listen((changed) => {
    if (["layer", "cell", "chosen", "contrast", "text"].some((key) => changed.has(key))) draw();
  });
  draw();
  return { draw };
}

// A text in a list, to be chosen. `found` is a word to mark in it.
function textButton(scan, state, row, current, found = "") {
  const label = scan.labels[row];
  const text = scan.texts[row];
  const words = element("span", { class: "words-of", dir: "auto" });
  const at = found ? text.toLowerCase().indexOf(found) : -1;
  // Lower case may change the length of a text in a few scripts; then nothing is marked.
  if (at >= 0 && text.toLowerCase().length === text.length) {
    const start = Math.max(0, at - 60);
    words.append((start > 0 ? "…" : "") + oneLineKeep(text.slice(start, at)),
      element("mark", {}, text.slice(at, at + found.length)),
      oneLineKeep(text.slice(at + found.length, at + found.length + 160)),
      at + found.length + 160 < text.length ? "…" : "");
  } else {
    words.append(oneLine(text, 220) || "(an empty text)");
  }
  return element("li", {}, element("button", {
    type: "button", "aria-pressed": String(current), onclick: () => state.setText(row),
    onpointerenter: () => state.set({ hoverText: row, hoverNode: scan.nodeOf(row, state.get().layer) }),
    onpointerleave: () => state.set({ hoverText: -1, hoverNode: -1 }),
  },
  element("span", { class: "text-head" }, glyph(label), element("bdi", {}, scan.categories[label].name),
    element("span", { class: "muted" }, ` row ${row}`)),
  words));
}

const oneLineKeep = (text) => text.replace(/[\u0000-\u001f\u007f\s]+/g, " ");
