// The auditor's view: unusual searches, and every search with its actor, purpose and result.

import { address, read } from "./api.js";
import { cameras, namer } from "./camera.js";
import { entryLink } from "./entry.js";
import { chip, element } from "./element.js";
import { onSubmit } from "./form.js";
import { empty, failure, waiting } from "./message.js";
import { stamp } from "./moment.js";

const LIMIT = 50;
const DAYS = 30;
const DAY = 86_400_000; // ms
const ENDINGS = { found: ["Found", "accent"], nobody: ["Nobody", ""], failed: ["Failed", "bad"], open: ["Open", "warn"] };
const OUT_OF_SCOPE = ["Nobody in scope", "warn"]; // no consent covered the search: nobody could have been found
const FORMATS = { csv: "CSV", jsonl: "JSON lines", parquet: "Parquet" };
const form = document.getElementById("question");
const place = document.getElementById("searches");
const newer = document.getElementById("newer");
const older = document.getElementById("older");
let trail = [null]; // where each page began, the newest first
let next = null;
let list = []; // the cameras, for their names

/** What the form asks for, as the API takes it: days begin and end where the reader is. */
function question() {
  const asked = new URLSearchParams();
  for (const [name, value] of new FormData(form)) {
    if (!value) continue;
    const day = new Date(`${value}T00:00`);
    if (name === "until") day.setDate(day.getDate() + 1);
    asked.set(name, ["since", "until"].includes(name) ? day.toISOString() : meant(name, value.trim()));
  }
  return asked;
}

/** A camera may be asked for by its name; the log knows its id. */
const meant = (name, value) => (name === "camera" && list.find((camera) => camera.name === value)?.id) || value;

/** The actor of a search: a camera by its name, an account by the beginning of its pseudonym in the log. */
function who(actor, cameraName) {
  const [kind, id] = actor.split(":");
  return element("span", { title: actor }, kind === "camera" ? cameraName(id) : kind === "user" ? actor.slice(0, 13) : actor);
}

function row(search, cameraName) {
  const [label, tone] = search.ending === "nobody" && search.in_scope === 0 ? OUT_OF_SCOPE : ENDINGS[search.ending];
  const found = search.subject && element("small", {}, `person ${search.subject.slice(0, 8)}${search.dissimilarity === null ? "" : `, ${search.dissimilarity.toFixed(3)}`}`);
  return element("tr", {},
    element("td", { class: "fit" }, entryLink(search.request_index)),
    element("td", { class: "fit", "data-label": "Time" }, stamp(search.time)),
    element("td", { "data-label": "By" }, who(search.actor, cameraName), element("small", {}, search.via ? `${search.role}, ${search.via.replace(/(:.{8}).*/, "$1")}` : search.role)),
    element("td", { "data-label": "For" }, search.purpose, element("small", {}, search.case_reference ?? "no case")),
    element("td", { "data-label": "Where" }, element("span", { title: search.camera }, cameraName(search.camera))),
    element("td", { "data-label": "Ended" }, chip(label, tone), found || element("small", {}, search.failure ?? `of ${search.in_scope}`)),
  );
}

function table(found) {
  if (!found.length) return empty("log", "No such search", "Ask for less at once, or for another time.");
  const heads = ["Entry", "Time", "By", "For", "Where", "Ended"].map((text) => element("th", { scope: "col" }, text));
  return element("table", { class: "table folds" }, element("thead", {}, element("tr", {}, ...heads)), element("tbody", {}, ...found.map((search) => row(search, namer(list)))));
}

async function shown(show) {
  place.setAttribute("aria-busy", "true");
  newer.disabled = older.disabled = true;
  try {
    place.replaceChildren(table(await show()));
  } catch (error) {
    place.replaceChildren(failure(error));
  }
  place.removeAttribute("aria-busy");
}

function turn(to) {
  trail = to;
  const asked = question();
  document.getElementById("exports").replaceChildren(...Object.entries(FORMATS).flatMap(([format, name], at) =>
    [at ? ", " : "", element("a", { href: address(`/log/searches/export?${new URLSearchParams([...asked, ["format", format]])}`), download: "" }, name)]));
  asked.set("limit", LIMIT);
  if (trail.at(-1) !== null) asked.set("before", trail.at(-1));
  return shown(async () => {
    const page = await read(`/log/searches?${asked}`);
    next = page.next;
    newer.disabled = trail.length === 1;
    older.disabled = next === null;
    return page.searches;
  });
}

async function showUnusual() {
  const unusual = document.getElementById("unusual");
  const now = Date.now();
  const time = { since: new Date(now - DAYS * DAY).toISOString(), until: new Date(now + DAY).toISOString() };
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  try {
    const found = await read(`/log/unusual?${new URLSearchParams({ ...time, zone })}`);
    unusual.replaceChildren(found.length ? listed(found) : element("p", { class: "fine" }, "Nothing of the kind."));
  } catch (error) {
    unusual.replaceChildren(failure(error));
  }
  unusual.removeAttribute("aria-busy");
}

function listed(found) {
  return element("table", { class: "table" }, element("tbody", {}, ...found.map(({ message, count, indexes }) =>
    element("tr", {},
      element("td", { class: "fit end num" }, String(count)),
      element("td", {}, message, element("small", {}, ...indexes.slice(0, 8).flatMap((index) => [entryLink(index), " "]), count > 8 ? "…" : ""))))));
}

onSubmit(form, () => {
  turn([null]);
});
older.addEventListener("click", () => next !== null && turn([...trail, next]));
newer.addEventListener("click", () => trail.length > 1 && turn(trail.slice(0, -1)));
document.getElementById("sample").addEventListener("click", () => {
  const asked = question();
  const seed = Math.floor(Math.random() * 2 ** 31);
  asked.set("seed", seed);
  document.getElementById("seed").textContent = ` Drawn with the seed ${seed}, which draws the same again.`;
  shown(() => read(`/log/searches/sample?${asked}`));
});

place.replaceChildren(waiting(8));
list = await cameras().catch(() => []);
document.getElementById("camera-names").append(...list.map(({ name }) => element("option", { value: name })));
turn([null]);
showUnusual();
