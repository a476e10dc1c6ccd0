// A consent in words: what for, where, how long, and whether it holds now.

import { chip } from "./element.js";
import { dayOf } from "./moment.js";

const DAY = 86_400_000;
const SOON = 30; // days
export const EVERYWHERE = "*";
export const UPLOAD = "upload";

/** "running", "ends soon", "not yet", "expired" or "withdrawn", as a chip. */
export function consentChip(consent, now = Date.now()) {
  if (consent.withdrawn_at) return chip("Withdrawn", "");
  const left = (Date.parse(consent.valid_until) - now) / DAY;
  if (left <= 0) return chip("Expired", "bad");
  if (Date.parse(consent.valid_from) > now) return chip("Not yet", "accent", "clock");
  if (left < SOON) return chip(left < 1 ? "Ends today" : `${Math.floor(left)} d left`, "warn", "clock");
  return chip("Holds", "good", "check");
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
