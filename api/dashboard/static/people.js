// Everybody enrolled, with the state of their consents.

import { cameras, namer } from "./camera.js";
import { active, consentChip, places, searchedFor } from "./consent.js";
import { chip, element, icon } from "./element.js";
import { plural } from "./measure.js";
import { empty, failure, waiting } from "./message.js";
import { dayOf } from "./moment.js";
import { called, face, PAGE, subject, subjects } from "./subject.js";
import { may } from "./viewer.js";

const place = document.getElementById("people");
const search = document.getElementById("people-search");
const summary = document.getElementById("people-summary");
const AGAIN = 3000; // milliseconds after which a row that could not be filled is requested again
const rows = new Map(); // subject id → <tr>
let cameraName = namer([]);
let searched = null;

function row(one) {
  const withdrawn = one.withdrawn_at !== null;
  const node = element(
    "tr", { "data-subject": one.id, "data-name": called(one).toLowerCase() },
    element("td", {}, element("div", { class: "person-cell" }, face(), element("div", {},
      element("a", { class: "row", href: `/people/${one.id}` }, called(one)),
      element("small", {}, withdrawn ? `withdrawn ${dayOf(one.withdrawn_at)}` : `enrolled ${dayOf(one.created_at)}`)))),
    element("td", { "data-label": "Consent" }, withdrawn ? chip("Withdrawn") : ""),
    element("td", { "data-label": "Purpose" }),
    element("td", { "data-label": "Where" }),
    element("td", { class: "fit end", "data-label": "Pictures" }),
  );
  if (!withdrawn) inView.observe(node);
  return node;
}

// Details are asked for as rows come into view: a gallery may hold thousands.
const inView = new IntersectionObserver((seen) => {
  for (const { target, isIntersecting } of seen) {
    if (!isIntersecting) continue;
    inView.unobserve(target);
    subject(target.dataset.subject).then((detail) => fillRow(target, detail)).catch((error) => {
      const passing = error.status === 0 || error.status === 429 || error.status >= 500;
      if (passing) setTimeout(() => inView.observe(target), AGAIN);
    });
  }
}, { rootMargin: "200px" });

function fillRow(node, { consents, references }) {
  const [who, state, purpose, where, count] = node.cells;
  const running = consents.filter(active);
  const best = running.find((consent) => searched?.has(consent.purpose)) ?? running[0] ?? consents[0];
  who.querySelector(".face").replaceWith(face(references[0]));
  state.replaceChildren(best ? consentChip(best, searched) : chip("None", "bad"));
  purpose.textContent = [...new Set((running.length ? running : consents).map((consent) => consent.purpose))].join(", ");
  where.textContent = best ? places(best, cameraName) : "";
  count.textContent = references.length;
}

function table() {
  const heads = ["Person", "Consent", "Purpose", "Where"].map((text) => element("th", { scope: "col" }, text));
  return element("table", { class: "table folds" },
    element("thead", {}, element("tr", {}, ...heads, element("th", { scope: "col", class: "fit end" }, "Pictures"))),
    element("tbody", {}, ...rows.values()));
}

const nobody = () => empty("people", "Nobody is enrolled", "Only people enrolled here, with a consent that holds, can be found by a search. Everybody else stays a box.",
  may("subjects_write") && element("a", { class: "button primary", href: "/people/enrol" }, icon("plus"), "Enrol the first person"));

function sift() {
  const wanted = search.value.trim().toLowerCase();
  for (const node of rows.values()) node.hidden = !node.dataset.name.includes(wanted);
}

async function load() {
  for (let offset = 0; ; offset += PAGE) {
    const list = await subjects(offset);
    for (const one of list) rows.set(one.id, row(one));
    if (list.length < PAGE) break;
  }
  const active = [...rows.values()].filter((node) => !node.querySelector("small").textContent.startsWith("withdrawn")).length;
  summary.textContent = rows.size ? `${plural(active, "person", "people")} enrolled, ${rows.size - active} withdrawn` : "";
  place.replaceChildren(rows.size ? table() : nobody());
  sift();
}

search.addEventListener("input", sift);
place.replaceChildren(waiting(4));
try {
  searched = await searchedFor();
  cameraName = namer(await cameras().catch(() => []));
  await load();
} catch (error) {
  place.replaceChildren(failure(error));
}
place.removeAttribute("aria-busy");
