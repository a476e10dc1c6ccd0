// The queue of alerts and the one on the desk. C confirms, R rejects, J and K go down and up.

import { send } from "./api.js";
import { alert, alerts, counts, isMine, nameOf, PAGE, reviews, unsettled, unsettledOf, waitingOf } from "./alert.js";
import { alertCard } from "./alert_card.js";
import { facts, measure, pictures, said, statusChip } from "./comparison.js";
import { element, icon } from "./element.js";
import { plural } from "./measure.js";
import { complain, empty, failure, message, notify, waiting } from "./message.js";
import { on, onReturn } from "./stream.js";
import { may } from "./viewer.js";

const desk = document.getElementById("desk");
const queue = document.getElementById("queue");
const place = document.getElementById("case");
const older = document.getElementById("older");
const total = document.getElementById("unsettled");
const MOST = 500; // alerts that the API gives at once
const PAUSE = 250; // ms
const points = JSON.parse(place.dataset.points); // the operating points with their evidence
const scale = JSON.parse(place.dataset.scale); // on what it was measured for what a dissimilarity stands
let filter = "review";
let list = [];
let current = null;
let busy = false;
let fills = 0; // an answer that a later question has overtaken is thrown away
let openings = 0;
let planned = null;

const EMPTY = {
  review: ["Nothing to review", "New alerts appear here by themselves."],
  confirmed: ["Nothing confirmed yet", "An alert is confirmed once two people have said so, each without the other."],
  rejected: ["Nothing rejected yet", "One rejection is enough: the alert then ends up here."],
};

const SAID = {
  awaiting_second: "Your yes is recorded; a second person decides.",
  confirmed: "Confirmed: a second person has said yes.",
  rejected: "Rejected.",
};

async function fill({ more = false } = {}) {
  const turn = ++fills;
  try {
    const [found, count] = await Promise.all([more ? page(list.at(-1), PAGE) : firstOnes(list.length), counts()]);
    if (turn !== fills) return;
    list = more ? [...list, ...found] : found;
    const all = filter === "review" ? unsettledOf(count) : count[filter];
    older.hidden = list.length >= all || found.length === 0;
    older.textContent = `Show older (${plural(all - list.length, "more is", "more are")} there)`;
    total.textContent = waitingOf(count) ? `(${waitingOf(count)})` : "";
    draw();
  } catch (error) {
    if (turn !== fills) return;
    queue.replaceChildren(element("li", {}, failure(error)));
  }
  queue.removeAttribute("aria-busy");
}

/** For a crowd of alerts once. */
function fillSoon() {
  planned ??= setTimeout(() => {
    planned = null;
    fill();
  }, PAUSE);
}

const page = (after, limit) => (filter === "review" ? unsettled(after, limit) : alerts(filter, after?.id, limit));

/** From the newest on, as many as are shown already: a reader far down the queue stays where they are. */
async function firstOnes(shown) {
  const found = [];
  for (const wanted = Math.max(PAGE, shown); found.length < wanted;) {
    const some = await page(found.at(-1), Math.min(MOST, wanted - found.length));
    if (!some.length) break;
    found.push(...some);
  }
  return found;
}

function draw() {
  const [title, text] = EMPTY[filter];
  const drawn = new Map([...queue.children].map((item) => [item.dataset.alert, item]));
  queue.replaceChildren(...(list.length ? list.map((one) => card(one, drawn.get(one.id))) : [element("li", {}, empty("alert", title, text))]));
  mark();
}

/** A card drawn already stays if nothing on it has changed, so that its pictures are not fetched again. */
function card(one, drawn) {
  const state = `${one.status} ${one.mine}`;
  if (drawn?.dataset.state === state) return drawn;
  const item = alertCard(one, { onopen: open });
  item.dataset.state = state;
  return item;
}

function mark() {
  for (const item of queue.children) {
    const here = item.dataset.alert === current?.id;
    item.querySelector(".card")?.setAttribute("aria-current", here);
    if (here) item.scrollIntoView({ block: "nearest" });
  }
}

/** Puts an alert on the desk. */
async function open(id, { push = true } = {}) {
  if (push) history.pushState({}, "", `/alerts?alert=${id}`);
  desk.dataset.open = "";
  const turn = ++openings;
  try {
    const [one, all] = await Promise.all([alert(id), reviews(id)]);
    if (turn !== openings) return; // the reader has gone on meanwhile
    const given = all.map((review) => ({ ...review, mine: isMine(review) }));
    current = { ...one, given, mine: given.some((review) => review.mine) };
    place.replaceChildren(laidOut(current));
    openVerdict();
    scrollTo(0, 0);
  } catch (error) {
    if (turn !== openings) return;
    current = null;
    place.replaceChildren(failure(error));
  }
  mark();
}

function close({ push = true } = {}) {
  if (push) history.pushState({}, "", "/alerts");
  openings += 1;
  current = null;
  delete desk.dataset.open;
  place.replaceChildren(empty("alert", "Choose an alert", "Both pictures are laid side by side here, with what the search measured and where the log holds it."));
  mark();
}

