// The cameras: how each is doing, switching off and on, adding and removing.

import { send } from "./api.js";
import { cameras, STATE } from "./camera.js";
import { cameraForm } from "./camera_form.js";
import { confirmed } from "./dialog.js";
import { chip, element, icon } from "./element.js";
import { bitrate, count, plural, rate } from "./measure.js";
import { complain, empty, failure, notify, waiting } from "./message.js";
import { fineSpan } from "./moment.js";
import { on, onReturn } from "./stream.js";
import { may } from "./viewer.js";

const place = document.getElementById("cameras");
const slot = document.getElementById("camera-form");
const opener = document.getElementById("add-camera");
const summary = document.getElementById("cameras-summary");
const writes = may("cameras_write");
const rows = new Map(); // camera id → [<tr>, its cells for health]
let list = [];

function row(camera) {
  const cells = Array.from({ length: 5 }, () => element("td"));
  const [state, picture, rates, newest, faces] = cells;
  state.dataset.label = "State";
  picture.dataset.label = "Stream";
  rates.dataset.label = "Frames";
  newest.dataset.label = "Newest";
  faces.dataset.label = "Passages";
  const node = element("tr", { "data-camera": camera.id },
    element("td", {}, element("b", {}, camera.name), element("small", { title: camera.address }, camera.address), element("small", {}, `for ${camera.purpose}${camera.has_credentials ? ", with login" : ""}${camera.substream ? ", with substream" : ""}`)),
    ...cells,
    element("td", { class: "fit" }, writes ? element("div", { class: "buttons" },
      element("a", { class: "button quiet", href: `/cameras/${encodeURIComponent(camera.id)}/check` }, "Check"),
      element("button", { class: "quiet", type: "button", onclick: () => change(camera, { enabled: !camera.enabled }) }, camera.enabled ? "Switch off" : "Switch on"),
      element("button", { class: "quiet danger", type: "button", "aria-label": `Remove ${camera.name}`, onclick: () => remove(camera) }, icon("erase"))) : null));
  rows.set(camera.id, [node, cells]);
  report(camera.health);
  return node;
}

function report(health) {
  const found = rows.get(health.camera_id);
  if (!found) return;
  const [state, picture, rates, newest, faces] = found[1];
  const { label, tone } = STATE[health.state];
  const seen = health.width > 0;
  state.replaceChildren(chip(label, tone), health.error ? element("small", {}, health.error) : "");
  picture.replaceChildren(seen ? `${health.width}×${health.height}` : "–", element("small", {}, seen ? bitrate(health.bitrate) : ""));
  rates.replaceChildren(`${rate(health.frame_rate)}/s`, element("small", {}, `${rate(health.analysed_rate)}/s looked at`));
  newest.replaceChildren(health.newest_frame_age === null ? "–" : fineSpan(health.newest_frame_age), element("small", {}, interruptions(health)));
  faces.replaceChildren(count(health.passages), element("small", {}, reasons(health.refused)));
}

function interruptions({ reconnects, restarts }) {
  return [reconnects && plural(reconnects, "reconnect"), restarts && plural(restarts, "restart")].filter(Boolean).join(", ");
}

function reasons(refused) {
  const worst = Object.entries(refused).sort(([, one], [, other]) => other - one).slice(0, 2);
  return worst.map(([reason, times]) => `${count(times)} ${reason.replaceAll("_", " ")}`).join(", ");
}

function draw() {
  rows.clear();
  summary.textContent = list.length ? plural(list.length, "camera") : "";
  if (!list.length) return place.replaceChildren(empty("camera", "No camera yet", "Add one with its address and its purpose. It is watched at once, and comes back by itself when its stream breaks."));
  place.replaceChildren(element("table", { class: "table folds cameras" },
    element("thead", {}, element("tr", {}, ...["Camera", "State", "Stream", "Frames", "Newest", "Passages", ""].map((text) => element("th", { scope: "col" }, text)))),
    element("tbody", {}, ...list.map(row))));
}

async function load() {
  try {
    list = await cameras();
    draw();
  } catch (error) {
    place.replaceChildren(failure(error));
  }
  place.removeAttribute("aria-busy");
}

async function change(camera, what) {
  try {
    await send("PATCH", `/cameras/${camera.id}`, what);
    await load();
  } catch (error) {
    complain(error);
  }
}

async function remove(camera) {
  const done = await confirmed({
    title: `Remove ${camera.name}?`, verb: "Remove the camera",
    text: "It is no longer watched, and its login is destroyed. Its alerts and log entries stay.",
    act: () => send("DELETE", `/cameras/${camera.id}`),
  });
  if (done) await load();
}

function close() {
  slot.replaceChildren();
  opener.setAttribute("aria-expanded", "false");
  opener.focus();
}

opener?.addEventListener("click", () => {
  const form = cameraForm({
    purposes: [...new Set(list.map((camera) => camera.purpose))],
    onclose: close,
    onadded: (camera) => {
      close();
      notify(`${camera.name} is added.`, "Its first picture takes a moment.");
      load();
    },
  });
  slot.replaceChildren(form);
  opener.setAttribute("aria-expanded", "true");
  form.querySelector("input").focus();
});

on("health", report);
onReturn(load);
place.replaceChildren(waiting(3));
await load();
