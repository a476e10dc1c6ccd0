// A consent in words: what for, where, when, how long, and how it stands now, which the service says.

import { read } from "./api.js";
import { chip, element } from "./element.js";
import { dayOf, daysUntil, minuteOf } from "./moment.js";

const SOON = 30; // days
export const EVERYWHERE = "*";
export const UPLOAD = "upload";

/** What searches are made for here; null if that cannot be known now. */
export const searchedFor = () => read("/purposes").then((list) => new Set(list), () => null);

const STATES = {
  withdrawn: () => chip("Ended", ""),
  expired: () => chip("Expired", "bad"),
  pending: () => chip("Not yet", "accent", "clock"),
};

/**
 * Its state as a chip: it holds, ends soon, does not hold yet, at this hour or any more. `searched`: what `searchedFor`
 * gave; by a consent for anything else nobody is found.
 */
export function consentChip(consent, searched = null, now = Date.now()) {
  if (!active(consent)) return STATES[consent.state]();
  if (searched && !searched.has(consent.purpose)) return chip("Not searched for", "warn", "warning");
  if (!consent.holds) return chip("Outside its hours", "accent", "clock");
  // Midnight belongs to the day before, as it does in `period`.
  const end = Date.parse(consent.valid_until);
  const days = daysUntil(end - 1, now);
  if (days <= 0) return chip(daysUntil(end, now) ? "Ends today" : `Ends today at ${minuteOf(consent.valid_until)}`, "warn", "clock");
  return days < SOON ? chip(`${days} d left`, "warn", "clock") : chip("Holds", "good", "check");
}

/** Whether it is in force, whatever the hour. */
export const active = (consent) => consent.state === "active";

/** At which hours it holds, and by whose clocks they are read. */
export function hours(consent) {
  if (!consent.hours) return ["At all hours"];
  return [consent.hours.replaceAll("-", "–"), element("small", { class: "hint" }, ` ${consent.time_zones.join(", ")}`)];
}

/** Where it holds. */
export function places(consent, cameraName) {
  if (consent.cameras.includes(EVERYWHERE)) return "All cameras and uploads";
  return consent.cameras.map(cameraName).join(", ");
}

/** "22 Nov 2026 – 21 Nov 2027". The end is given without its own moment, so midnight belongs to the day before. */
export function period(consent) {
  const last = new Date(Date.parse(consent.valid_until) - 1).toISOString();
  return `${dayOf(consent.valid_from)} – ${dayOf(last)}`;
}
