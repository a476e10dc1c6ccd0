// One person: what they agreed to, their pictures, and the way out.

import { send } from "./api.js";
import { cameras, namer } from "./camera.js";
import { active, consentChip, hours, period, places, searchedFor } from "./consent.js";
import { ConsentFields } from "./consent_fields.js";
import { confirmed } from "./dialog.js";
import { sha256 } from "./digest.js";
import { chip, element, icon } from "./element.js";
import { added } from "./enrolment.js";
import { chosenFace } from "./face_choice.js";
import { onSubmit } from "./form.js";
import { plural } from "./measure.js";
import { complain, empty, failure, message, notify, waiting } from "./message.js";
import { stamp } from "./moment.js";
import { called, face, pictureOf, subject } from "./subject.js";
import { may } from "./viewer.js";

const place = document.getElementById("person");
const id = location.pathname.split("/")[2];
const writes = may("subjects_write");
const PICTURES = "image/jpeg,image/png,image/webp,image/heic,image/heif,image/avif,.heic,.heif,.avif";
let list = [];
let searched = null;

async function show() {
  try {
    const detail = await subject(id);
    searched = await searchedFor();
    document.title = `${called(detail.subject)} · Clearglass`;
    place.replaceChildren(laidOut(detail));
  } catch (error) {
    place.replaceChildren(failure(error));
  }
  place.removeAttribute("aria-busy");
}

function laidOut({ subject: one, consents, references }) {
  const gone = one.withdrawn_at !== null;
  return element(
    "div", { class: "person" },
    element("header", { class: "person-head" },
      face(references[0]),
      element("div", {}, element("h1", {}, called(one)), element("p", { class: "hint" }, "In the log as ", element("code", {}, one.id), " since ", stamp(one.created_at))),
      gone ? chip("Withdrawn") : null,
      writes && !gone ? element("button", { class: "danger", type: "button", onclick: () => withdraw(one) }, icon("erase"), "Withdraw") : null),
    gone ? message("This person has withdrawn.", "Name, pictures and templates are destroyed. The consents below stay as the record of what was agreed.") : null,
    gone ? null : waits(consents),
    gone ? null : unused(consents),
    agreed(consents, gone),
    gone ? null : gallery(references),
  );
}

/** Where no consent holds now. */
function waits(consents) {
  if (consents.some(({ holds }) => holds)) return null;
  const [next] = consents.filter(active).map((consent) => consent.changes_at).filter(Boolean).sort();
  if (!next) return message("No consent holds at this moment.", "No search finds this person until one does.", "warn");
  return message("It is outside the hours of the consents.", ["No search finds this person before ", stamp(next), "."]);
}

/** Where nothing is searched for what the person agreed to. */
function unused(consents) {
  const running = consents.filter(active);
  if (!searched || !running.length || running.some(({ purpose }) => searched.has(purpose))) return null;
  const purposes = [...new Set(running.map(({ purpose }) => `“${purpose}”`))].join(" or ");
  return message(`No camera searches for ${purposes}, and no search of late did.`, "No search finds this person until one does. If the purpose is misspelt, add the right consent and end this one.", "warn");
}

function agreed(consents, gone) {
  const cameraName = namer(list);
  const rows = consents.map((consent) => element("tr", {},
    element("td", { class: "fit", "data-label": "State" }, consentChip(consent, searched)),
    element("td", { "data-label": "Purpose" }, consent.purpose),
    element("td", { "data-label": "Where" }, places(consent, cameraName)),
    element("td", { "data-label": "When" }, ...hours(consent)),
    element("td", { "data-label": "Period" }, period(consent)),
    element("td", { "data-label": "Proof" }, element("code", { title: `SHA-256 ${consent.evidence_digest}` }, `${consent.evidence_digest.slice(0, 12)}…`)),
    element("td", { class: "fit" }, element("div", { class: "buttons" },
      writes && !gone && !consent.withdrawn_at ? element("button", { class: "quiet danger", type: "button", onclick: () => end(consent) }, "End") : null))));
  const form = element("div", { class: "slot" });
  return element("section", { class: "panels" },
    element("div", { class: "panel-head" }, element("h2", {}, "Consents"),
      writes && !gone ? element("button", { type: "button", onclick: () => form.replaceChildren(consentForm(form)) }, icon("plus"), "Add a consent") : null),
    form,
    element("table", { class: "table folds" },
      element("thead", {}, element("tr", {}, ...["State", "Purpose", "Where", "When", "Period", "Proof"].map((text) => element("th", { scope: "col" }, text)), element("th", { scope: "col" }, element("span", { class: "hidden" }, "Actions")))),
      element("tbody", {}, ...rows)));
}

