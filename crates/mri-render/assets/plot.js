// A canvas that is as wide as its place on the page and sharp on any screen.

const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif";
const plots = [];

// `heightOf(width)` gives the height in CSS pixels; `draw(context, width, height)` draws.
function makePlot({ heightOf, draw, label, keys }) {
  const canvas = element("canvas", { role: "img", tabindex: "0", "aria-label": label });
  const frame = element("div", { class: "plot" }, canvas);
  const plot = { canvas, frame, width: 0, height: 0, asked: false };

  plot.draw = () => {
    plot.asked = false;
    if (plot.width === 0) return;
    const ratio = Math.max(window.devicePixelRatio || 1, colors.printing ? 2 : 1);
    const [width, height] = [Math.round(plot.width * ratio), Math.round(plot.height * ratio)];
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
    }
    const context = canvas.getContext("2d");
    context.setTransform(width / plot.width, 0, 0, height / plot.height, 0, 0);
    context.clearRect(0, 0, plot.width, plot.height);
    plot.ratio = ratio;
    draw(context, plot.width, plot.height);
  };
  plot.redraw = () => {
    if (plot.asked) return;
    plot.asked = true;
    requestAnimationFrame(() => plot.asked && plot.draw());
  };
  plot.measure = () => {
    const width = Math.floor(frame.clientWidth);
    if (width === 0) return;
    plot.width = width;
    plot.height = Math.round(heightOf(width));
    plot.redraw();
  };
  plot.describe = (words) => canvas.setAttribute("aria-label", words);
  // The pointer's place in CSS pixels of the plot.
  plot.at = (event) => {
    const box = canvas.getBoundingClientRect();
    const scale = plot.width / box.width;
    return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
  };
  if (keys) {
    canvas.setAttribute("aria-keyshortcuts", keys.join(" "));
  }
  new ResizeObserver(plot.measure).observe(frame);
  plots.push(plot);
  return plot;
}

function write(context, text, x, y, { size = 12, color = colors.theme.text, align = "left", weight = 400, baseline = "middle" } = {}) {
  context.font = `${weight} ${size}px ${FONT}`;
  context.textAlign = align;
  context.textBaseline = baseline;
  context.fillStyle = color;
  context.fillText(text, x, y);
}

// The text, cut with an ellipsis where it is wider than `width`.
function fitted(context, text, width, size = 12, weight = 400) {
  context.font = `${weight} ${size}px ${FONT}`;
  if (context.measureText(text).width <= width) return text;
  let letters = [...text.slice(0, 200)];
  while (letters.length > 1 && context.measureText(`${letters.join("")}…`).width > width) letters.pop();
  return `${letters.join("").trimEnd()}…`;
}

// A horizontal color bar with words at its ends.
function colorBar(context, x, y, width, colorAt, left, middle, right) {
  const steps = Math.max(1, Math.round(width));
  for (let i = 0; i < steps; i++) {
    context.fillStyle = css(colorAt((i + 0.5) / steps));
    context.fillRect(x + i, y, 1.5, 8);
  }
  const look = { size: 11, color: colors.theme.muted };
  const fit = (words) => fitted(context, words, width * 0.36, look.size);
  write(context, fit(left), x, y + 17, look);
  write(context, middle, x + width / 2, y + 17, { ...look, align: "center" });
  write(context, fit(right), x + width, y + 17, { ...look, align: "right" });
}

const axisName = (axis) =>
  axis.explained === null ? axis.name : `${axis.name} (${percent(axis.explained, 1)} of variance)`;
