// The map of a layer: every text a point.

// Up to this many points are drawn larger, and move from layer to layer.
const FEW_POINTS = 4000;
const TRAVEL = 450;

function makePoints(scan, state) {
  const title = element("h3", {}, "Map of texts");
  const note = element("p", { class: "note" });
  const pad = { left: 30, right: 10, top: 8, bottom: 28 };
  let from = null;
  let started = 0;
  let cached = null;
  let cacheKey = "";

  const place = (width, height, points, i) => [
    pad.left + 8 + (points[2 * i] / 65535) * (width - pad.left - pad.right - 16),
    height - pad.bottom - 8 - (points[2 * i + 1] / 65535) * (height - pad.top - pad.bottom - 16),
  ];

  // The current position of a text, in motion after a change of layer.
  const placeNow = (width, height, i) => {
    const to = place(width, height, scan.pointsIn(state.get().layer), i);
    if (!from) return to;
    const t = Math.min(1, (performance.now() - started) / TRAVEL);
    const ease = t * t * (3 - 2 * t);
    const start = place(width, height, from, i);
    return [start[0] + (to[0] - start[0]) * ease, start[1] + (to[1] - start[1]) * ease];
  };

  const radius = () => (scan.n <= 300 ? 4.2 : scan.n <= 1500 ? 3.2 : scan.n <= FEW_POINTS ? 2.4 : scan.n <= 15000 ? 1.8 : 1.3);

  // The marker of a category, drawn once and stamped for every text.
  const stamp = (category, ratio, dim) => {
    const r = radius();
    const size = Math.ceil((r * 1.5 + 1.5) * 2 * ratio);
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = size;
    const context = canvas.getContext("2d");
    context.translate(size / 2, size / 2);
    context.scale(r * ratio, r * ratio);
    const path = new Path2D(colors.markers[category]);
    if (scan.n <= FEW_POINTS && !dim) {
      context.lineWidth = 0.5;
      context.strokeStyle = colors.theme.background;
      context.stroke(path);
    }
    context.globalAlpha = dim ? 0.35 : scan.n <= FEW_POINTS ? 0.92 : scan.n <= 15000 ? 0.75 : 0.55;
    context.fillStyle = dim ? colors.theme.line : css(colors.categories[category]);
    context.fill(path);
    return { canvas, half: size / ratio / 2, size: size / ratio };
  };

  const drawPoints = (context, width, height, ratio) => {
    const { chosen } = state.get();
    const shown = scan.categories.map((_, c) => chosen.includes(c));
    const stamps = scan.categories.map((_, c) => stamp(c, ratio, !shown[c]));
    const pass = (wanted) => {
      for (let i = 0; i < scan.n; i++) {
        const label = scan.labels[i];
        if (shown[label] !== wanted) continue;
        const { canvas, half, size } = stamps[label];
        const [x, y] = placeNow(width, height, i);
        context.drawImage(canvas, x - half, y - half, size, size);
      }
    };
    if (chosen.length < scan.nCategories) pass(false);
    pass(true);
  };

  const edgePlaces = (width, height) => {
    const { axes, edges } = scan.layers[state.get().layer];
    const along = (a, value, start, length) =>
      start + (axes[a].span > 0 ? (value - axes[a].low) / axes[a].span : 0.5) * length;
    return [
      edges[0].map((v) => along(0, v, pad.left + 8, width - pad.left - pad.right - 16)),
      edges[1].map((v) => along(1, v, height - pad.bottom - 8, -(height - pad.top - pad.bottom - 16))),
    ];
  };

  const plot = makePlot({
    heightOf: (width) => width,
    label: "Map of texts",
    draw(context, width, height) {
      const { theme } = colors;
      const { layer, cell, text, hoverNode, hoverText } = state.get();
      const entry = scan.layers[layer];
      const box = [pad.left, pad.top, width - pad.left - pad.right, height - pad.top - pad.bottom];
      context.fillStyle = theme.empty;
      context.fillRect(...box);
      const [xs, ys] = edgePlaces(width, height);
      if (!entry.degenerate && entry.side <= 40) {
        context.strokeStyle = theme.line;
        context.globalAlpha = 0.45;
        context.lineWidth = 1;
        context.beginPath();
        for (const x of xs.slice(1, -1)) {
          context.moveTo(x, pad.top);
          context.lineTo(x, height - pad.bottom);
        }
        for (const y of ys.slice(1, -1)) {
          context.moveTo(pad.left, y);
          context.lineTo(width - pad.right, y);
        }
        context.stroke();
        context.globalAlpha = 1;
      }
      context.save();
      context.beginPath();
      context.rect(...box);
      context.clip();
      const key = [layer, state.get().chosen, width, height, plot.ratio, isDark()].join();
      if (from) {
        drawPoints(context, width, height, plot.ratio);
      } else {
        if (key !== cacheKey) {
          cached = document.createElement("canvas");
          cached.width = plot.canvas.width;
          cached.height = plot.canvas.height;
          const fresh = cached.getContext("2d");
          fresh.scale(plot.ratio, plot.ratio);
          drawPoints(fresh, width, height, plot.ratio);
          cacheKey = key;
        }
        context.drawImage(cached, 0, 0, width, height);
      }
      const outline = (x, y, color, weight) => {
        const [left, right] = [Math.max(xs[x], pad.left + 1), Math.min(xs[x + 1], width - pad.right - 1)];
        const [low, high] = [Math.min(ys[y], height - pad.bottom - 1), Math.max(ys[y + 1], pad.top + 1)];
        context.strokeStyle = color;
        context.lineWidth = weight;
        context.strokeRect(left, high, right - left, low - high);
      };
      if (hoverNode >= 0 && scan.nodeLayer[hoverNode] === layer) outline(...scan.cellOf(hoverNode), theme.muted, 1.5);
      if (cell) outline(...cell, theme.text, 2);
      for (const [row, size] of [[hoverText, 7], [text, 9]]) {
        if (row < 0) continue;
        const [x, y] = placeNow(width, height, row);
        context.lineWidth = 5;
        context.strokeStyle = theme.background;
        context.beginPath();
        context.arc(x, y, size, 0, 7);
        context.stroke();
        context.lineWidth = 2.25;
        context.strokeStyle = theme.text;
        context.stroke();
      }
      context.restore();
      context.strokeStyle = theme.line;
      context.lineWidth = 1;
      context.strokeRect(box[0] + 0.5, box[1] + 0.5, box[2] - 1, box[3] - 1);
      const look = { size: 11.5, color: theme.muted, align: "center" };
      write(context, fitted(context, axisName(entry.axes[0]), box[2], 11.5), box[0] + box[2] / 2, height - 12, look);
      context.save();
      context.translate(13, box[1] + box[3] / 2);
      context.rotate(-Math.PI / 2);
      write(context, fitted(context, axisName(entry.axes[1]), box[3], 11.5), 0, 0, look);
      context.restore();
      if (entry.degenerate) {
        write(context, "All texts are at one point here.", width / 2, pad.top + 28, { ...look, color: theme.text });
      }
      if (from && performance.now() - started < TRAVEL) plot.redraw();
      else if (from) {
        from = null;
        plot.redraw();
      }
    },
  });

  // The nearest text within reach of the finger or pointer.
  const textAt = (event) => {
    const [px, py] = plot.at(event);
    const { layer, chosen } = state.get();
    const points = scan.pointsIn(layer);
    const shown = scan.categories.map((_, c) => chosen.includes(c));
    const reach = event.pointerType === "touch" ? 18 : 10;
    let [best, distance] = [-1, reach * reach];
    for (let i = 0; i < scan.n; i++) {
      if (!shown[scan.labels[i]]) continue;
      const [x, y] = place(plot.width, plot.height, points, i);
      const d = (x - px) ** 2 + (y - py) ** 2;
      if (d < distance) [best, distance] = [i, d];
    }
    return best;
  };
  plot.canvas.addEventListener("pointermove", (event) => {
    const row = from ? -1 : textAt(event);
    state.set({ hoverText: row, hoverNode: row < 0 ? -1 : scan.nodeOf(row, state.get().layer) });
    plot.canvas.style.cursor = row < 0 ? "default" : "pointer";
    if (row < 0) tip.hide();
    else tip.show(event, ...textTip(scan, row, state.get().layer));
  });
  plot.canvas.addEventListener("pointerleave", () => {
    state.set({ hoverText: -1, hoverNode: -1 });
    tip.hide();
  });
  plot.canvas.addEventListener("click", (event) => {
    const row = textAt(event);
    if (row >= 0) state.setText(row);
    else state.set({ text: -1, cell: null });
  });

  const behind = tableBehind("Points as a table", () => {
    const { layer, chosen } = state.get();
    const points = scan.pointsIn(layer);
    const { axes } = scan.layers[layer];
    const shown = new Set(chosen);
    const rows = [];
    for (let i = 0; i < scan.n && rows.length < 200; i++) {
      if (!shown.has(scan.labels[i])) continue;
      const at = [0, 1].map((a) => axes[a].low + (axes[a].span * points[2 * i + a]) / 65535);
      rows.push([`${i}`, scan.categories[scan.labels[i]].name, ...at.map((v) => number(Number(v.toPrecision(4)))),
        scan.labelOf(scan.nodeOf(i, layer))]);
    }
    const total = chosen.reduce((sum, c) => sum + scan.categories[c].texts, 0);
    const columns = [{ name: "row" }, { name: "category" }, { name: axes[0].name, number: true },
      { name: axes[1].name, number: true }, { name: "region" }];
    return element("div", {}, element("p", { class: "hint" }, rows.length < total
      ? `The first ${count(rows.length)} of ${count(total)} texts.` : `${plural(total, "text")}.`),
    table(columns, rows, "Points of this layer"));
  });
  byId("points").append(element("figcaption", {}, title, note), plot.frame, behind.details);

  const words = () => {
    const { layer, chosen } = state.get();
    const entry = scan.layers[layer];
    const total = chosen.reduce((sum, c) => sum + scan.categories[c].texts, 0);
    note.textContent = entry.degenerate
      ? `${entry.name}: all rows are equal before the first block, so there is one point.`
      : `${entry.name}, ${plural(total, "text")}; the lines are the regions’ borders.`;
    plot.describe(`Map of ${plural(total, "text")} in ${entry.name}. Use the table below for their places.`);
  };
  let before = state.get().layer;
  state.listen((changed) => {
    if (changed.has("layer")) {
      const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
      if (scan.n <= FEW_POINTS && !calm) {
        from = scan.pointsIn(before);
        started = performance.now();
      }
      before = state.get().layer;
    }
    plot.redraw();
    if (changed.has("layer") || changed.has("chosen")) {
      words();
      behind.update();
    }
  });
  words();
}

// What a tooltip says of a text.
function textTip(scan, row, layer) {
  const label = scan.labels[row];
  return [
    element("p", { class: "tip-head" }, glyph(label), element("bdi", {}, scan.categories[label].name),
      element("span", { class: "muted" }, ` row ${row}`)),
    element("p", { dir: "auto" }, scan.texts ? oneLine(scan.texts[row], 160) : "Reading the texts…"),
    element("p", { class: "muted" }, `region ${scan.labelOf(scan.nodeOf(row, layer))}`),
  ];
}
