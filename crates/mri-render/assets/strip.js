// Up to so many layers the small maps are larger than usual, from so many on smaller.
const FEW_LAYERS = 8;
const MANY_LAYERS = 18;

// All layers at a glance: how far apart the categories are, and a small map of each.

function makeStrip(scan, state) {
  const note = byId("layers-note");
  const strip = byId("strip");
  const options = scan.layers.map((layer, l) => {
    const canvas = element("canvas", { "aria-hidden": "true" });
    return element("button", {
      type: "button", role: "option", class: "thumb", title: layer.name,
      onclick: () => state.setLayer(l),
    }, canvas, element("span", {}, scan.nLayers > MANY_LAYERS ? layer.short : layer.name));
  });
  if (scan.nLayers <= FEW_LAYERS) strip.classList.add("few");
  if (scan.nLayers > MANY_LAYERS) strip.classList.add("many");
  strip.append(...options);

  // One cell is one pixel, enlarged by the style; of finer grids than a canvas can have, several.
  const MAX_PIXELS = 1024;
  const paint = (l) => {
    const contrast = state.contrast();
    const layer = scan.layers[l];
    const canvas = options[l].querySelector("canvas");
    const side = Math.min(layer.side, MAX_PIXELS);
    const pixel = (at) => Math.floor((at * side) / layer.side);
    canvas.width = canvas.height = side;
    const context = canvas.getContext("2d");
    const { chosen } = state.get();
    for (let node = scan.firstNode[l]; node < scan.firstNode[l + 1]; node++) {
      const [x, y] = scan.cellOf(node);
      let color = null;
      if (contrast) {
        const { a, b, effect } = scan.effect(contrast, node);
        if (a + b > 0) color = colors.difference(effect / limits.difference(scan, state));
      } else {
        const texts = scan.textsIn(node, chosen);
        if (texts > 0) color = colors.amount(texts / limits.counts(scan, state));
      }
      if (!color) continue;
      context.fillStyle = css(color);
      context.fillRect(pixel(x), side - 1 - pixel(y), 1, 1);
    }
  };
  const paintAll = () => scan.layers.forEach((_, l) => paint(l));
  const mark = () => {
    const { layer } = state.get();
    options.forEach((option, l) => {
      option.setAttribute("aria-selected", l === layer);
      option.tabIndex = l === layer ? 0 : -1;
    });
    // Within the strip only: the page itself stays where it is.
    const { offsetTop, offsetHeight } = options[layer];
    const top = offsetTop - strip.offsetTop;
    if (top < strip.scrollTop || top + offsetHeight > strip.scrollTop + strip.clientHeight) strip.scrollTop = top - 4;
  };
  strip.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by) return;
    event.preventDefault();
    state.setLayer(state.get().layer + by);
    options[state.get().layer].focus();
  });

  const chart = scan.contrasts.length > 0 && scan.nLayers > 1 ? makeDistance(scan, state) : null;
  if (chart) byId("distance").append(chart.plot.frame, chart.behind.details);
  else byId("distance").remove();

  const words = () => {
    const contrast = state.contrast();
    if (!contrast) {
      byId("layers").querySelector("h2").textContent = "All layers";
      note.textContent = scan.nCategories < 2
        ? "There is one category, so there is nothing to compare; each map shows where its texts lie."
        : "No comparison of categories was made for this report; each map shows where the texts lie.";
      return;
    }
    const verdict = (l) => contrast.layers[l];
    const order = scan.layers.map((_, l) => l).sort((a, b) => verdict(b).distance - verdict(a).distance);
    const best = order[0];
    const found = contrast.layers.filter(({ q }) => q < 0.05).length;
    const farthest = `${scan.layers[best].name}, by ${percent(verdict(best).distance)}`;
    note.textContent = `${contrast.names[0]} against ${contrast.names[1]}: farthest apart in ${farthest}; `
      + `more than chance allows in ${found} of ${plural(scan.nLayers, "layer")} (q < 0.05).`;
    options.forEach((option, l) => {
      const { distance, q } = verdict(l);
      option.title = `${scan.layers[l].name}: distance ${percent(distance)}, q ${pValue(q)}`;
    });
  };

  const view = {
    refresh() {
      paintAll();
      if (chart) chart.plot.redraw();
    },
  };
  state.listen((changed) => {
    if (changed.has("layer")) mark();
    if (changed.has("contrast") || (!state.contrast() && changed.has("chosen"))) paintAll();
    if (changed.has("contrast")) words();
    if (chart && (changed.has("layer") || changed.has("contrast"))) {
      chart.plot.redraw();
      chart.behind.update();
    }
  });
  mark();
  words();
  paintAll();
  return view;
}

// The largest values over all layers, so that layers share their scale. A degenerate layer, whose
// texts are all in one cell, would make all others pale.
const limits = {
  counts(scan, state) {
    const { chosen } = state.get();
    return this.largest(scan, (node) => scan.textsIn(node, chosen), `counts ${chosen}`);
  },
  difference(scan, state) {
    const contrast = state.contrast();
    return this.largest(scan, (node) => Math.abs(scan.effect(contrast, node).effect),
      `difference ${state.get().contrast}`);
  },
  known: new Map(),
  largest(scan, value, key) {
    if (this.known.has(key)) return this.known.get(key);
    let largest = 0;
    let ofAll = 0;
    for (let node = 0; node < scan.nNodes; node++) {
      const found = value(node);
      ofAll = Math.max(ofAll, found);
      if (!scan.layers[scan.nodeLayer[node]].degenerate) largest = Math.max(largest, found);
    }
    const limit = largest || ofAll || 1;
    if (this.known.size > 200) this.known.clear();
    this.known.set(key, limit);
    return limit;
  },
};

