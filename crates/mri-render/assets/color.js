// Colours: those of the theme come from the style, those of the data from the scan.

const isDark = () => document.documentElement.dataset.theme === "dark";

const colors = {
  theme: {},
  maps: {},
  categories: [],
  // How much of the map of differences lies between two categories.
  reach: 1,

  // Reads the theme anew; `print` asks for light whatever the system prefers.
  read(scan, print = false) {
    const dark = !print && window.matchMedia("(prefers-color-scheme: dark)").matches;
    document.documentElement.dataset.theme = dark ? "dark" : "light";
    const style = getComputedStyle(document.documentElement);
    for (const name of ["background", "text", "muted", "line", "empty", "card", "accent"]) {
      this.theme[name] = style.getPropertyValue(`--${name}`).trim();
    }
    for (const [name, stops] of Object.entries(scan.head.colormaps)) {
      this.maps[name] = stops.map(rgb);
    }
    this.categories = scan.categories.map((category) => rgb(dark ? category.dark : category.color));
    this.reach = scan.head.reach[dark ? "dark" : "light"];
  },

  at(map, t) {
    const stops = this.maps[map];
    const place = Math.min(Math.max(t, 0), 1) * (stops.length - 1);
    const below = Math.min(Math.floor(place), stops.length - 2);
    return mix(stops[below], stops[below + 1], place - below);
  },

  // How much of something there is, from 0 to 1. A little must differ from nothing.
  amount(share) {
    return this.at(isDark() ? "viridis" : "blues", 0.12 + 0.88 * share);
  },

  // A difference from −1 (all of side B) to 1 (all of side A).
  difference(share) {
    return isDark() ? this.at("managua", 0.5 + share / 2) : this.at("coolwarm", 0.5 - share / 2);
  },
};

const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
const css = ([r, g, b], alpha = 1) =>
  `rgba(${Math.round(r)}, ${Math.round(g)}, ${Math.round(b)}, ${alpha})`;
const mix = (a, b, t) => a.map((value, i) => value + (b[i] - value) * t);

// Black or white, whichever is easier to read on a colour (WCAG 2).
function readableOn(color) {
  const [r, g, b] = color.map((c) => {
    const value = c / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 ? "#000" : "#fff";
}

// A shape per category beside its colour, so that colour alone tells nothing. Paths of about equal
// area around 0, 0. After ten the pairing of shapes and colours shifts by one.
const SHAPES = [
  "M1 0A1 1 0 1 1 -1 0A1 1 0 1 1 1 0Z",
  "M-.9 -.9H.9V.9H-.9Z",
  "M0 -1.25L1.17 .85H-1.17Z",
  "M0 -1.3L1.1 0L0 1.3L-1.1 0Z",
  "M0 1.25L1.17 -.85H-1.17Z",
  "M-.4 -1.2H.4V-.4H1.2V.4H.4V1.2H-.4V.4H-1.2V-.4H-.4Z",
  "M-.85 -1.2L0 -.45L.85 -1.2L1.2 -.85L.45 0L1.2 .85L.85 1.2L0 .45L-.85 1.2L-1.2 .85L-.45 0L-1.2 -.85Z",
  "M0 -1.15L1.1 -.35L.68 .95H-.68L-1.1 -.35Z",
  "M0 -1.35L.36 -.45L1.3 -.42L.56 .18L.82 1.1L0 .57L-.82 1.1L-.56 .18L-1.3 -.42L-.36 -.45Z",
  "M-1.25 -.55H1.25V.55H-1.25Z",
];
const shapeOf = (category) => SHAPES[(category + Math.floor(category / SHAPES.length)) % SHAPES.length];

// A category's sign, for chips, lists and legends.
function glyph(category) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "-1.5 -1.5 3 3");
  svg.setAttribute("class", "glyph");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", shapeOf(category));
  path.setAttribute("fill", css(colors.categories[category]));
  path.setAttribute("data-category", category);
  svg.append(path);
  return svg;
}

// After a change of theme.
function recolorGlyphs() {
  for (const path of document.querySelectorAll("path[data-category]")) {
    path.setAttribute("fill", css(colors.categories[Number(path.dataset.category)]));
  }
}