function consentForm(slot) {
  const fields = new ConsentFields(list, searched);
  const trouble = element("div", { class: "form-error", role: "alert" });
  const form = element("form", { class: "panel", novalidate: true }, fields.node, trouble,
    element("div", { class: "form-foot" }, element("button", { class: "primary", type: "submit" }, "Record the consent"),
      element("button", { class: "quiet", type: "button", onclick: () => slot.replaceChildren() }, "Cancel")));
  onSubmit(form, async () => {
    const missing = fields.trouble();
    if (missing) return trouble.replaceChildren(message(missing, null, "bad"));
    try {
      const { warnings } = await send("POST", `/subjects/${id}/consents`, { ...fields.value(), evidence_digest: await sha256(fields.proof) });
      notify("The consent is recorded.");
      for (const one of warnings) notify(one.message, one.remedy, "warn");
      await show();
    } catch (error) {
      trouble.replaceChildren(failure(error));
    }
  });
  return form;
}

function gallery(references) {
  const input = element("input", { class: "hidden", type: "file", accept: PICTURES, multiple: true, id: "more", onchange: () => add([...input.files]) });
  const outcome = element("div", { class: "refusals slot", id: "added" });
  const items = references.map((reference) => element("li", {},
    may("pictures") ? element("img", { src: pictureOf(reference), alt: "Enrolled picture", loading: "lazy", width: 112, height: 112 }) : icon("person"),
    element("span", { title: `Quality score ${reference.quality.score.toFixed(2)}, from 0 to 1` }, `Eyes ${Math.round(reference.quality.eye_distance)} px apart`)));
  return element("section", { class: "panels" },
    element("div", { class: "panel-head" }, element("h2", {}, plural(references.length, "picture")),
      writes ? element("label", { class: "button", for: "more" }, icon("plus"), "Add pictures", input) : null),
    outcome,
    references.length ? element("ul", { class: "strip" }, ...items) : empty("person", "No picture", "Add one, so that a search can find this person."));
}

/** Adds pictures; `face`: which of its faces is meant, where it is one picture that has several. */
async function add(files, face = null) {
  let refused;
  try {
    const answer = await added(id, files, face);
    if (!answer) return;
    await show();
    if (answer.accepted.length) notify(`${plural(answer.accepted.length, "picture")} added.`);
    refused = answer.refused;
  } catch (error) {
    if (!error.refused) return document.getElementById("added").replaceChildren(failure(error));
    refused = error.refused;
  }
  document.getElementById("added").replaceChildren(...refused.map((one) => notUsed(one, files[Number(one.picture) - 1])));
}

function notUsed({ message: reason, listing }, file) {
  const box = message(`${file.name} is not used.`, listing ? `${plural(listing.faces.length, "face")}: choose the one that is meant.` : reason, "warn");
  if (listing) box.append(element("button", { type: "button", onclick: () => choose(file, listing) }, "Choose the face"));
  return box;
}

async function choose(file, listing) {
  const face = await chosenFace(file, listing);
  if (face) await add([file], face);
}

async function end(consent) {
  const done = await confirmed({
    title: "End this consent?", verb: "End the consent",
    text: `From now on no search for “${consent.purpose}” finds this person by it. The record stays, and the log holds the end.`,
    act: () => send("DELETE", `/consents/${consent.id}`),
  });
  if (done) await show().catch(complain);
}

async function withdraw(one) {
  const done = await confirmed({
    title: `Withdraw ${called(one)}?`, verb: "Withdraw for good", typed: called(one),
    text: ["Name, pictures and templates are destroyed at once, and no search finds this person again. This cannot be undone.",
      "The log keeps the pseudonym, the consents and the proof that this was done."],
    act: () => send("DELETE", `/subjects/${id}`),
  });
  if (!done) return;
  notify("Withdrawn.", "Everything that could recognise this person is destroyed.");
  await show();
}

place.replaceChildren(waiting(3));
list = await cameras().catch(() => []);
await show();
