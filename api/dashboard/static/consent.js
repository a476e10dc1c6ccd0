// A consent in words: what for, where, how long, and whether it holds now.

import { read } from "./api.js";
import { chip } from "./element.js";
import { dayOf, daysUntil, minuteOf } from "./moment.js";

const SOON = 30; // days
export const EVERYWHERE = "*";
export const UPLOAD = "upload";

/** What searches are made for here; null if that cannot be known now. */
export const searchedFor = () => read("/purposes").then((list) => new Set(list), () => null);

/**
 * Its state as a chip: it holds, ends soon, does not hold yet or any more. `searched`: what `searchedFor` told; by a
 * consent for anything else nobody is found.
 */
export function consentChip(consent, searched = null, now = Date.now()) {
  if (consent.withdrawn_at) return chip("Ended", "");
  const end = Date.parse(consent.valid_until);
  if (end <= now) return chip("Expired", "bad");
  if (Date.parse(consent.valid_from) > now) return chip("Not yet", "accent", "clock");
  if (searched && !searched.has(consent.purpose)) return chip("Not searched for", "warn", "warning");
  // Midnight belongs to the day before, as it does in `period`.
  const days = daysUntil(end - 1, now);
  if (days === 0) return chip(daysUntil(end, now) ? "Ends today" : `Ends today at ${minuteOf(consent.valid_until)}`, "warn", "clock");
  return days < SOON ? chip(`${days} d left`, "warn", "clock") : chip("Holds", "good", "check");
}

/** Whether it can be searched under now. */
export function holds(consent, now = Date.now()) {
  return !consent.withdrawn_at && Date.parse(consent.valid_from) <= now && now < Date.parse(consent.valid_until);
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
