// The layer slider, the play button and the categories.

const ICONS = {
  back: "M10.5 3.5L5.5 8L10.5 12.5",
  next: "M5.5 3.5L10.5 8L5.5 12.5",
  play: "M5 3L13 8L5 13Z",
  pause: "M5 3V13M11 3V13",
  plus: "M8 3V13M3 8H13",
  minus: "M3 8H13",
  fit: "M3 6V3H6M10 3H13V6M13 10V13H10M6 13H3V10",
};

function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

// Milliseconds per layer, long enough to follow a text.
const PLAY_PAUSE = 1100;

function makeControls(scan, state) {
  const slider = byId("layer");
  const [back, play, next] = ["layer-back", "layer-play", "layer-next"].map(byId);
  slider.max = scan.nLayers - 1;
  slider.disabled = scan.nLayers < 2;
  back.append(icon("back"));
  next.append(icon("next"));
  play.append(icon("play"));
  slider.addEventListener("input", () => state.setLayer(Number(slider.value)));
  const step = (by) => state.setLayer(state.get().layer + by);
  back.addEventListener("click", () => step(-1));
  next.addEventListener("click", () => step(1));

  let timer = null;
  const stop = () => {
    clearInterval(timer);
    timer = null;
    play.setAttribute("aria-pressed", "false");
    play.replaceChildren(icon("play"));
  };
  play.addEventListener("click", () => {
    if (timer !== null) return stop();
    if (state.get().layer === scan.nLayers - 1) state.setLayer(0);
    play.setAttribute("aria-pressed", "true");
    play.replaceChildren(icon("pause"));
    timer = setInterval(() => {
      step(1);
      if (state.get().layer === scan.nLayers - 1) stop();
    }, PLAY_PAUSE);
  });
  if (scan.nLayers < 2) [back, play, next].forEach((button) => (button.disabled = true));
  // Arrow keys change the layer unless the focused element handles them.
  document.addEventListener("keydown", (event) => {
    if (event.target !== document.body || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === "ArrowLeft") step(-1);
    else if (event.key === "ArrowRight") step(1);
  });

  const box = byId("categories");
  const chips = scan.categories.map((category, c) =>
    element("button", {
      type: "button", class: "chip", title: `${category.name}: ${plural(category.texts, "text")}`,
      onclick: () => state.toggle(c),
    },
    glyph(c),
    element("bdi", { class: "chip-name" }, category.name),
    element("span", { class: "chip-count" }, count(category.texts))));
  const all = element("button", { type: "button", class: "chip chip-all", onclick: state.showAll }, "All");
  box.append(...chips);
  if (scan.nCategories > 1) box.append(all);

  const update = () => {
    const { layer, chosen } = state.get();
    slider.value = layer;
    slider.setAttribute("aria-valuetext", scan.layers[layer].name);
    byId("layer-name").textContent = scan.layers[layer].name;
    back.disabled = layer === 0;
    next.disabled = layer === scan.nLayers - 1;
    chips.forEach((chip, c) => chip.setAttribute("aria-pressed", chosen.includes(c)));
    all.disabled = chosen.length === scan.nCategories;
  };
  state.listen((changed) => {
    if (changed.has("layer") || changed.has("chosen")) update();
    if (changed.has("layer")) announce(scan.layers[state.get().layer].name);
  });
  update();
}
