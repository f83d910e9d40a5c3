// The full grid of a layer, a cell per region: how many texts, or how two sides differ.

// What a heatmap shows: `value(node)` or null for none, its color, its words.
function countsOf(scan, state) {
  return {
    id: "counts",
    title: "Texts per cell",
    value: (node) => scan.textsIn(node, state.get().chosen) || null,
    faded: () => false,
    color: (value) => colors.amount(value / limits.counts(scan, state)),
    words: (value) => count(value),
    note() {
      const { chosen, layer } = state.get();
      const names = chosen.length === scan.nCategories ? "all categories" : chosen.map((c) => scan.categories[c].name).join(", ");
      const total = chosen.reduce((sum, c) => sum + scan.categories[c].texts, 0);
      return `${scan.layers[layer].name}: ${plural(total, "text")} of ${names}. One scale for all layers.`;
    },
    bar: () => [(t) => colors.amount(t), "1", "texts", count(limits.counts(scan, state))],
    tip: () => [],
    columns: [{ name: "region" }, { name: "texts", number: true }, { name: "characteristic words" }],
    row: (node, value) => [scan.labelOf(node), count(value), scan.head.words[node].slice(0, 5).join(", ")],
    depends: ["layer", "chosen"],
  };
}

const CORRECTION = "Benjamini–Hochberg over the cells of the layer";

function differenceOf(scan, state) {
  const contrast = () => state.contrast();
  const tested = (node) => {
    const q = contrast().q[node];
    return Number.isFinite(q) && q < 0.05;
  };
  return {
    id: "difference",
    title: "Difference",
    value(node) {
      const { a, b, effect } = scan.effect(contrast(), node);
      return a + b > 0 ? effect : null;
    },
    faded: (node) => !tested(node),
    color: (value) => colors.difference(value / limits.difference(scan, state)),
    // A significant difference below half a point is not rounded to 0.
    words: (value, faded) => signed(value, Math.abs(value) < 0.005 && !faded ? 1 : 0),
    note: () => `${scan.layers[state.get().layer].name}: shares of the sides’ texts, in percentage points. `
      + "Faded: may be chance (q ≥ 0.05, Benjamini–Hochberg).",
    bar() {
      const limit = limits.difference(scan, state);
      const [a, b] = contrast().names;
      return [(t) => colors.difference(2 * t - 1), `more ${oneLine(b, 24)}`, `± ${(100 * limit).toFixed(0)} points`, `more ${oneLine(a, 24)}`];
    },
    tip(node) {
      const { a, b } = scan.effect(contrast(), node);
      return [
        element("p", {}, `${contrast().names[0]}: ${count(a)} of ${count(contrast().sizes[0])}`),
        element("p", {}, `${contrast().names[1]}: ${count(b)} of ${count(contrast().sizes[1])}`),
        element("p", { class: "muted" }, `q ${pValue(contrast().q[node])}`),
      ];
    },
    columns: [{ name: "region" }, { name: "side A", number: true }, { name: "side B", number: true },
      { name: "difference, points", number: true }, { name: "p", number: true }, { name: "q", number: true }],
    row(node, value) {
      const { a, b } = scan.effect(contrast(), node);
      return [scan.labelOf(node), count(a), count(b), signed(value, 1), pValue(contrast().p[node]), pValue(contrast().q[node])];
    },
    depends: ["layer", "contrast"],
  };
}

