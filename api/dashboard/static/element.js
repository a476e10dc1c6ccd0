// Builds nodes. Text is always set as text, so nothing from outside can become markup.

const SVG = "http://www.w3.org/2000/svg";

/**
 * An HTML element. Attributes: strings as they are, true as present, false and null left out (but aria-… as words),
 * `on…` as listeners.
 */
export function element(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

/** An SVG element, with the same attributes. */
export function shape(name, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

/** An icon of the sprite file. */
export function icon(name) {
  return shape("svg", { class: "icon", "aria-hidden": "true" }, shape("use", { href: `/static/icons.svg#${name}` }));
}

/** A word for a state, with a tone: good, warn, bad, accent or none. */
export function chip(text, tone = "", symbol = null) {
  return element("span", { class: "chip", "data-tone": tone }, symbol && icon(symbol), text);
}

/** A term and its description, for a <dl>. */
export function fact(term, ...description) {
  return element("div", {}, element("dt", {}, term), element("dd", {}, ...description));
}

function fill(node, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) {
      if (value) node.addEventListener(key.slice(2), value);
    } else if (key.startsWith("aria-") && typeof value === "boolean") node.setAttribute(key, value);
    else if (value === true) node.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(key, value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}
