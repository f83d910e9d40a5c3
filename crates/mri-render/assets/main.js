// Opens the page.

async function open() {
  const { bytes, whole, hash } = await unpack("scan");
  const scan = makeScan(readScanBlock(bytes));
  const problems = checkScan(scan);
  if (!whole) problems.unshift("the data is not what was written");
  colors.read(scan);
  const state = makeState(scan);

  const { model, corpus, reducer, grid } = scan.head;
  byId("heading").textContent = model || "A scan";
  byId("caption").textContent = [corpus, reducer, grid && `grid ${grid}`, plural(scan.n, "text"),
    plural(scan.nCategories, "category", "categories"), plural(scan.nLayers, "layer")].filter(Boolean).join("  ·  ");
  byId("footer").textContent = "This file holds all of its data. It asks nothing of any network.";

  makeControls(scan, state);
  const strip = makeStrip(scan, state);
  makePoints(scan, state);
  makeHeatmaps(scan, state);
  const region = makeRegion(scan, state);
  makeGraph(scan, state);
  const search = makeSearch(scan, state);
  makeNumbers(scan);

  const repaint = (print) => {
    colors.printing = print;
    colors.read(scan, print);
    recolorGlyphs();
    strip.refresh();
    region.draw();
    // Printing does not wait for the next frame.
    for (const plot of plots) print ? plot.draw() : plot.redraw();
  };
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => repaint(false));
  window.addEventListener("beforeprint", () => repaint(true));
  window.addEventListener("afterprint", () => repaint(false));

  // After two frames the plots are painted.
  await frames(2);
  const drawn = performance.now();

  const block = await unpack("texts");
  scan.texts = readTexts(block.bytes);
  if (!block.whole) problems.push("the texts are not what was written");
  if (scan.texts.length !== scan.n) problems.push(`texts: ${scan.texts.length}, expected ${scan.n}`);
  region.draw();
  search.refresh();
  await frames(1);
  return { scan, state, problems, drawn, hash, textHash: block.hash };
}

// Background tabs get no animation frames; a timeout ends the wait.
const frames = async (n) => {
  for (let i = 0; i < n; i++) {
    await new Promise((resolve) => {
      requestAnimationFrame(resolve);
      setTimeout(resolve, 250);
    });
  }
};

// Shows the result of the self-check, and sets it as data attributes for tests.
function report({ scan, problems, drawn, hash, textHash }) {
  const box = byId("self-check");
  const opened = performance.now();
  Object.assign(box.dataset, {
    ok: String(problems.length === 0),
    texts: scan.n, layers: scan.nLayers, categories: scan.nCategories,
    regions: scan.nNodes, edges: scan.nEdges, transitions: scan.edgeOf.length,
    hash, textHash,
    drawnMs: Math.round(drawn), openedMs: Math.round(opened),
  });
  box.textContent = problems.length === 0
    ? `Self-check passed: ${count(scan.n)} texts, ${count(scan.nNodes)} regions and ${count(scan.edgeOf.length)} transitions `
      + `are what was written; opened in ${(opened / 1000).toFixed(1)} s.`
    : `Self-check failed: ${problems.join("; ")}. The file may be damaged; write it again.`;
}

open().then(report, (error) => {
  byId("self-check").dataset.ok = "false";
  byId("self-check").textContent = typeof DecompressionStream === "undefined"
    ? "This browser cannot unpack the data; please use one from 2023 or later."
    : `The page could not be opened: ${error.message}`;
  byId("heading").textContent = "This report could not be opened";
});
