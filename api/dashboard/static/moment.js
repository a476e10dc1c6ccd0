// Points in time and spans of it, in words. Shown in the reader's own zone, with UTC in the tooltip.

import { element } from "./element.js";

const SECOND = 1000;
const STEPS = [[60, 1, "s"], [3600, 60, "min"], [86400, 3600, "h"], [Infinity, 86400, "d"]];
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const minute = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });

/** "7 s", "42 s", "3 min", "5 h", "12 d". */
export function span(seconds) {
  const [, unit, name] = STEPS.find(([limit]) => seconds < limit);
  return `${Math.floor(seconds / unit)} ${name}`;
}

/** The same with tenths of a second below ten: "0.1 s". */
export const fineSpan = (seconds) => (seconds < 10 ? `${Math.max(0, seconds).toFixed(1)} s` : span(seconds));

/** "just now", "3 min ago". */
export function ago(iso, now = Date.now()) {
  const seconds = (now - Date.parse(iso)) / SECOND;
  return seconds < 5 ? "just now" : `${span(seconds)} ago`;
}

/** How many midnights lie between two moments, in the reader's own zone: 0 on the same day. */
export function daysUntil(later, now = Date.now()) {
  return Math.round((midnightBefore(later) - midnightBefore(now)) / (86_400 * SECOND)); // rounded: days with 23 or 25 h
}

const midnightBefore = (moment) => new Date(moment).setHours(0, 0, 0, 0);

export const dayOf = (iso) => day.format(new Date(iso));
export const clockOf = (iso) => clock.format(new Date(iso));
export const minuteOf = (iso) => minute.format(new Date(iso));

/** A <time> with the day and the clock. */
export function stamp(iso) {
  return element("time", { datetime: iso, title: new Date(iso).toISOString() }, `${dayOf(iso)}, ${clockOf(iso)}`);
}

/** A <time> with the clock only. */
export function tick(iso) {
  return element("time", { datetime: iso, title: new Date(iso).toISOString() }, clockOf(iso));
}

/** A <time> that says how long ago, and goes on saying it. */
export function since(iso) {
  return element("time", { datetime: iso, title: stamp(iso).textContent, "data-since": iso }, ago(iso));
}

setInterval(() => {
  for (const node of document.querySelectorAll("[data-since]")) node.textContent = ago(node.dataset.since);
}, 5 * SECOND);
