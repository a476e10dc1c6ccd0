// One camera on the wall: its newest picture with boxes, its state, its health.

import { address } from "./api.js";
import { STATE } from "./camera.js";
import { element } from "./element.js";
import { clockOf } from "./moment.js";
import { Overlay } from "./overlay.js";
import { doubtSession } from "./stream.js";
import { Vitals } from "./vitals.js";

export class Tile {
  constructor(camera) {
    this.camera = camera;
    this.frame = element("div", { class: "picture" });
    this.overlay = new Overlay(this.frame);
    this.vitals = new Vitals();
    this.time = element("time", { title: "When the picture shown was captured" });
    this.dot = element("i", { class: "dot" });
    this.state = element("span", { class: "hidden" });
    this.standby = element("div", { class: "standby" });
    this.image = null;
    this.newest = null;
    this.loading = false;
    this.frame.append(this.overlay.node, this.standby);
    this.node = element(
      "article",
      { class: "tile", "data-camera": camera.id, "aria-label": camera.name },
      element("header", { class: "tile-head" }, this.dot, element("h2", {}, camera.name), this.state, element("span", { class: "purpose" }, camera.purpose), this.time),
      this.frame,
      this.vitals.node,
    );
    this.report(camera.health ?? { camera_id: camera.id, state: camera.enabled ? "starting" : "stopped" });
  }

  /** A `health` event. */
  report(health) {
    const state = STATE[health.state];
    this.node.dataset.state = health.state;
    this.node.querySelector(".tile-head").dataset.state = health.state;
    this.dot.title = state.label;
    this.state.textContent = state.label;
    this.health = health;
    if (health.frame_rate !== undefined) this.vitals.show(health);
    this.standBy();
  }

  /** The service is not there to say how the camera does. */
  forget() {
    this.report({ camera_id: this.camera.id, state: "unknown" });
    this.vitals.forget();
    this.newest = null;
  }

  /**
   * A `view` event. While one picture is being fetched only the newest event is kept: never a backlog.
   * Nothing is fetched for a tab that nobody sees.
   */
  async view(event) {
    this.newest = event;
    if (this.loading || document.hidden) return;
    this.loading = true;
    while (this.newest) {
      const next = this.newest;
      this.newest = null;
      await this.fetch(next);
    }
    this.loading = false;
  }

  async fetch(event) {
    const image = new Image();
    image.alt = `${this.camera.name}, live`;
    image.src = address(`/cameras/${this.camera.id}/view.jpg?n=${event.number}`);
    try {
      await image.decode();
    } catch {
      return doubtSession(); // or the view is gone already, and the next event brings another
    }
    // Decoded before it is shown, so that one picture follows the other without a gap, and the boxes fit it.
    if (this.image) this.image.replaceWith(image);
    else this.frame.prepend(image);
    this.image = image;
    this.overlay.show(event.boxes, image.naturalWidth / image.naturalHeight);
    this.time.dateTime = event.captured_at;
    this.time.textContent = clockOf(event.captured_at);
    this.standBy();
  }

  standBy() {
    const { state, error } = this.health;
    this.standby.hidden = state === "live" && this.image !== null;
    if (state !== "live") this.overlay.show([], this.overlay.ratio);
    this.standby.replaceChildren(element("b", {}, STATE[state].label), element("p", {}, error ?? STATE[state].standby));
  }
}
