// What is chosen on the page. Every view is told which of these changed and draws itself anew, once
// per frame however much changed.

function makeState(scan) {
  const values = {
    layer: Math.max(0, scan.nLayers - 1),
    // The categories shown, ascending.
    chosen: scan.everyCategory,
    contrast: 0,
    // The selected cell of the layer, [x, y], or null.
    cell: null,
    // The selected text, or -1.
    text: -1,
    // What the pointer is on: a region, a text.
    hoverNode: -1,
    hoverText: -1,
    budget: 1500,
  };
  const listeners = [];
  let changed = new Set();
  const tell = () => {
    const now = changed;
    changed = new Set();
    for (const listener of listeners) listener(now);
  };
  const set = (news) => {
    for (const [key, value] of Object.entries(news)) {
      if (values[key] === value) continue;
      values[key] = value;
      if (changed.size === 0) requestAnimationFrame(tell);
      changed.add(key);
    }
  };
  const state = {
    get: () => values,
    set,
    listen: (listener) => listeners.push(listener),
    node: () => (values.cell ? scan.nodeAt(values.layer, ...values.cell) : -1),
    contrast: () => scan.contrasts[values.contrast],
    // Cells of two layers do not compare, so that a selected cell stays only with a selected text.
    setLayer: (layer) => {
      const to = Math.min(Math.max(layer, 0), scan.nLayers - 1);
      if (to === values.layer) return;
      const cell = values.text >= 0 ? scan.cellOf(scan.nodeOf(values.text, to)) : null;
      set({ layer: to, cell, hoverNode: -1, hoverText: -1 });
    },
    setNode: (node) => {
      set({ layer: scan.nodeLayer[node], cell: scan.cellOf(node), text: -1, hoverNode: -1, hoverText: -1 });
    },
    setText: (text) => {
      const cell = text >= 0 ? scan.cellOf(scan.nodeOf(text, values.layer)) : values.cell;
      set({ text, cell });
    },
    // A click on a category: alone if all are shown, else one more or one less.
    toggle: (category) => {
      const { chosen } = values;
      let next;
      if (chosen.length === scan.nCategories && scan.nCategories > 1) next = [category];
      else if (chosen.includes(category)) next = chosen.filter((c) => c !== category);
      else next = [...chosen, category].sort((a, b) => a - b);
      set({ chosen: next.length > 0 ? next : scan.everyCategory });
    },
    showAll: () => set({ chosen: scan.everyCategory }),
  };
  return state;
}
