// Labelled inputs of a form.

import { element } from "./element.js";

/** An input below its name, with a help text below it. `kind`: a class, such as "all" for the whole width. */
export function field(name, input, help = null, kind = "") {
  return element("label", { class: `field ${kind}` }, element("span", {}, name), input, help && element("small", { class: "hint" }, help));
}

/** A list to choose one of. `options`: pairs of value and text. */
export function selection(attributes, options, chosen) {
  return element("select", attributes, ...options.map(([value, text]) => element("option", { value, selected: value === chosen }, text)));
}

/** A checkbox with its text beside it. */
export function checkbox(text, box) {
  return element("label", { class: "choice" }, box, text);
}
