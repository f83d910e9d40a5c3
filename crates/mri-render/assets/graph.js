// The layered graph: a column per layer, a circle per region, a curve per transition.

const LEAST_BUDGET = 50;

function makeGraph(scan, state) {
  const figure = byId("graph");
  const note = byId("paths-note");
  if (scan.nLayers < 2) {
    figure.append(element("p", { class: "empty" }, "There is one layer, so texts have nowhere to move."));
    return;
  }

  let [low, high] = [Infinity, -Infinity];
  for (const place of scan.place) [low, high] = [Math.min(low, place), Math.max(high, place)];
  const span = Math.max(high - low, 1);
  const pad = { left: 12, right: 12, top: 34, bottom: 18 };
  const view = { scale: 1, x: 0, y: 0 };

  // Everything about the edges and regions of the categories shown.
  let shown = null;
  const compute = () => {
    const { chosen, budget } = state.get();
    const weights = scan.edgeWeights(chosen);
    const present = [];
    let transitions = 0;
    weights.forEach((weight, edge) => {
      if (weight > 0) present.push(edge);
      transitions += weight;
    });
    // Ties go to the earlier edge, so that the choice is deterministic.
    present.sort((a, b) => weights[b] - weights[a] || a - b);
    const drawn = present.slice(0, budget);
    const kept = drawn.reduce((sum, edge) => sum + weights[edge], 0);
    // Texts per category, of the drawn edges only, which bounds memory.
    const slot = new Int32Array(scan.nEdges).fill(-1);
    drawn.forEach((edge, i) => (slot[edge] = i));
    const parts = new Uint32Array(drawn.length * scan.nCategories);
    for (let k = 0; k < scan.edgeOf.length; k++) {
      const i = slot[scan.edgeOf[k]];
      if (i >= 0) parts[i * scan.nCategories + scan.labels[k % scan.n]]++;
    }
    const partsOf = (edge) => chosen.map((c) => parts[slot[edge] * scan.nCategories + c]);
    let most = 0;
    const regions = new Uint32Array(scan.nLayers);
    for (let node = 0; node < scan.nNodes; node++) {
      if (scan.textsIn(node, chosen) > 0) regions[scan.nodeLayer[node]]++;
    }
    // Layers with a single region do not count, or all other circles would be small.
    for (let node = 0; node < scan.nNodes; node++) {
      if (regions[scan.nodeLayer[node]] > 1) most = Math.max(most, scan.textsIn(node, chosen));
    }
    shown = { weights, present, drawn, kept, transitions, partsOf, slot, most: most || scan.n };
  };

  const blend = (parts) => {
    const { chosen } = state.get();
    if (chosen.length === 1) return colors.categories[chosen[0]];
    const total = parts.reduce((sum, n) => sum + n, 0) || 1;
    if (scan.nCategories === 2) return colors.difference((colors.reach * (parts[0] - parts[1])) / total);
    const best = parts.indexOf(Math.max(...parts));
    // The more mixed, the grayer.
    const purity = (parts[best] / total - 1 / parts.length) / (1 - 1 / parts.length);
    return mix(rgb(colors.theme.muted), colors.categories[chosen[best]], 0.25 + 0.75 * purity);
  };

  // From layer and place to the plot.
  const base = (width, height) => {
    const column = (width - pad.left - pad.right) / scan.nLayers;
    const largest = Math.min(15, column * 0.3);
    const unit = (height - pad.top - pad.bottom - 2 * largest) / span;
    return { column, unit, largest };
  };
  const xOf = (layer, column) => (pad.left + (layer + 0.5) * column) * view.scale + view.x;
  const at = (node, { column, unit, largest }) => [
    xOf(scan.nodeLayer[node], column),
    (pad.top + largest + (scan.place[node] - low) * unit) * view.scale + view.y,
  ];
  const radiusOf = (texts, { unit, largest }) => {
    const room = Math.min(largest, Math.max(unit * 0.5, 5)) * Math.sqrt(view.scale);
    return Math.max(2, room * Math.sqrt(Math.min(1, texts / shown.most)));
  };
  const curve = (context, [x0, y0], [x1, y1]) => {
    const middle = (x0 + x1) / 2;
    context.moveTo(x0, y0);
    context.bezierCurveTo(middle, y0, middle, y1, x1, y1);
  };

  const drawEdge = (context, edge, geometry, strong) => {
    const heaviest = shown.weights[shown.present[0]];
    const share = Math.sqrt(shown.weights[edge] / heaviest);
    const parts = shown.slot[edge] >= 0 ? shown.partsOf(edge) : null;
    context.strokeStyle = parts ? css(blend(parts)) : colors.theme.muted;
    context.globalAlpha = strong ? 0.95 : 0.16 + 0.62 * share;
    context.lineWidth = 0.7 + 4.6 * share * Math.sqrt(view.scale) + (strong ? 0.6 : 0);
    context.beginPath();
    curve(context, at(scan.source[edge], geometry), at(scan.target[edge], geometry));
    context.stroke();
    context.globalAlpha = 1;
  };

  const drawNode = (context, node, geometry) => {
    const { chosen } = state.get();
    const total = scan.textsIn(node, chosen);
    if (total === 0) return;
    const [x, y] = at(node, geometry);
    const r = radiusOf(total, geometry);
    context.fillStyle = colors.theme.background;
    context.beginPath();
    context.arc(x, y, r + 1.25, 0, 7);
    context.fill();
    const parts = chosen.map((c) => scan.textsIn(node, [c]));
    // Sectors clockwise from the top; in a small circle only the largest could be seen.
    if (r < 3) {
      context.fillStyle = css(colors.categories[chosen[parts.indexOf(Math.max(...parts))]]);
      context.beginPath();
      context.arc(x, y, r, 0, 7);
      context.fill();
      return;
    }
    let start = -Math.PI / 2;
    parts.forEach((part, i) => {
      if (part === 0) return;
      const end = start + (2 * Math.PI * part) / total;
      context.fillStyle = css(colors.categories[chosen[i]]);
      context.beginPath();
      if (part < total) context.moveTo(x, y);
      context.arc(x, y, r, start, end);
      context.fill();
      start = end;
    });
  };

  let cached = null;
  let cacheKey = "";
  const drawBase = (context, width, height, geometry) => {
    const { theme } = colors;
    scan.layers.forEach((_, l) => {
      if (l % 2 === 1) return;
      context.fillStyle = theme.empty;
      const left = xOf(l - 0.5, geometry.column);
      context.fillRect(left, pad.top - 6, geometry.column * view.scale, height - pad.top + 6);
    });
    context.save();
    context.beginPath();
    context.rect(0, pad.top - 6, width, height - pad.top + 6);
    context.clip();
    // The heaviest come last, on top.
    for (let i = shown.drawn.length - 1; i >= 0; i--) drawEdge(context, shown.drawn[i], geometry, false);
    for (let node = 0; node < scan.nNodes; node++) drawNode(context, node, geometry);
    context.restore();
  };

  const ring = (context, node, geometry, color, weight) => {
    const [x, y] = at(node, geometry);
    const r = radiusOf(scan.textsIn(node, state.get().chosen), geometry) + 3;
    context.lineWidth = weight + 2.5;
    context.strokeStyle = colors.theme.background;
    context.beginPath();
    context.arc(x, y, r, 0, 7);
    context.stroke();
    context.lineWidth = weight;
    context.strokeStyle = color;
    context.stroke();
  };

  const plot = makePlot({
    heightOf: (width) => Math.min(Math.max(span * 13 + 70, 320), width < 600 ? 460 : 620),
    label: "Layered graph",
    draw(context, width, height) {
      const { theme } = colors;
      const { layer, hoverNode, text, chosen, budget } = state.get();
      const geometry = base(width, height);
      const key = [chosen, budget, width, height, plot.ratio, isDark(), view.scale, view.x, view.y].join();
      if (key !== cacheKey) {
        cached = document.createElement("canvas");
        cached.width = plot.canvas.width;
        cached.height = plot.canvas.height;
        const fresh = cached.getContext("2d");
        fresh.scale(plot.ratio, plot.ratio);
        drawBase(fresh, width, height, geometry);
        cacheKey = key;
      }
      const focus = hoverNode >= 0 && scan.textsIn(hoverNode, chosen) > 0;
      context.globalAlpha = focus ? 0.28 : text >= 0 ? 0.5 : 1;
      context.drawImage(cached, 0, 0, width, height);
      context.globalAlpha = 1;

      let last = -Infinity;
      scan.layers.forEach((entry, l) => {
        const x = xOf(l, geometry.column);
        if (l === layer) {
          context.fillStyle = theme.accent;
          context.fillRect(xOf(l - 0.5, geometry.column) + 2, pad.top - 9, geometry.column * view.scale - 4, 3);
        }
        const name = geometry.column * view.scale > 70 ? entry.name : entry.short;
        const needed = geometry.column * view.scale > 70 ? 64 : 24;
        if (x - last < needed && l !== layer) return;
        last = x;
        const look = { color: l === layer ? theme.text : theme.muted, align: "center", weight: l === layer ? 600 : 400 };
        write(context, fitted(context, name, Math.max(geometry.column * view.scale - 4, 24)), x, 12, look);
      });

      context.save();
      context.beginPath();
      context.rect(0, pad.top - 5, width, height);
      context.clip();
      if (focus) {
        const touching = edgesOf(hoverNode).filter((edge) => shown.weights[edge] > 0);
        touching.sort((a, b) => shown.weights[a] - shown.weights[b]);
        for (const edge of touching) drawEdge(context, edge, geometry, true);
        const ends = new Set(touching.flatMap((edge) => [scan.source[edge], scan.target[edge]]));
        for (const node of ends) drawNode(context, node, geometry);
        drawNode(context, hoverNode, geometry);
        ring(context, hoverNode, geometry, theme.text, 1.5);
      }
      if (text >= 0) {
        const nodes = scan.layers.map((_, l) => scan.nodeOf(text, l));
        for (const [color, weight] of [[theme.background, 7], [theme.text, 3]]) {
          context.strokeStyle = color;
          context.lineWidth = weight;
          context.beginPath();
          for (let l = 0; l + 1 < nodes.length; l++) curve(context, at(nodes[l], geometry), at(nodes[l + 1], geometry));
          context.stroke();
        }
        for (const node of nodes) {
          drawNode(context, node, geometry);
          ring(context, node, geometry, theme.text, 1.5);
        }
      }
      const node = state.node();
      if (node >= 0) ring(context, node, geometry, theme.text, 2.5);
      context.restore();
    },
  });

  // The edges at a node, over all categories.
  let touching = null;
  const edgesOf = (node) => {
    if (!touching) {
      touching = Array.from({ length: scan.nNodes }, () => []);
      for (let edge = 0; edge < scan.nEdges; edge++) {
        touching[scan.source[edge]].push(edge);
        touching[scan.target[edge]].push(edge);
      }
    }
    return [...touching[node]];
  };

  const nodeAtPlace = ([px, py], reach) => {
    const geometry = base(plot.width, plot.height);
    const { chosen } = state.get();
    let [best, distance] = [-1, Infinity];
    for (let node = 0; node < scan.nNodes; node++) {
      const texts = scan.textsIn(node, chosen);
      if (texts === 0) continue;
      const [x, y] = at(node, geometry);
      const away = Math.hypot(x - px, y - py) - radiusOf(texts, geometry);
      if (away < distance) [best, distance] = [node, away];
    }
    return distance < reach ? best : -1;
  };

  const setView = (scale, x, y) => {
    view.scale = Math.min(Math.max(scale, 1), 30);
    // Keeps the plot within its frame.
    const clamp = (value, size) => Math.min(0, Math.max(value, size * (1 - view.scale)));
    view.x = clamp(x, plot.width);
    view.y = clamp(y, plot.height);
    plot.canvas.style.touchAction = view.scale > 1 ? "none" : "pan-y";
    plot.redraw();
  };
  const zoom = (by, [px, py] = [plot.width / 2, plot.height / 2]) => {
    const scale = Math.min(Math.max(view.scale * by, 1), 30);
    const ratio = scale / view.scale;
    setView(scale, px - (px - view.x) * ratio, py - (py - view.y) * ratio);
  };

  const pointers = new Map();
  let moved = 0;
  plot.canvas.addEventListener("pointerdown", (event) => {
    pointers.set(event.pointerId, plot.at(event));
    moved = 0;
    if (view.scale > 1) plot.canvas.setPointerCapture(event.pointerId);
  });
  plot.canvas.addEventListener("pointermove", (event) => {
    const now = plot.at(event);
    const before = pointers.get(event.pointerId);
    if (before) {
      if (pointers.size === 2) {
        const [other] = [...pointers].filter(([id]) => id !== event.pointerId).map(([, place]) => place);
        const apart = (place) => Math.hypot(place[0] - other[0], place[1] - other[1]) || 1;
        zoom(apart(now) / apart(before), other);
      } else {
        setView(view.scale, view.x + now[0] - before[0], view.y + now[1] - before[1]);
      }
      moved += Math.hypot(now[0] - before[0], now[1] - before[1]);
      pointers.set(event.pointerId, now);
      if (moved > 4) tip.hide();
      return;
    }
    const node = nodeAtPlace(now, 5);
    state.set({ hoverNode: node, hoverText: -1 });
    plot.canvas.style.cursor = node >= 0 ? "pointer" : view.scale > 1 ? "grab" : "default";
    if (node >= 0) tip.show(event, ...nodeTip(node));
    else tip.hide();
  });
  const release = (event) => pointers.delete(event.pointerId);
  plot.canvas.addEventListener("pointerup", release);
  plot.canvas.addEventListener("pointercancel", release);
  plot.canvas.addEventListener("pointerleave", (event) => {
    release(event);
    state.set({ hoverNode: -1 });
    tip.hide();
  });
  plot.canvas.addEventListener("click", (event) => {
    if (moved > 4) return;
    const place = plot.at(event);
    const node = nodeAtPlace(place, 8);
    if (node >= 0) return state.setNode(node);
    if (place[1] < pad.top - 6) {
      const { column } = base(plot.width, plot.height);
      state.setLayer(Math.floor(((place[0] - view.x) / view.scale - pad.left) / column));
    } else {
      state.set({ text: -1, cell: null });
    }
  });
  plot.canvas.addEventListener("wheel", (event) => {
    // Without a modifier key the wheel scrolls the page.
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    zoom(Math.exp(-event.deltaY / 240), plot.at(event));
  }, { passive: false });
  plot.canvas.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    const other = { "+": () => zoom(1.4), "=": () => zoom(1.4), "-": () => zoom(1 / 1.4), 0: () => setView(1, 0, 0),
      Escape: () => state.set({ text: -1, cell: null }) }[event.key];
    if (!step && !other) return;
    event.preventDefault();
    if (other) return other();
    walk(...step);
  });

  // From region to region: along the column, or to the nearest of the next column.
  const walk = (dx, dy) => {
    const { chosen, layer } = state.get();
    const inLayer = (l) => {
      const nodes = [];
      for (let k = scan.firstNode[l]; k < scan.firstNode[l + 1]; k++) if (scan.textsIn(k, chosen) > 0) nodes.push(k);
      return nodes.sort((a, b) => scan.place[a] - scan.place[b]);
    };
    const now = state.node();
    const to = Math.min(Math.max(layer + (now < 0 ? 0 : dx), 0), scan.nLayers - 1);
    const nodes = inLayer(to);
    if (nodes.length === 0) return;
    let next;
    if (now < 0) [next] = nodes;
    else if (dy !== 0) next = nodes[Math.min(Math.max(nodes.indexOf(now) + dy, 0), nodes.length - 1)];
    else next = nodes.reduce((best, k) =>
      (Math.abs(scan.place[k] - scan.place[now]) < Math.abs(scan.place[best] - scan.place[now]) ? k : best));
    state.setNode(next);
    announce(`Region ${scan.labelOf(next)} of ${scan.layers[to].name}: ${plural(scan.textsIn(next, chosen), "text")}`);
  };

  const nodeTip = (node) => {
    const { chosen } = state.get();
    const parts = chosen.map((c) => [c, scan.textsIn(node, [c])]).filter(([, n]) => n > 0).sort((a, b) => b[1] - a[1]);
    return [
      element("strong", {}, `Region ${scan.labelOf(node)}`),
      element("p", { class: "muted" }, `${scan.layers[scan.nodeLayer[node]].name}, ${plural(scan.textsIn(node, chosen), "text")}`),
      ...parts.slice(0, 5).map(([c, n]) => element("p", { class: "tip-head" }, glyph(c),
        element("bdi", {}, oneLine(scan.categories[c].name, 40)), ` ${count(n)}`)),
      parts.length > 5 ? element("p", { class: "muted" }, `and ${parts.length - 5} more`) : null,
      element("p", { class: "muted", dir: "auto" }, scan.head.words[node].slice(0, 5).join(" · ")),
    ];
  };

  const button = (name, label, onclick) =>
    element("button", { type: "button", class: "icon", "aria-label": label, title: label, onclick }, icon(name));
  const output = element("output");
  const most = scan.nEdges;
  const toSlider = (budget) => Math.round((100 * Math.log(Math.min(budget, most) / LEAST_BUDGET)) / Math.log(most / LEAST_BUDGET));
  const slider = most > LEAST_BUDGET ? element("input", {
    type: "range", min: 0, max: 100, value: toSlider(state.get().budget), "aria-label": "Edges drawn at most",
    oninput: () => state.set({ budget: Math.round(LEAST_BUDGET * (most / LEAST_BUDGET) ** (slider.value / 100)) }),
  }) : null;
  const behind = tableBehind("Transitions as a table", () => {
    const { chosen } = state.get();
    const rows = shown.present.slice(0, 200).map((edge) => [
      scan.labelOf(scan.source[edge]), scan.labelOf(scan.target[edge]), count(shown.weights[edge]),
      ...(chosen.length <= 6 && shown.slot[edge] >= 0 ? shown.partsOf(edge).map(count) : []),
    ]);
    const columns = [{ name: "from" }, { name: "to" }, { name: "texts", number: true },
      ...(chosen.length <= 6 ? chosen.map((c) => ({ name: scan.categories[c].name, number: true })) : [])];
    const whole = rows.filter((row) => row.length === columns.length);
    return element("div", {}, element("p", { class: "hint" }, `The ${count(whole.length)} heaviest of ${count(shown.present.length)}.`),
      table(columns, whole, "Transitions between regions"));
  });
  figure.append(
    element("div", { class: "tools" },
      element("div", { class: "buttons" }, button("plus", "Zoom in", () => zoom(1.5)), button("minus", "Zoom out", () => zoom(1 / 1.5)),
        button("fit", "Show all", () => setView(1, 0, 0))),
      slider ? element("label", { class: "slider" }, element("span", {}, "Edges"), slider) : null,
      output,
      element("span", { class: "hint" }, "Ctrl and wheel zoom; drag to move")),
    plot.frame, behind.details);

  const words = () => {
    const { drawn, present, kept, transitions } = shown;
    const share = transitions > 0 ? kept / transitions : 1;
    output.textContent = drawn.length === present.length
      ? `all ${plural(present.length, "edge")}`
      : `${count(drawn.length)} of ${count(present.length)} edges, ${percent(share)} of the texts’ transitions`;
    note.textContent = "A circle is a region, its area the texts in it; a line the texts that go from one to the next.";
    plot.describe(`Layered graph of ${scan.nLayers} layers: ${output.textContent}. Arrow keys move from region to region.`);
  };
  state.listen((changed) => {
    if (changed.has("chosen") || changed.has("budget")) {
      compute();
      words();
      behind.update();
    }
    plot.redraw();
  });
  compute();
  words();
}