// The distance of the two sides in every layer: filled where it is significant.
function makeDistance(scan, state) {
  const margin = { left: 48, right: 14, top: 12, bottom: 34 };
  const places = (width) => {
    const inner = width - margin.left - margin.right;
    return scan.layers.map((_, l) => margin.left + (scan.nLayers > 1 ? (l / (scan.nLayers - 1)) * inner : inner / 2));
  };
  const plot = makePlot({
    heightOf: () => 190,
    label: "Distance of the two sides by layer",
    draw(context, width, height) {
      const { theme } = colors;
      const { layer, contrast: current } = state.get();
      const x = places(width);
      const most = Math.max(0.05, ...scan.contrasts.flatMap((c) => c.layers.map((v) => v.distance)));
      const step = [0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5].find((s) => most / s <= 4.2) || 0.5;
      const top = Math.ceil(most / step - 1e-9) * step;
      const y = (value) => height - margin.bottom - (value / top) * (height - margin.top - margin.bottom);
      for (let value = 0; value <= top + 1e-9; value += step) {
        context.strokeStyle = theme.line;
        context.globalAlpha = value === 0 ? 1 : 0.5;
        context.lineWidth = 1;
        context.beginPath();
        context.moveTo(margin.left, Math.round(y(value)) + 0.5);
        context.lineTo(width - margin.right, Math.round(y(value)) + 0.5);
        context.stroke();
        context.globalAlpha = 1;
        write(context, percent(value), margin.left - 8, y(value), { size: 11, color: theme.muted, align: "right" });
      }
      context.fillStyle = theme.accent;
      context.globalAlpha = 0.12;
      context.fillRect(x[layer] - 9, margin.top - 4, 18, height - margin.bottom - margin.top + 8);
      context.globalAlpha = 1;
      let last = -Infinity;
      scan.layers.forEach((entry, l) => {
        const isEnd = l === scan.nLayers - 1;
        if (x[l] - last < 26 || (!isEnd && x[scan.nLayers - 1] - x[l] < 26)) return;
        last = x[l];
        write(context, entry.short, x[l], height - margin.bottom + 13, { size: 11, color: theme.muted, align: "center" });
      });
      write(context, "layer", width - margin.right, height - 7, { size: 11, color: theme.muted, align: "right" });
      const legend = width < 420 ? "distance; filled: not by chance" : "distance of the two sides; filled: more than chance explains";
      write(context, legend, margin.left, height - 7, { size: 11, color: theme.muted });
      const draw = (index) => {
        const contrast = scan.contrasts[index];
        const isCurrent = index === current;
        const color = scan.contrasts.length === 1 ? theme.accent : css(colors.categories[contrast.sides[0][0]]);
        context.globalAlpha = isCurrent ? 1 : 0.3;
        context.strokeStyle = color;
        context.lineWidth = isCurrent ? 2 : 1.25;
        context.lineJoin = "round";
        context.beginPath();
        contrast.layers.forEach((v, l) => context.lineTo(x[l], y(v.distance)));
        context.stroke();
        contrast.layers.forEach((v, l) => {
          if (!isCurrent) return;
          context.beginPath();
          context.arc(x[l], y(v.distance), scan.nLayers > 40 ? 2.5 : 4, 0, 7);
          context.fillStyle = v.q < 0.05 ? color : theme.background;
          context.fill();
          context.stroke();
        });
        context.globalAlpha = 1;
      };
      scan.contrasts.forEach((_, i) => i !== current && draw(i));
      draw(current);
      plot.describe(`Distance of ${state.contrast().names.join(" and ")} by layer: `
        + state.contrast().layers.map((v, l) => `${scan.layers[l].name} ${percent(v.distance)}`).join(", "));
    },
  });
  const layerAt = (event) => {
    const x = places(plot.width);
    const at = plot.at(event)[0];
    return x.reduce((best, value, l) => (Math.abs(value - at) < Math.abs(x[best] - at) ? l : best), 0);
  };
  plot.canvas.addEventListener("click", (event) => state.setLayer(layerAt(event)));
  plot.canvas.addEventListener("pointermove", (event) => {
    const l = layerAt(event);
    const { distance, p, q } = state.contrast().layers[l];
    tip.show(event, element("strong", {}, scan.layers[l].name),
      element("p", {}, `distance ${percent(distance, 1)}`),
      element("p", { class: "muted" }, `p ${pValue(p)}, q ${pValue(q)}`));
  });
  plot.canvas.addEventListener("pointerleave", tip.hide);
  plot.canvas.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by) {
      event.preventDefault();
      state.setLayer(state.get().layer + by);
    }
  });
  const behind = tableBehind("Distances as a table", () => table(
    [{ name: "layer" }, ...scan.contrasts.flatMap(({ names }) => [
      { name: `${names.join(" against ")}: distance`, number: true },
      { name: "q", number: true },
    ])],
    scan.layers.map((layer, l) => [layer.name,
      ...scan.contrasts.flatMap((c) => [percent(c.layers[l].distance, 1), pValue(c.layers[l].q)])]),
    "Distance of the categories by layer",
  ));
  return { plot, behind };
}