function laidOut(one) {
  const settled = one.status === "confirmed" || one.status === "rejected";
  return element(
    "article",
    { "aria-labelledby": "case-title" },
    element(
      "header", { class: "case-head" },
      element("h1", { id: "case-title" }, nameOf(one)), settled || one.mine ? statusChip(one) : null,
      element("div", { class: "steps" },
        element("button", { class: "quiet", type: "button", "aria-label": "Back to the list", title: "Back to the list", onclick: () => close() }, icon("log")),
        element("button", { class: "quiet", type: "button", "aria-label": "Previous alert", title: "Previous alert (K)", onclick: () => step(-1) }, icon("back")),
        element("button", { class: "quiet", type: "button", "aria-label": "Next alert", title: "Next alert (J)", onclick: () => step(1) }, icon("next"))),
    ),
    pictures(one),
    settled ? outcome(one) : one.mine ? awaiting(one) : may("review") ? verdict() : message("Your role reads alerts and does not review them."),
    element("div", { class: "panel" }, measure(one, points.find((point) => point.name === one.operating_point), scale), facts(one)),
  );
}

/** Nobody can judge what is not there to be seen: the choice opens once both pictures are. */
async function openVerdict() {
  const panel = place.querySelector(".verdict");
  if (!panel) return;
  try {
    await Promise.all([...place.querySelectorAll(".comparison img")].map((image) => image.decode()));
    panel.querySelectorAll("button").forEach((button) => { button.disabled = false; });
  } catch {
    if (current?.subject_name !== null) panel.before(message("A picture cannot be shown, so there is nothing to judge.", "Open the alert again in a moment.", "bad"));
    else {
      panel.before(message("The person has withdrawn, so the pictures are destroyed.", "Reject the alert to close it.", "warn"));
      panel.querySelector("[data-verdict=reject]").disabled = false;
    }
  }
}

function verdict() {
  const note = element("input", { name: "note", maxlength: 500, autocomplete: "off", placeholder: "Why, if it helps others" });
  return element(
    "section", { class: "panel verdict", "aria-label": "Your verdict" },
    element("h2", {}, "Is this the same person?"),
    element("p", { class: "hint" }, "A confirmation takes two people who judge separately, so what others said is shown only after you. One rejection is enough."),
    element("div", { class: "choices" },
      element("button", { class: "primary", type: "button", disabled: true, "data-verdict": "confirm", onclick: () => review("confirm") }, icon("check"), "Confirm", element("kbd", {}, "C")),
      element("button", { class: "danger", type: "button", disabled: true, "data-verdict": "reject", onclick: () => review("reject") }, icon("cross"), "Reject", element("kbd", {}, "R")),
      element("label", { class: "field" }, element("span", {}, "Note, kept sealed with your verdict"), note)),
  );
}

const outcome = (one) => element("section", { class: "panel" }, element("h2", {}, one.status === "confirmed" ? "Confirmed by two people" : "Rejected"), said(one.given));

const awaiting = (one) => element(
  "section", { class: "panel" },
  element("h2", {}, "Waiting for a second reviewer"),
  element("p", { class: "hint" }, "You have said yes. Somebody else has to look at both pictures without knowing what you said; only then it is confirmed."),
  said(one.given),
);

async function review(verdictGiven) {
  if (busy || !current || current.mine || !place.querySelector(`[data-verdict=${verdictGiven}]:enabled`)) return;
  busy = true;
  place.querySelectorAll(".verdict button").forEach((button) => { button.disabled = true; });
  const { id } = current;
  const note = place.querySelector(".verdict [name=note]").value.trim() || null;
  try {
    const next = (await following()) ?? neighbour(-1);
    const given = await send("POST", `/alerts/${id}/reviews`, { verdict: verdictGiven, note });
    notify(SAID[(await alert(id)).status], `Log entry #${given.audit_index}.`);
    await fill();
    await open(next?.mine === false ? next.id : id);
  } catch (error) {
    complain(error);
    await open(id, { push: false });
  } finally {
    busy = false;
  }
}

function neighbour(by) {
  const at = list.findIndex((one) => one.id === current?.id);
  return at < 0 ? (by > 0 ? list[0] : null) : list[at + by];
}

/** The next one down the queue, from the page that comes next where this one ends. */
async function following() {
  if (!neighbour(1) && !older.hidden) await fill({ more: true });
  return neighbour(1);
}

async function step(by) {
  const to = by > 0 ? await following() : neighbour(by);
  if (to) open(to.id);
}

const KEYS = { c: () => review("confirm"), r: () => review("reject"), j: () => step(1), k: () => step(-1) };

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.target.closest("input, textarea, select, dialog")) return;
  KEYS[event.key.toLowerCase()]?.();
});

document.getElementById("alert-filter").addEventListener("click", (event) => {
  const chosen = event.target.closest("[data-filter]");
  if (!chosen) return;
  filter = chosen.dataset.filter;
  for (const tab of chosen.parentElement.children) tab.setAttribute("aria-selected", tab === chosen);
  list = [];
  queue.replaceChildren(element("li", {}, waiting(3, "card")));
  fill();
});
older.addEventListener("click", () => fill({ more: true }));
addEventListener("popstate", () => follow());
on("alert", fillSoon);
on("review", (changed) => {
  fill();
  // Somebody else's review of what lies here: shown once the reader has given theirs, or the alert is settled.
  const settled = changed.status === "confirmed" || changed.status === "rejected";
  if (changed.id === current?.id && !busy && (current.mine || settled)) open(changed.id, { push: false });
});
onReturn(() => fill());

function follow() {
  const id = new URLSearchParams(location.search).get("alert");
  return id ? open(id, { push: false }) : close({ push: false });
}

queue.replaceChildren(element("li", {}, waiting(4, "card")));
await follow();
await fill();
