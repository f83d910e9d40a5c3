// Elements of the page. Data is inserted as text, never as markup.

// element("p", { class: "note" }, "words", otherElement)
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === false || value === undefined || value === null) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

const byId = (id) => document.getElementById(id);

const NUMBERS = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const count = (n) => NUMBERS.format(n);
const plural = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;
const percent = (share, digits = 0) => `${(100 * share).toFixed(digits)} %`;

// A number with three significant digits, as short as it can be.
function number(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  if (Number.isInteger(value) && Math.abs(value) < 1e9) return minus(count(value));
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-4) return minus(value.toExponential(2));
  return minus(String(Number(value.toPrecision(4))));
}

const minus = (text) => text.replace("-", "−");

// Percentage points with a sign; 0 has none.
function signed(share, digits = 0) {
  const text = Math.abs(100 * share).toFixed(digits);
  if (Number(text) === 0) return text;
  return (share > 0 ? "+" : "−") + text;
}

function pValue(p) {
  if (!Number.isFinite(p)) return "not tested";
  if (p < 0.0001) return "< 0.0001";
  return p < 0.01 ? p.toFixed(4) : p.toFixed(3);
}

// The beginning of a text on one line: control characters and whitespace become single spaces.
function oneLine(text, length) {
  const line = text.replace(/[\u0000-\u001f\u007f\s]+/g, " ").trim();
  const letters = [...line.slice(0, 2 * length + 2)];
  return letters.length > length ? `${letters.slice(0, length).join("").trimEnd()}…` : line;
}

// A table of columns [{ name, number }] and rows of values; `number` columns are aligned right.
function table(columns, rows, caption) {
  const made = element("table");
  if (caption) made.append(element("caption", { class: "hidden" }, caption));
  const cells = (row) => row.map((value, i) => {
    const isNumber = columns[i].number;
    const text = typeof value === "number" || value === null ? number(value) : value;
    const attributes = { class: isNumber ? "number" : null, dir: isNumber ? null : "auto" };
    return i === 0
      ? element("th", { ...attributes, scope: "row" }, text)
      : element("td", attributes, text);
  });
  made.append(
    element("thead", {}, element("tr", {}, ...columns.map(({ name, number: isNumber }) =>
      element("th", { scope: "col", class: isNumber ? "number" : null, dir: "auto" }, name)))),
    element("tbody", {}, ...rows.map((row) => element("tr", {}, ...cells(row)))),
  );
  return element("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": caption || "Table" }, made);
}

// A table below a figure, filled when it is opened and updated while it is open.
function tableBehind(words, make) {
  const body = element("div");
  const details = element("details", { class: "behind" }, element("summary", {}, words), body);
  const fill = () => body.replaceChildren(make());
  details.addEventListener("toggle", () => {
    if (details.open) fill();
    else body.replaceChildren();
  });
  return { details, update: () => details.open && fill() };
}

// The tooltip at the pointer, kept within the window.
const tip = {
  show(event, ...children) {
    const box = byId("tip");
    box.replaceChildren(...children);
    box.hidden = false;
    const { width, height } = box.getBoundingClientRect();
    const left = Math.min(event.clientX + 14, window.innerWidth - width - 8);
    const above = event.clientY + 18 + height > window.innerHeight - 8;
    box.style.left = `${Math.max(8, left)}px`;
    box.style.top = `${Math.max(8, above ? event.clientY - height - 12 : event.clientY + 18)}px`;
  },
  hide() {
    byId("tip").hidden = true;
  },
};

// Announces words to screen readers.
const announce = (words) => {
  byId("announce").textContent = words;
};
