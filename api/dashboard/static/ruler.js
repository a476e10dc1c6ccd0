// A dissimilarity on its scale, with the threshold of the operating point: where it lies, not how sure anybody is.

import { shape } from "./element.js";
import { dissimilarity } from "./measure.js";

const WIDE = 784;
const NARROW = 330;
const TOP = 26;

/** A ruler from 0 to well beyond the threshold. */
export function ruler(value, threshold) {
  const width = matchMedia("(max-width: 760px)").matches ? NARROW : WIDE;
  const end = Math.max(threshold * 1.6, value * 1.05);
  const at = (number) => Math.round((number / end) * width);
  const limit = at(threshold);
  const mark = at(value);
  return shape(
    "svg",
    { class: "ruler", viewBox: `0 0 ${width} 62`, role: "img", "aria-label": `Dissimilarity ${dissimilarity(value)}, threshold ${dissimilarity(threshold)}; lower is more alike` },
    shape("rect", { class: "track", x: 0, y: TOP, width, height: 10, rx: 5 }),
    shape("path", { class: "within", d: `M5 ${TOP}H${limit}v10H5a5 5 0 0 1 0-10Z` }),
    shape("path", { class: "limit", d: `M${limit} ${TOP - 6}v22` }),
    shape("path", { class: "mark", d: `M${mark} ${TOP + 1}l-6-9h12ZM${mark - 1} ${TOP}h2v10h-2Z` }),
    shape("text", { class: "value", x: mark, y: 12, "text-anchor": anchor(mark, width) }, dissimilarity(value)),
    shape("text", { x: 0, y: 56 }, "0 · same picture"),
    shape("text", { class: "name", x: limit, y: 56, "text-anchor": "middle" }, `threshold ${dissimilarity(threshold)}`),
    shape("text", { x: width, y: 56, "text-anchor": "end" }, "less alike"),
  );
}

const anchor = (mark, width) => (mark < 24 ? "start" : mark > width - 24 ? "end" : "middle");
