// The cameras: how each is doing, switching off and on, adding, changing and removing.

import { send } from "./api.js";
import { cameras, STATE } from "./camera.js";
import { cameraForm } from "./camera_form.js";
import { confirmed } from "./dialog.js";
import { chip, element, icon } from "./element.js";
import { bitrate, count, percent, plural, rate } from "./measure.js";
import { complain, empty, failure, notify, waiting } from "./message.js";
import { fineSpan, minuteOf } from "./moment.js";
import { on, onLost, onReturn } from "./stream.js";
import { may } from "./viewer.js";

const place = document.getElementById("cameras");
const slot = document.getElementById("camera-form");
const opener = document.getElementById("add-camera");
const summary = document.getElementById("cameras-summary");
const writes = may("cameras_write");
const rows = new Map(); // camera id → its camera, <tr> and cells for health
let list = [];

function row(camera) {
  const cells = Object.fromEntries(["State", "Stream", "Frames", "Newest", "Passages"].map((label) => [label, element("td", { "data-label": label })]));
  const upright = element("div", { class: "advice" });
  const node = element("tr", { "data-camera": camera.id },
    element("td", {}, element("b", {}, camera.name), element("small", { title: camera.address }, camera.address), element("small", { title: details(camera) }, details(camera)),
      camera.certificate === "unverified" && chip("Certificate not verified", "warn", "warning"), upright),
    ...Object.values(cells),
    element("td", { class: "fit" }, writes ? buttons(camera) : null));
  rows.set(camera.id, { camera, node, cells, upright });
  report(camera.health);
  return node;
}

function buttons(camera) {
  return element("div", { class: "buttons" },
    element("a", { class: "button quiet", href: `/cameras/${encodeURIComponent(camera.id)}/check` }, "Check"),
    element("button", { class: "quiet", type: "button", "aria-label": `Edit ${camera.name}`, "aria-controls": "camera-form", onclick: (event) => open(camera, event.currentTarget) }, "Edit"),
    element("button", { class: "quiet", type: "button", onclick: () => change(camera, { enabled: !camera.enabled }) }, camera.enabled ? "Switch off" : "Switch on"),
    element("button", { class: "quiet danger", type: "button", "aria-label": `Remove ${camera.name}`, onclick: () => remove(camera) }, icon("erase")));
}

function details(camera) {
  return [
    `for ${camera.purpose}`,
    camera.has_credentials && "with login",
    camera.substream && "with substream",
    camera.rotation && `rotated ${camera.rotation}°`,
    camera.mirrored && "mirrored",
    camera.time_zone,
    camera.aspect,
  ].filter(Boolean).join(", ");
}

function report(health) {
  const found = rows.get(health.camera_id);
  if (!found) return;
  const { State, Stream, Frames, Newest, Passages } = found.cells;
  const { label, tone } = STATE[health.state];
  const seen = health.width > 0;
  State.replaceChildren(chip(label, tone), ...faults(health).map((text) => element("small", {}, text)));
  Stream.replaceChildren(seen ? `${health.width}×${health.height}` : "–", element("small", {}, seen ? bitrate(health.bitrate) : ""), loss(health));
  Frames.replaceChildren(`${rate(health.frame_rate)}/s`, element("small", {}, `${rate(health.analysed_rate)}/s looked at`));
  Newest.replaceChildren(health.newest_frame_age === null ? "–" : fineSpan(health.newest_frame_age), element("small", {}, interruptions(health)));
  Passages.replaceChildren(count(health.passages), element("small", {}, reasons(health.refused)));
  advise(found, health.turned);
}

/** The service is not there to say how they do. */
function forget() {
  for (const { cells: { State, ...others } } of rows.values()) {
    State.replaceChildren(chip(STATE.unknown.label, STATE.unknown.tone));
    for (const cell of Object.values(others)) cell.replaceChildren("–");
  }
}

function faults({ error, retry_at }) {
  const next = retry_at && `Next try at ${minuteOf(retry_at)}`;
  if (!next) return error ? [error] : [];
  return error ? [error, next] : [`Login refused. ${next}`];
}

function loss({ received_packets, lost_packets }) {
  return lost_packets > 0 ? element("small", { "data-tone": "warn", title: `${count(lost_packets)} RTP packets since the service started` }, `${percent(lost_packets / (received_packets + lost_packets))} lost`) : "";
}

/** Says how the picture should be turned. Only what changed is drawn: a button that is replaced cannot be clicked. */
function advise({ camera, upright }, turned) {
  if (upright.dataset.turned === String(turned)) return;
  upright.dataset.turned = turned;
  if (!turned) return upright.replaceChildren();
  const rotation = (camera.rotation + turned) % 360;
  upright.replaceChildren(
    element("small", { "data-tone": "warn" }, `Faces look turned by ${turned}°: set the rotation to ${rotation}°`),
    writes ? element("button", { type: "button", "aria-label": `Set the rotation of ${camera.name} to ${rotation}°`, onclick: () => change(camera, { rotation }) }, "Set it") : "");
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
    element("thead", {}, element("tr", {}, ...["Camera", "State", "Stream", "Frames", "Newest", "Passages"].map((text) => element("th", { scope: "col" }, text)), element("th", { scope: "col" }, element("span", { class: "hidden" }, "Actions")))),
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

/** Opens the form, for a new camera or for one that is there; `by`: the button that opened it, which gets the focus back. */
function open(camera, by) {
  const close = () => {
    slot.replaceChildren();
    opener.setAttribute("aria-expanded", "false");
    (by.isConnected ? by : opener).focus();
  };
  const form = cameraForm({
    camera,
    purposes: [...new Set(list.map((one) => one.purpose))],
    onclose: close,
    onsaved: (saved) => {
      close();
      notify(...(camera ? [`${saved.name} is changed.`, "It connects again with its new settings."] : [`${saved.name} is added.`, "Its first picture takes a moment."]));
      load();
    },
  });
  slot.replaceChildren(form);
  opener.setAttribute("aria-expanded", String(camera === null));
  form.scrollIntoView({ block: "nearest" });
  form.querySelector("input").focus();
}

opener?.addEventListener("click", () => open(null, opener));

on("health", report);
onLost(forget);
onReturn(load);
place.replaceChildren(waiting(3));
await load();
