// Enrolling a person: pictures and a consent, and the reason for every picture that was refused.

import { send } from "./api.js";
import { cameras } from "./camera.js";
import { ConsentFields } from "./consent_fields.js";
import { element } from "./element.js";
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
const consent = new ConsentFields(await cameras().catch((error) => (complain(error), [])));
document.getElementById("consent-fields").replaceChildren(consent.node);

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  trouble.replaceChildren();
  refused.replaceChildren();
  drop.forgive();
  const missing = whatIsMissing();
  if (missing) return trouble.replaceChildren(message(missing, null, "bad"));
  const files = drop.files;
  button.disabled = true;
  button.textContent = `Looking at ${plural(files.length, "picture")}…`;
  try {
    done(await send("POST", "/subjects", body(files)));
  } catch (error) {
    trouble.replaceChildren(failure(error));
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
  const { purpose, cameras: places, valid_from: from, valid_until: until } = consent.value();
  const data = new FormData();
  data.set("name", form.elements.name.value.trim());
  data.set("purpose", purpose);
  data.set("cameras", places.join(","));
  if (from) data.set("valid_from", from);
  data.set("valid_until", until);
  data.set("evidence", consent.proof);
  for (const file of files) data.append("files", file);
  return data;
}

function done({ subject, accepted, refused: turnedDown }) {
  const page = `/people/${subject.id}`;
  if (!turnedDown.length) return location.assign(page);
  for (const one of turnedDown) drop.refuse(Number(one.picture), one.message);
  const link = element("a", { class: "button primary", href: page }, `Open ${subject.name}`);
  const box = message(`${subject.name} is enrolled with ${plural(accepted.length, "picture")}.`, `${plural(turnedDown.length, "picture was", "pictures were")} refused; the reason stands below each.`, "good");
  refused.replaceChildren(box);
  box.scrollIntoView({ block: "center" });
  form.querySelector(".form-foot").replaceChildren(link, element("a", { class: "button quiet", href: "/people/enrol" }, "Enrol another person"));
  form.querySelectorAll("input, .strip button").forEach((input) => { input.disabled = true; });
}
