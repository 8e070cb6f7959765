// Elements of the page, and numbers as text. Whatever is shown is put in as text, never as HTML.

const SVG_SPACE = "http://www.w3.org/2000/svg";

/** Return a new element. `text` and `on` (handlers by event) are special, everything else is an attribute; null: without it. */
function made(tag, attributes = {}, ...children) {
  return furnished(document.createElement(tag), attributes, children);
}

/** Return a new element of a drawing. */
function drawn(tag, attributes = {}, ...children) {
  return furnished(document.createElementNS(SVG_SPACE, tag), attributes, children);
}

function furnished(element, { text, on, ...attributes }, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value);
  }
  for (const [event, act] of Object.entries(on || {})) element.addEventListener(event, act);
  if (text !== undefined && text !== null) element.textContent = text;
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** Return a section with a heading, which the page's contents can name. */
function section(id, heading, ...children) {
  const title = made("h2", { id: `${id}-heading`, text: heading });
  return made("section", { id, "aria-labelledby": title.id }, title, ...children);
}

/** Return a number as people write it: four digits that count, none that do not. */
function told(number) {
  if (number === null || number === undefined || Number.isNaN(number)) return "–";
  if (!Number.isFinite(number)) return number > 0 ? "∞" : "−∞";
  const size = Math.abs(number);
  if (size !== 0 && (size < 1e-3 || size >= 1e7)) return number.toExponential(2).replace("-", "−").replace("e+", "e");
  if (Number.isInteger(number) || size >= 1e4) return Math.round(number).toLocaleString("en").replace("-", "−");
  return String(Number(number.toPrecision(4))).replace("-", "−");
}

/** Return a number with its unit. */
function withUnit(number, unit) {
  return unit && told(number) !== "–" ? `${told(number)} ${unit}` : told(number);
}

/** Return a whole number and what is counted: 1 node, 2 nodes. */
function counted(number, what, many = `${what}s`) {
  return `${Number(number).toLocaleString("en")} ${number === 1 ? what : many}`;
}

/** Return a function that does it once before the next frame, however often it was asked for. */
function oncePerFrame(act) {
  let isAsked = false;
  return () => {
    if (isAsked) return;
    isAsked = true;
    requestAnimationFrame(() => {
      isAsked = false;
      act();
    });
  };
}
