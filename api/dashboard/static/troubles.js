// What is wrong with the service as a whole, at the head of every page for as long as it is.

import { troubles } from "./api.js";
import { message } from "./message.js";
import { resumeButton } from "./resumption.js";
import { may } from "./viewer.js";

const EVERY = 10_000; // ms
const HARMLESS = new Set([
  "disk_low",
  "followers_behind",
  "operating_point_other_model",
  "operating_point_no_evidence",
]); // searches are made

export function followTroubles(place) {
  let shown = "[]";
  const look = async () => {
    // Another part of the page shows that the service cannot be reached.
    const found = await troubles().catch((error) => (error.status ? [error] : []));
    const now = JSON.stringify(found.map(({ code }) => code));
    if (now === shown) return; // what is read aloud is read once
    shown = now;
    place.replaceChildren(...found.map((trouble) => shownTrouble(trouble, look)));
  };
  look();
  setInterval(look, EVERY);
}

function shownTrouble({ code, message: text, remedy }, look) {
  const shown = message(text, remedy, HARMLESS.has(code) ? "warn" : "bad");
  if (code === "clock_set_back" && may("log_resume")) shown.append(resumeButton(text, look));
  return shown;
}
