// An entry of the audit log: its kind, what it says in a line, and all it holds.

import { read } from "./api.js";
import { sha256 } from "./digest.js";
import { element } from "./element.js";
import { may } from "./viewer.js";

export const KINDS = {
  request: ["Search", "accent"],
  outcome: ["Outcome", "accent"],
  alert: ["Alert", "warn"],
  review: ["Review", "good"],
  enrolment: ["Enrolment", ""],
  withdrawal: ["Withdrawal", "warn"],
  erasure: ["Erasure", "warn"],
  consent: ["Consent", ""],
  declaration: ["Declaration", ""],
  model: ["Model", ""],
  camera: ["Camera", ""],
  key: ["Key", "warn"],
  clock: ["Clock", "warn"],
  account: ["Account", ""],
  credential: ["Credential", ""],
  login: ["Login", ""],
  log_read: ["Log read", ""],
  gallery_read: ["Gallery read", ""],
  start: ["Start", ""],
  stop: ["Stop", ""],
  failure: ["Failure", "bad"],
};

/** A page of entries, newest first: those below `before`, or the newest of all. */
export function entries({ before = null, limit, kind = "" }) {
  const query = new URLSearchParams({ limit, newest: "true" });
  if (before !== null) query.set("before", before);
  if (kind) query.set("kind", kind);
  return read(`/log/entries?${query}`);
}

/** One entry. */
export const one = (index) => read(`/log/entries/${index}`);

/** Its hash in the tree (RFC 6962), made here from the bytes the service gave. */
export async function leafHash({ leaf }) {
  const bytes = Uint8Array.from(atob(leaf), (letter) => letter.charCodeAt(0));
  return sha256(new Blob([new Uint8Array([0]), bytes])).catch((error) => error.message);
}

/** The number of an entry, as a link for those who may read the log. */
export function entryLink(index) {
  return may("log_read") ? element("a", { class: "mono", href: `/log?entry=${index}` }, `#${index}`) : element("span", { class: "mono" }, `#${index}`);
}

const SAYS = {
  request: (body) => [body.search, "by", body.actor, "for", body.purpose, body.case_reference && `(${body.case_reference})`],
  outcome: (body) => [`search #${body.request}:`, ...(body.searched === 0 ? ["nobody was in scope"] : [found(body), "of", body.searched, "in scope"])],
  alert: (body) => ["about person", body.subject, "from", body.camera, `by search #${body.request}`],
  review: (body) => [body.actor, body.verdict === "confirm" ? "confirms" : "rejects", "alert", body.alert],
  enrolment: (body) => ["person", body.subject, "by", body.actor],
  withdrawal: (body) => ["person", body.subject, "by", body.actor],
  erasure: (body) => ["person", body.subject],
  consent: (body) => [body.action, "for person", body.subject, "by", body.actor],
  declaration: (body) => ["of groups", body.action, "for person", body.subject, "by", body.actor],
  camera: (body) => [body.name, body.action, "by", body.actor, body.certificate === "unverified" && "(certificate not verified)"],
  key: (body) => [body.action, body.key, ...(body.actor ? ["by", body.actor] : [])],
  clock: (body) => ["log resumed, which had come to", body.last_time, "by", body.actor],
  account: (body) => [body.action, body.account, "by", body.actor],
  credential: (body) => [body.action, body.account, "by", body.actor],
  login: (body) => [body.action, body.account],
  log_read: (body) => ["by", body.actor],
  gallery_read: (body) => [`${seen(body)}, by`, body.actor],
  failure: (body) => [body.code, body.request !== undefined && `of search #${body.request}`],
};

/** What an entry says, in a line, with names for ids where there are some. */
export function summary({ kind, body }, names = new Map()) {
  const parts = SAYS[kind]?.(body) ?? [];
  const line = parts.filter((part) => part !== undefined && part !== null && part !== false).join(" ");
  return line.replaceAll("_", " ").replace(UUID, (id, head) => names.get(id) ?? head);
}

const UUID = /([0-9a-f]{8})-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;

function found({ candidates, mated }) {
  if (mated !== undefined) return mated ? "mated," : "not mated,";
  return candidates.length === 0 ? "nobody" : candidates.length === 1 ? "1 candidate" : `${candidates.length} candidates`;
}

const SEEN = { names: "names", reference_pictures: "enrolled pictures", alert_pictures: "pictures of alerts" };

const seen = (body) => Object.entries(body.seen).map(([what, count]) => `${SEEN[what] ?? what}: ${count}`).join(", ");

/** Everything an entry holds, nested values by their path. */
export function fields(body, path = "") {
  return Object.entries(body).flatMap(([key, value]) =>
    value !== null && typeof value === "object" && Object.keys(value).length ? fields(value, `${path}${key}.`) : [[path + key, plain(value)]],
  );
}

const plain = (value) => (value !== null && typeof value === "object" ? JSON.stringify(value) : String(value ?? "–"));
