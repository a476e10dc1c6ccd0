// The wall of cameras, and the alerts as they come.

import { unsettled } from "./alert.js";
import { alertCard } from "./alert_card.js";
import { cameras } from "./camera.js";
import { element, icon } from "./element.js";
import { plural } from "./measure.js";
import { empty, failure, waiting } from "./message.js";
import { on, onLost, onReturn } from "./stream.js";
import { Tile } from "./tile.js";
import { may } from "./viewer.js";

const KEPT = 20;
const wall = document.getElementById("tiles");
const rail = document.getElementById("incoming");
const summary = document.getElementById("live-summary");
const tiles = new Map();
/** The last health of cameras that have no tile yet: the list on its way may be older than what came over the stream. */
const early = new Map();

function hang(list) {
  for (const id of tiles.keys()) if (!list.some((camera) => camera.id === id)) tiles.delete(id);
  for (const camera of list) {
    if (tiles.get(camera.id)?.health.state === "unknown") tiles.get(camera.id).report(camera.health);
    if (tiles.has(camera.id)) continue;
    const tile = new Tile(camera);
    if (early.has(camera.id)) tile.report(early.get(camera.id));
    tiles.set(camera.id, tile);
  }
  early.clear();
  wall.dataset.count = list.length;
  wall.replaceChildren(...(list.length ? list.map((camera) => tiles.get(camera.id).node) : [noCamera()]));
  count();
}

const noCamera = () => empty(
  "camera", "No camera yet",
  "Add the first one: its address, and what it may search for.",
  may("cameras_write") && element("a", { class: "button primary", href: "/cameras" }, icon("plus"), "Add a camera"),
);

const noAlert = () => element("li", {}, empty(
  "alert", "Nothing to review",
  "When a camera sees somebody who agreed to be found, both pictures appear here for you to judge.",
));

function count() {
  const live = [...tiles.values()].filter((tile) => tile.health.state === "live").length;
  const known = [...tiles.values()].every((tile) => tile.health.state !== "unknown");
  const text = !tiles.size ? "" : known ? `${live} of ${plural(tiles.size, "camera")} live` : `${plural(tiles.size, "camera")}, state unknown`;
  if (summary.textContent !== text) summary.textContent = text;
}

let loading = null;

/** Fetches the cameras; asked for again meanwhile, it is still once. */
function load() {
  loading ??= cameras()
    .then(hang, (error) => wall.replaceChildren(failure(error)))
    .finally(() => {
      loading = null;
      wall.removeAttribute("aria-busy");
    });
  return loading;
}

async function fillRail() {
  try {
    const list = await unsettled(null, KEPT);
    rail.replaceChildren(...(list.length ? list.map((one) => alertCard(one)) : [noAlert()]));
  } catch (error) {
    rail.replaceChildren(element("li", {}, failure(error)));
  }
}

function arrive(one) {
  rail.querySelector(".empty")?.closest("li").remove();
  rail.querySelector(`[data-alert="${one.id}"]`)?.remove();
  rail.prepend(alertCard(one, { fresh: true }));
  while (rail.children.length > KEPT) rail.lastElementChild.remove();
}

on("view", (event) => tiles.get(event.camera_id)?.view(event));
on("health", (health) => {
  const tile = tiles.get(health.camera_id);
  if (!tile) {
    early.set(health.camera_id, health);
    return load(); // a camera added meanwhile, or the page's first list is still on its way
  }
  tile.report(health);
  count();
});
on("alert", arrive);
on("review", fillRail);
onLost(() => {
  tiles.forEach((tile) => tile.forget());
  count();
});
onReturn(() => load().then(fillRail));
setInterval(() => tiles.forEach((tile) => tile.vitals.refresh()), 1000);

wall.replaceChildren(...[1, 2].map(() => element("div", { class: "tile skeleton" })));
rail.replaceChildren(element("li", {}, waiting(3, "card")));
await load();
await fillRail();
