// An alert as the API gives it, and what the pages ask of it.

import { address, read } from "./api.js";
import { on, onReturn } from "./stream.js";
import { viewer } from "./viewer.js";

const LIMIT = 50;

export const STATUS = {
  open: { label: "To review", tone: "warn" },
  awaiting_second: { label: "2nd reviewer", tone: "accent" },
  confirmed: { label: "Confirmed", tone: "good" },
  rejected: { label: "Rejected", tone: "" },
};

/** Alerts of one status, newest first. `before`: the id to go on after. */
export function alerts(status, before = null) {
  const query = new URLSearchParams({ limit: LIMIT });
  if (status) query.set("status", status);
  if (before) query.set("before", before);
  return read(`/alerts?${query}`);
}

export const alert = (id) => read(`/alerts/${id}`);
export const reviews = (id) => read(`/alerts/${id}/reviews`);

/** Alerts that somebody still has to look at, with `mine` set where the reader has done their part. */
export async function unsettled() {
  const [open, second] = await Promise.all([alerts("open"), alerts("awaiting_second")]);
  const mine = await Promise.all(second.map((one) => reviewedByMe(one.id)));
  const all = [...open.map((one) => ({ ...one, mine: false })), ...second.map((one, at) => ({ ...one, mine: mine[at] }))];
  // What the reader is done with stands last.
  return all.sort((one, other) => one.mine - other.mine || other.raised_at.localeCompare(one.raised_at));
}

/** Alerts that wait for the reader. */
export const pending = () => unsettled().then((all) => all.filter((one) => !one.mine));

export const isMine = (review) => review.reviewer === `user:${viewer.id}`;

/** The person's name, or where the reader may not know it the beginning of the pseudonym the log uses. */
export const nameOf = (one) => one.subject_name ?? `Person ${one.subject_id.slice(0, 8)}`;

/** The camera's name; of one that was removed, the beginning of its id. */
export const placeOf = (one) => one.camera_name ?? `Camera ${one.camera_id.slice(0, 8)}`;

export const probeOf = (one) => address(`/alerts/${one.id}/probe.jpg`);
export const referenceOf = (one) => address(`/alerts/${one.id}/reference.jpg`);

const done = new Map(); // alert id → whether the reader has reviewed it

async function reviewedByMe(id) {
  if (!done.has(id)) done.set(id, (await reviews(id)).some(isMine));
  return done.get(id);
}

/** Asks anew next time: the reader has just reviewed it. */
export const forget = (id) => done.delete(id);

on("review", ({ id }) => forget(id));
onReturn(() => done.clear());
