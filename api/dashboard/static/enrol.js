// Enrolling a person: pictures and a consent, and the reason for every picture that was refused.

import { cameras } from "./camera.js";
import { searchedFor } from "./consent.js";
import { ConsentFields } from "./consent_fields.js";
import { element } from "./element.js";
import { added, enrolled } from "./enrolment.js";
import { chosenFace } from "./face_choice.js";
import { onSubmit } from "./form.js";
import { plural } from "./measure.js";
import { complain, failure, message, notify } from "./message.js";
import { PictureDrop } from "./picture_drop.js";

const form = document.getElementById("enrol");
const trouble = document.getElementById("enrol-error");
const refused = document.getElementById("refused");
const button = form.querySelector("[type=submit]");

const drop = new PictureDrop({
  drop: document.getElementById("drop"),
  input: document.getElementById("pictures"),
  strip: document.getElementById("strip"),
  onrefuse: (text, remedy) => notify(text, remedy, "warn"),
});
const consent = new ConsentFields(...await Promise.all([cameras().catch((error) => (complain(error), [])), searchedFor()]));
document.getElementById("consent-fields").replaceChildren(consent.node);

onSubmit(form, async () => {
  trouble.replaceChildren();
  refused.replaceChildren();
  drop.forgive();
  const missing = whatIsMissing();
  if (missing) return trouble.replaceChildren(message(missing, null, "bad"));
  const files = drop.files;
  button.disabled = true;
  button.textContent = `Looking at ${plural(files.length, "picture")}…`;
  try {
    const answer = await enrolled("/subjects", body(files));
    if (answer) done(answer);
  } catch (error) {
    refuse(error.refused ?? [], (picture, face) => drop.choose(picture, face));
    trouble.replaceChildren(error.refused ? message("No picture can be used, so nobody is enrolled.", "The reason stands below each.", "bad") : failure(error));
    trouble.scrollIntoView({ block: "center" });
  }
  button.disabled = false;
  button.textContent = "Enrol";
});

function whatIsMissing() {
  if (!form.elements.name.value.trim()) return "Say who it is.";
  if (!drop.files.length) return "Add at least one picture.";
  return consent.trouble();
}

function body(files) {
  const { purpose, cameras: places, valid_from: from, valid_until: until, times } = consent.value();
  const data = new FormData();
  data.set("name", form.elements.name.value.trim());
  data.set("purpose", purpose);
  data.set("cameras", places.join(","));
  if (from) data.set("valid_from", from);
  data.set("valid_until", until);
  data.set("times", JSON.stringify(times));
  data.set("evidence", consent.proof);
  for (const file of files) data.append("files", file);
  data.set("faces", drop.faces);
  return data;
}

/** Marks pictures that were refused. `chosen` gets a picture with several faces, and the number of the chosen one. */
function refuse(pictures, chosen) {
  for (const { picture: place, message: reason, listing } of pictures) {
    drop.refuse(Number(place), listing ? `${plural(listing.faces.length, "face")}: choose the one that is meant.` : reason, listing && (async (picture) => {
      const face = await chosenFace(picture.file, listing);
      if (face) await chosen(picture, face);
    }));
  }
}

function done({ subject, accepted, refused: turnedDown, warnings }) {
  const page = `/people/${subject.id}`;
  if (!turnedDown.length) return location.assign(page);
  refuse(turnedDown, (picture, face) => add(subject, picture, face));
  const link = element("a", { class: "button primary", href: page }, `Open ${subject.name}`);
  const box = message(`${subject.name} is enrolled with ${plural(accepted.length, "picture")}.`, `${plural(turnedDown.length, "picture was", "pictures were")} refused; the reason stands below each.`, "good");
  refused.replaceChildren(box, ...warnings.map((one) => message(one.message, one.remedy, "warn")));
  box.scrollIntoView({ block: "center" });
  form.querySelector(".form-foot").replaceChildren(link, element("a", { class: "button quiet", href: "/people/enrol" }, "Enrol another person"));
  form.querySelectorAll("input, .strip button:not(.choose)").forEach((input) => { input.disabled = true; });
}

/** Adds the chosen face of a picture to the person who is enrolled by now. */
async function add(subject, picture, face) {
  try {
    const answer = await added(subject.id, [picture.file], face);
    if (answer) drop.choose(picture, face);
  } catch (error) {
    complain(error.refused?.[0] ?? error);
  }
}
