// The log: newest first, by kind, each entry opening to all it holds.

import { cameras } from "./camera.js";
import { entries, fields, KINDS, leafHash, one, summary } from "./entry.js";
import { chip, element } from "./element.js";
import { onSubmit } from "./form.js";
import { empty, failure, message, waiting } from "./message.js";
import { stamp } from "./moment.js";
import { showVerification } from "./verification.js";
import { may } from "./viewer.js";

const LIMIT = 50;
const place = document.getElementById("entries");
const kind = document.getElementById("kind");
const newer = document.getElementById("newer");
const older = document.getElementById("older");
const jump = document.getElementById("jump");
let trail = [null]; // where each page began, the newest first
let next = null;
let names = new Map(); // of cameras, by their ids

function row(entry, open = false) {
  const [label, tone] = KINDS[entry.kind] ?? [entry.kind, ""];
  const body = element("tr", { class: "body", hidden: !open, id: `entry-${entry.index}` }, element("td", { colspan: 4 }, open ? leaf(entry) : null));
  const button = element("button", { class: "index", type: "button", "aria-controls": body.id, "aria-expanded": open }, `#${entry.index}`);
  const head = element(
    "tr", { class: "entry", "data-open": open, onclick: toggle },
    element("td", { class: "fit" }, button),
    element("td", { class: "fit", "data-label": "Time" }, stamp(entry.time)),
    element("td", { class: "fit", "data-label": "Kind" }, chip(label, tone)),
    element("td", { class: "what" }, summary(entry, names)),
  );
  function toggle() {
    if (getSelection().toString()) return; // somebody is copying
    const opens = body.hidden;
    body.hidden = !opens;
    head.toggleAttribute("data-open", opens);
    button.setAttribute("aria-expanded", opens);
    if (opens && !body.querySelector(".leaf")) body.firstElementChild.replaceChildren(leaf(entry));
  }
  return [head, body];
}

function leaf(entry) {
  const hash = element("dd", {}, "…");
  leafHash(entry).then((text) => { hash.textContent = text; });
  return element("dl", { class: "leaf" },
    ...fields(entry.body).flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]),
    element("dt", { title: "RFC 6962: SHA-256 of a zero byte and the entry's bytes" }, "leaf hash"), hash);
}

function table(list, open = false) {
  return element("table", { class: "table log folds" },
    element("thead", {}, element("tr", {}, ...["Entry", "Time", "Kind", "What"].map((text) => element("th", { scope: "col" }, text)))),
    element("tbody", {}, ...list.flatMap((entry) => row(entry, open))));
}

async function load() {
  if (!may("log_read")) {
    document.querySelector(".toolbar").hidden = true;
    if (document.getElementById("emergency")) return place.replaceChildren(empty("log", "No entries are shown now", "Reading the log is an entry of it, and none can be written. Whether the log is whole you see above."));
    return place.replaceChildren(empty("log", "The entries are closed to your role", "Anybody may check above that the log is whole. What stands in it is read by auditors and administrators."));
  }
  const wanted = new URLSearchParams(location.search).get("entry");
  try {
    if (wanted !== null) await showOne(wanted);
    else await showPage();
  } catch (error) {
    place.replaceChildren(failure(error));
  }
  place.removeAttribute("aria-busy");
}

async function showPage() {
  const page = await entries({ before: trail.at(-1), limit: LIMIT, kind: kind.value });
  next = page.next;
  newer.disabled = trail.length === 1;
  older.disabled = next === null;
  place.replaceChildren(page.entries.length ? table(page.entries) : empty("log", "No entry of this kind", "Choose another kind, or all of them."));
}

async function showOne(index) {
  const entry = await one(index);
  newer.disabled = older.disabled = true;
  jump.elements.index.value = index;
  place.replaceChildren(table([entry], true), element("p", { class: "all-entries" }, element("a", { href: "/log" }, "All entries")));
}

function turn(to) {
  trail = to;
  place.setAttribute("aria-busy", "true");
  load();
}

kind.append(...Object.entries(KINDS).map(([value, [label]]) => element("option", { value }, label)));
kind.addEventListener("change", () => {
  history.replaceState({}, "", "/log");
  jump.reset();
  turn([null]);
});
older.addEventListener("click", () => next !== null && turn([...trail, next]));
newer.addEventListener("click", () => trail.length > 1 && turn(trail.slice(0, -1)));
onSubmit(jump, () => {
  const index = jump.elements.index.value.trim();
  history.pushState({}, "", index ? `/log?entry=${index}` : "/log");
  if (/^\d*$/.test(index)) load();
  else place.replaceChildren(message("An entry is asked for by its number.", null, "warn"));
});
addEventListener("popstate", load);

place.replaceChildren(waiting(8));
showVerification(document.getElementById("verification"));
if (may("cameras_read")) names = new Map((await cameras().catch(() => [])).map(({ id, name }) => [id, name]));
load();
