// The scan: what the head says, and what follows from the paths of the texts.

function makeScan({ head, parts }) {
  const n = head.texts;
  const nLayers = head.layers.length;
  const nCategories = head.categories.length;
  const labels = parts.labels;
  const nodeLayer = parts["node-layer"];
  const nodeCell = parts["node-cell"];
  const nNodes = nodeLayer.length;

  // Nodes stand layer by layer; those of layer l are firstNode[l] … firstNode[l + 1] - 1.
  const firstNode = new Uint32Array(nLayers + 1);
  for (const layer of nodeLayer) firstNode[layer + 1]++;
  for (let l = 0; l < nLayers; l++) firstNode[l + 1] += firstNode[l];

  const pathIn = (layer) => parts.paths.subarray(layer * n, (layer + 1) * n);
  const pointsIn = (layer) => parts.points.subarray(2 * layer * n, 2 * (layer + 1) * n);

  const counts = new Uint32Array(nNodes * nCategories);
  for (let l = 0; l < nLayers; l++) {
    const path = pathIn(l);
    for (let i = 0; i < n; i++) counts[path[i] * nCategories + labels[i]]++;
  }

  // Transitions: the edge of every text between every two neighboring layers.
  const source = [];
  const target = [];
  const edgeOf = new Uint32Array(Math.max(0, nLayers - 1) * n);
  for (let l = 0; l + 1 < nLayers; l++) {
    const known = new Map();
    const [from, to] = [pathIn(l), pathIn(l + 1)];
    for (let i = 0; i < n; i++) {
      const key = from[i] * nNodes + to[i];
      let edge = known.get(key);
      if (edge === undefined) {
        edge = source.length;
        known.set(key, edge);
        source.push(from[i]);
        target.push(to[i]);
      }
      edgeOf[l * n + i] = edge;
    }
  }

  const nodeAt = (layer, x, y) => {
    let [low, high] = [firstNode[layer], firstNode[layer + 1]];
    while (low < high) {
      const middle = (low + high) >> 1;
      const [mx, my] = [nodeCell[2 * middle], nodeCell[2 * middle + 1]];
      if (mx < x || (mx === x && my < y)) low = middle + 1;
      else high = middle;
    }
    const found = low < firstNode[layer + 1] && nodeCell[2 * low] === x && nodeCell[2 * low + 1] === y;
    return found ? low : -1;
  };

  const scan = {
    head, n, nLayers, nCategories, nNodes, labels, firstNode, counts, nodeLayer, nodeAt,
    layers: head.layers,
    categories: head.categories,
    contrasts: head.contrasts.map((contrast, i) => ({
      ...contrast,
      p: parts[`p-${i}`], q: parts[`q-${i}`],
      low: parts[`low-${i}`], high: parts[`high-${i}`], stability: parts[`stability-${i}`],
      sizes: contrast.sides.map((side) => side.reduce((sum, c) => sum + head.categories[c].texts, 0)),
    })),
    place: parts["node-place"],
    source, target, edgeOf,
    nEdges: source.length,
    pathIn, pointsIn,
    texts: null,
    cellOf: (node) => [nodeCell[2 * node], nodeCell[2 * node + 1]],
    labelOf: (node) => {
      const id = head.layers[nodeLayer[node]].id;
      const [site, index] = id.split(".");
      const name = site === "resid" ? Number(index) : `${site}.${Number(index)}`;
      return `${name}_${nodeCell[2 * node]}_${nodeCell[2 * node + 1]}`;
    },
    nodeOf: (text, layer) => parts.paths[layer * n + text],
  };

  // Texts of some categories in a node.
  scan.textsIn = (node, chosen) => {
    let sum = 0;
    for (const c of chosen) sum += counts[node * nCategories + c];
    return sum;
  };
  scan.everyCategory = scan.categories.map((_, c) => c);

  // The shares of both sides of a contrast in a node, and their difference.
  scan.effect = (contrast, node) => {
    const [a, b] = contrast.sides.map((side) => scan.textsIn(node, side));
    const effect = a / Math.max(1, contrast.sizes[0]) - b / Math.max(1, contrast.sizes[1]);
    return { a, b, effect };
  };

  // The texts of every node of a layer, by counting sort; made when first asked for.
  const members = new Map();
  scan.members = (node) => {
    const layer = nodeLayer[node];
    if (!members.has(layer)) {
      const path = pathIn(layer);
      const base = firstNode[layer];
      const first = new Uint32Array(firstNode[layer + 1] - base + 1);
      for (const at of path) first[at - base + 1]++;
      for (let k = 1; k < first.length; k++) first[k] += first[k - 1];
      const next = first.slice();
      const rows = new Uint32Array(n);
      for (let i = 0; i < n; i++) rows[next[path[i] - base]++] = i;
      members.set(layer, { first, rows });
    }
    const { first, rows } = members.get(layer);
    const k = node - firstNode[layer];
    return rows.subarray(first[k], first[k + 1]);
  };

  // The texts of a node, most typical first: nearest to the middle of the cell in cell widths.
  scan.typical = (node) => {
    const layer = nodeLayer[node];
    const points = pointsIn(layer);
    const { axes, edges } = head.layers[layer];
    const cell = scan.cellOf(node);
    const along = [0, 1].map((a) => {
      const [low, high] = [edges[a][cell[a]], edges[a][cell[a] + 1]];
      return { center: (low + high) / 2, size: high > low ? high - low : 1 };
    });
    const distance = (i) => {
      let sum = 0;
      for (let a = 0; a < 2; a++) {
        const value = axes[a].low + (axes[a].span * points[2 * i + a]) / 65535;
        sum += ((value - along[a].center) / along[a].size) ** 2;
      }
      return sum;
    };
    const keyed = Array.from(scan.members(node), (row) => [distance(row), row]);
    keyed.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
    return keyed.map(([, row]) => row);
  };

  // Weights of all edges for some categories.
  scan.edgeWeights = (chosen) => {
    const weights = new Uint32Array(scan.nEdges);
    const shown = new Uint8Array(nCategories);
    for (const c of chosen) shown[c] = 1;
    for (let l = 0; l + 1 < nLayers; l++) {
      for (let i = 0; i < n; i++) if (shown[labels[i]]) weights[edgeOf[l * n + i]]++;
    }
    return weights;
  };

  return scan;
}

// Recounts what was counted when the page was written.
function checkScan(scan) {
  const { expected, texts } = scan.head;
  const problems = [];
  const expect = (what, found, wanted) => {
    if (found !== wanted) problems.push(`${what}: ${found}, expected ${wanted}`);
  };
  expect("labels", scan.labels.length, texts);
  expect("regions", scan.nNodes, expected.regions);
  expect("transitions", scan.edgeOf.length, expected.transitions);
  expect("edges", scan.nEdges, expected.edges);
  expect("word lists", scan.head.words.length, expected.regions);
  const perCategory = new Uint32Array(scan.nCategories);
  for (const id of scan.labels) perCategory[id]++;
  scan.categories.forEach((c, i) => expect(`texts of category ${i}`, perCategory[i], c.texts));
  for (let l = 0; l < scan.nLayers; l++) {
    let sum = 0;
    for (let k = scan.firstNode[l]; k < scan.firstNode[l + 1]; k++) {
      sum += scan.textsIn(k, scan.everyCategory);
    }
    expect(`texts in the regions of ${scan.layers[l].name}`, sum, texts);
  }
  return problems;
}