function makeHeatmap(scan, state, what) {
  const note = element("p", { class: "note" });
  const caption = element("figcaption", {}, element("h3", {}, what.title), note);
  const pad = { left: 30, right: 10, top: 8, bottom: 28, bar: 34 };

  const layout = (width, height) => {
    const { side } = scan.layers[state.get().layer];
    const [w, h] = [width - pad.left - pad.right, height - pad.bar - pad.top - pad.bottom];
    return { side, cw: w / side, ch: h / side, w, h };
  };

  const plot = makePlot({
    heightOf: (width) => width + pad.bar,
    label: what.title,
    draw(context, width, height) {
      const { theme } = colors;
      const { layer, cell, hoverNode } = state.get();
      const entry = scan.layers[layer];
      const { side, cw, ch, w, h } = layout(width, height);
      context.fillStyle = theme.empty;
      context.fillRect(pad.left, pad.top, w, h);
      // Thin lines between cells as long as cells are large enough for them.
      const gap = cw >= 8 ? 1 : 0;
      const box = (x, y) => [pad.left + x * cw, pad.top + h - (y + 1) * ch];
      let largest = 0;
      for (let node = scan.firstNode[layer]; node < scan.firstNode[layer + 1]; node++) {
        const value = what.value(node);
        if (value === null) continue;
        const [x, y] = scan.cellOf(node);
        const [left, top] = box(x, y);
        let color = what.color(value);
        const faded = what.faded(node);
        if (faded) color = mix(color, rgb(theme.empty), 0.68);
        context.fillStyle = css(color);
        context.fillRect(left + gap / 2, top + gap / 2, Math.max(cw - gap, 0.5), Math.max(ch - gap, 0.5));
        const words = what.words(value, faded);
        const size = Math.min(13, cw * 0.36, (cw * 1.35) / words.length);
        if (cw >= 20 && size >= 7) {
          write(context, words, left + cw / 2, top + ch / 2 + 0.5,
            { size, color: faded ? theme.muted : readableOn(color), align: "center", weight: faded ? 400 : 600 });
        }
        if (what.id === "difference" && !faded && cw >= 5) {
          context.strokeStyle = theme.text;
          context.lineWidth = cw >= 16 ? 1.25 : 0.75;
          context.strokeRect(left + 1.5, top + 1.5, cw - 3, ch - 3);
        }
        largest++;
      }
      if (gap && side <= 60) {
        context.strokeStyle = theme.line;
        context.globalAlpha = 0.4;
        context.lineWidth = 1;
        context.beginPath();
        for (let i = 1; i < side; i++) {
          context.moveTo(pad.left + i * cw, pad.top);
          context.lineTo(pad.left + i * cw, pad.top + h);
          context.moveTo(pad.left, pad.top + i * ch);
          context.lineTo(pad.left + w, pad.top + i * ch);
        }
        context.stroke();
        context.globalAlpha = 1;
      }
      context.strokeStyle = theme.line;
      context.strokeRect(pad.left + 0.5, pad.top + 0.5, w - 1, h - 1);
      const outline = ([x, y], color, weight) => {
        const [left, top] = box(x, y);
        context.strokeStyle = theme.background;
        context.lineWidth = weight + 2;
        context.strokeRect(left, top, cw, ch);
        context.strokeStyle = color;
        context.lineWidth = weight;
        context.strokeRect(left, top, cw, ch);
      };
      if (hoverNode >= 0 && scan.nodeLayer[hoverNode] === layer) outline(scan.cellOf(hoverNode), theme.muted, 1.5);
      if (cell) outline(cell, theme.text, 2.5);
      const look = { size: 11.5, color: theme.muted, align: "center" };
      const bottom = pad.top + h;
      write(context, fitted(context, `${entry.axes[0].name} →`, w, 11.5), pad.left + w / 2, bottom + 14, look);
      context.save();
      context.translate(13, pad.top + h / 2);
      context.rotate(-Math.PI / 2);
      write(context, fitted(context, `${entry.axes[1].name} →`, h, 11.5), 0, 0, look);
      context.restore();
      if (largest === 0) {
        write(context, "No texts of these categories.", width / 2, pad.top + h / 2, { ...look, color: theme.text });
      }
      colorBar(context, pad.left, height - 28, w, ...what.bar());
    },
  });

  const cellAt = (event) => {
    const [px, py] = plot.at(event);
    const { side, cw, ch, h } = layout(plot.width, plot.height);
    const x = Math.floor((px - pad.left) / cw);
    const y = Math.floor((pad.top + h - py) / ch);
    return x >= 0 && x < side && y >= 0 && y < side ? [x, y] : null;
  };
  const select = (cell) => state.set({ cell, text: -1 });
  plot.canvas.addEventListener("pointermove", (event) => {
    const cell = cellAt(event);
    const node = cell ? scan.nodeAt(state.get().layer, ...cell) : -1;
    state.set({ hoverNode: node });
    plot.canvas.style.cursor = node >= 0 ? "pointer" : "default";
    const value = node >= 0 ? what.value(node) : null;
    if (value === null) tip.hide();
    else {
      tip.show(event, element("strong", {}, `Region ${scan.labelOf(node)}`),
        element("p", {}, what.id === "counts" ? plural(value, "text") : `${signed(value, 1)} percentage points`),
        ...what.tip(node),
        element("p", { class: "muted", dir: "auto" }, scan.head.words[node].slice(0, 5).join(" · ")));
    }
  });
  plot.canvas.addEventListener("pointerleave", () => {
    state.set({ hoverNode: -1 });
    tip.hide();
  });
  plot.canvas.addEventListener("click", (event) => select(cellAt(event)));
  plot.canvas.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (event.key === "Escape") select(null);
    if (!by) return;
    event.preventDefault();
    const { side } = scan.layers[state.get().layer];
    const now = state.get().cell;
    const clamp = (v) => Math.min(Math.max(v, 0), side - 1);
    const cell = now ? [clamp(now[0] + by[0]), clamp(now[1] + by[1])] : [side >> 1, side >> 1];
    select(cell);
    const node = scan.nodeAt(state.get().layer, ...cell);
    const value = node >= 0 ? what.value(node) : null;
    announce(`cell ${cell.join(", ")}: ${value === null ? "no texts" : what.words(value)}`);
  });

  const behind = tableBehind("Cells as a table", () => {
    const { layer } = state.get();
    const rows = [];
    for (let node = scan.firstNode[layer]; node < scan.firstNode[layer + 1]; node++) {
      const value = what.value(node);
      if (value !== null) rows.push([Math.abs(value), what.row(node, value)]);
    }
    rows.sort((a, b) => b[0] - a[0]);
    const columns = what.columns.map((column) => {
      const side = { "side A": 0, "side B": 1 }[column.name];
      return side === undefined ? column : { ...column, name: state.contrast().names[side] };
    });
    return table(columns, rows.slice(0, 500).map(([, row]) => row), `${what.title} in ${scan.layers[layer].name}`);
  });
  byId(what.id).append(caption, plot.frame, behind.details);

  const words = () => {
    note.textContent = what.note();
    const { layer } = state.get();
    let best = -1;
    for (let node = scan.firstNode[layer]; node < scan.firstNode[layer + 1]; node++) {
      const value = what.value(node);
      if (value !== null && (best < 0 || Math.abs(value) > Math.abs(what.value(best)))) best = node;
    }
    plot.describe(`${what.title}, ${what.note()} ${best < 0 ? "No texts."
      : `Strongest: region ${scan.labelOf(best)} with ${what.words(what.value(best))}.`} Arrow keys move through the cells.`);
  };
  state.listen((changed) => {
    plot.redraw();
    if (what.depends.some((key) => changed.has(key))) {
      words();
      behind.update();
    }
  });
  words();
  return { caption, words };
}

function makeHeatmaps(scan, state) {
  makeHeatmap(scan, state, countsOf(scan, state));
  if (scan.contrasts.length === 0) {
    byId("difference").append(element("figcaption", {}, element("h3", {}, "Difference")),
      element("p", { class: "empty" }, scan.nCategories < 2
        ? "There is one category, so there is nothing to compare."
        : "No comparison of categories was made for this report."));
    return;
  }
  const { caption } = makeHeatmap(scan, state, differenceOf(scan, state));
  const names = (contrast) => contrast.names.map((name) => oneLine(name, 28)).join(" against ");
  if (scan.contrasts.length === 1) {
    caption.firstChild.append(element("span", { class: "sides", dir: "auto" }, names(scan.contrasts[0])));
    return;
  }
  const choice = element("select", {
    "aria-label": "Which categories are compared",
    onchange: () => state.set({ contrast: Number(choice.value) }),
  }, ...scan.contrasts.map((contrast, i) => element("option", { value: i }, names(contrast))));
  caption.firstChild.append(choice);
}
