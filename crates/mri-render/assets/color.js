// Colors and markers: those of the theme come from the style, those of the data from the scan.

const isDark = () => document.documentElement.dataset.theme === "dark";

const colors = {
  theme: {},
  maps: {},
  categories: [],
  // Per category the path data of its marker, for a radius of 1.
  markers: [],
  // The part of the diverging colormap between two categories.
  reach: 1,

  // Reads the theme; `print` forces light colors.
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
    this.markers = scan.categories.map((category) => category.marker);
    this.reach = scan.head.reach[dark ? "dark" : "light"];
  },

  at(map, t) {
    const stops = this.maps[map];
    const place = Math.min(Math.max(t, 0), 1) * (stops.length - 1);
    const below = Math.min(Math.floor(place), stops.length - 2);
    return mix(stops[below], stops[below + 1], place - below);
  },

  // The color of an amount from 0 to 1. A small amount must differ from none.
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

// Black or white, whichever has the higher contrast with a color (WCAG 2).
function readableOn(color) {
  const [r, g, b] = color.map((c) => {
    const value = c / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 ? "#000" : "#fff";
}

// The marker of a category, for chips, lists and legends.
function glyph(category) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "-1.5 -1.5 3 3");
  svg.setAttribute("class", "glyph");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", colors.markers[category]);
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
