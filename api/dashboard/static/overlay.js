// The boxes over a picture: a bracket and a name for people who consented, a thin plain box for everybody else.

import { element, shape } from "./element.js";
import { REASONS } from "./reason.js";

/** An overlay for an <img>. Drawn in the picture's own pixels on the page, so that lines and letters keep their size. */
export class Overlay {
  constructor(frame) {
    this.frame = frame;
    this.node = shape("svg", { class: "boxes", "aria-hidden": "true" });
    this.boxes = [];
    this.ratio = 16 / 9;
    new ResizeObserver(() => this.draw()).observe(frame);
  }

  /** Shows boxes (shares of the picture, 0 to 1) on a picture of this width to height. */
  show(boxes, ratio) {
    this.boxes = boxes;
    this.ratio = ratio;
    this.draw();
  }

  draw() {
    const { clientWidth: width, clientHeight: height } = this.frame;
    const area = fit(width, height, this.ratio);
    this.node.setAttribute("viewBox", `0 0 ${width} ${height}`);
    // Strangers first, so that no stranger's box covers a name.
    const order = [...this.boxes].sort((one, other) => other.stranger - one.stranger);
    this.node.replaceChildren(...order.flatMap((box) => drawn(box, area)));
  }
}

/** The part of a frame a picture fills when it is shown whole. */
function fit(width, height, ratio) {
  const used = Math.min(width, height * ratio);
  const size = { width: used, height: used / ratio };
  return { ...size, left: (width - size.width) / 2, top: (height - size.height) / 2 };
}

function drawn(box, area) {
  const place = {
    x: area.left + box.x * area.width,
    y: area.top + box.y * area.height,
    width: box.width * area.width,
    height: box.height * area.height,
  };
  return box.stranger ? stranger(place, box.note) : known(place, box.name ?? "Enrolled", area);
}

function stranger(place, note) {
  const text = REASONS[note] ?? note;
  return [
    shape("rect", { class: "shade", rx: 3, ...place }),
    shape("rect", { class: "stranger", rx: 3, ...place }),
    text && place.width > 34 && shape("text", { class: "aside", x: place.x, y: place.y + place.height + 14 }, text),
  ].filter(Boolean);
}

function known(place, name, area) {
  const { x, y, width, height } = place;
  const arm = Math.min(width, height) * 0.26;
  const corners =
    `M${x} ${y + arm}V${y}H${x + arm}M${x + width - arm} ${y}H${x + width}V${y + arm}` +
    `M${x + width} ${y + height - arm}V${y + height}H${x + width - arm}M${x + arm} ${y + height}H${x}V${y + height - arm}`;
  const label = Math.ceil(textWidth(name)) + 14;
  const left = Math.max(area.left, Math.min(x, area.left + area.width - label));
  const top = y - 26 > area.top ? y - 26 : Math.min(y + height + 6, area.top + area.height - 20);
  return [
    shape("path", { class: "shade", d: corners }),
    shape("path", { class: "known", d: corners }),
    shape("rect", { class: "plate known", x: left, y: top, width: label, height: 20, rx: 4 }),
    shape("text", { x: left + 7, y: top + 14 }, name),
  ];
}

const ruler = element("canvas").getContext("2d");

function textWidth(text) {
  ruler.font = `650 12px ${getComputedStyle(document.body).fontFamily}`;
  return ruler.measureText(text).width;
}
