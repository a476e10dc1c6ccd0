// A camera's health in one line of figures.

import { element } from "./element.js";
import { bitrate, count, rate } from "./measure.js";
import { fineSpan } from "./moment.js";

const OLD = 2; // seconds: a picture older than this is no longer "live"
const FIELDS = [
  ["Frames/s", (health) => rate(health.frame_rate)],
  ["Looked at/s", (health) => rate(health.analysed_rate)],
  ["Bitrate", (health) => bitrate(health.bitrate)],
  ["Picture", (health) => (health.width ? `${health.width}×${health.height}` : "–")],
  ["Newest", (health, late) => (health.newest_frame_age === null ? "–" : fineSpan(health.newest_frame_age + late))],
  ["Drops", (health) => count(health.dropped)],
];

export class Vitals {
  constructor() {
    this.cells = FIELDS.map(() => element("dd", {}, "–"));
    this.node = element(
      "dl",
      { class: "vitals" },
      ...FIELDS.map(([name], at) => element("div", { title: FIELDS_HELP[name] }, element("dt", {}, name), this.cells[at])),
    );
  }

  show(health) {
    this.health = health;
    this.arrived = performance.now();
    this.refresh();
  }

  /** Nothing is known any more. */
  forget() {
    this.health = null;
    for (const cell of this.cells) write(cell, "–");
    this.cells[4].dataset.tone = "";
  }

  /** The newest picture ages between two reports, and without any report all the more. */
  refresh() {
    if (!this.health) return;
    const late = (performance.now() - this.arrived) / 1000;
    FIELDS.forEach(([, value], at) => write(this.cells[at], value(this.health, late > 1.5 ? late : 0)));
    const age = (this.health.newest_frame_age ?? 0) + late;
    this.cells[4].dataset.tone = age > 10 ? "bad" : age > OLD + 1.5 ? "warn" : "";
  }
}

const FIELDS_HELP = {
  "Frames/s": "Frames received a second",
  "Looked at/s": "Frames in which faces were looked for, a second",
  Bitrate: "What the camera sends",
  Picture: "Size of the stream in pixels",
  Newest: "Age of the newest frame",
  Drops: "Frames passed over because a newer one was there already",
};

function write(cell, text) {
  if (cell.textContent !== text) cell.textContent = text;
}
