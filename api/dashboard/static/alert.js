// An alert as the API gives it, and what the pages ask of it.

import { address, read } from "./api.js";
import { may, viewer } from "./viewer.js";

export const PAGE = 50; // alerts fetched at once

export const STATUS = {
  open: { label: "To review", tone: "warn" },
  awaiting_second: { label: "2nd reviewer", tone: "accent" },
  confirmed: { label: "Confirmed", tone: "good" },
  rejected: { label: "Rejected", tone: "" },
};

/** Alerts of one status, newest first. `before`: the id to go on after; `limit`: at most 500. */
export function alerts(status, before = null, limit = PAGE) {
  const query = new URLSearchParams({ status, limit });
  if (before) query.set("before", before);
  return read(`/alerts?${query}`);
}

/** How many alerts of each status there are, as the reader may see it. */
export const counts = () => read("/alerts/counts");

export const alert = (id) => read(`/alerts/${id}`);
export const reviews = (id) => read(`/alerts/${id}/reviews`);

/** How many alerts nobody has settled yet. */
export const unsettledOf = (count) => count.open + count.awaiting_second;

/** How many of them wait for a review: to a reviewer only their own. */
export const waitingOf = (count) => (may("review") ? count.open : unsettledOf(count));

/**
 * Alerts that nobody has settled yet, `limit` of them, those that nobody has confirmed yet before the others. `after`:
 * the last one of the page before. `mine` is set where the reader has done their part.
 */
export async function unsettled(after = null, limit = PAGE) {
  const second = after?.status === "awaiting_second";
  const open = second ? [] : await alerts("open", after?.id, limit);
  const rest = limit - open.length;
  const awaiting = rest > 0 ? await alerts("awaiting_second", second ? after.id : null, rest) : [];
  // To a reviewer what awaits a second is what they have confirmed themselves: anything else is open to them.
  return [...open.map((one) => ({ ...one, mine: false })), ...awaiting.map((one) => ({ ...one, mine: may("review") }))];
}

export const isMine = (review) => review.reviewer === `user:${viewer.id}`;

/** The person's name, or where the reader may not know it the beginning of the pseudonym the log uses. */
export const nameOf = (one) => one.subject_name ?? `Person ${one.subject_id.slice(0, 8)}`;

/** The camera's name; of one that was removed, the beginning of its id. */
export const placeOf = (one) => one.camera_name ?? `Camera ${one.camera_id.slice(0, 8)}`;

export const probeOf = (one) => address(`/alerts/${one.id}/probe.jpg`);
export const referenceOf = (one) => address(`/alerts/${one.id}/reference.jpg`);
