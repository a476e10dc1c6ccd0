// An enrolled person as the API gives them.

import { address, read } from "./api.js";
import { element, icon } from "./element.js";
import { may } from "./viewer.js";

export const PAGE = 100;
export const subjects = (offset = 0) => read(`/subjects?withdrawn=true&limit=${PAGE}&offset=${offset}`);
export const subject = (id) => read(`/subjects/${id}`);

/** The name, or for roles that may not know it the beginning of the pseudonym the log uses. */
export const called = (one) => one.name ?? (one.withdrawn_at ? "Withdrawn person" : `Person ${one.id.slice(0, 8)}`);

export const pictureOf = (reference) => address(`/references/${reference.id}/picture`);

/** A small round face, or a blank where there is none to show. */
export function face(reference = null) {
  if (!reference || !may("pictures")) return element("span", { class: "face blank" }, icon("person"));
  return element("img", { class: "face", src: pictureOf(reference), alt: "", width: 40, height: 40 });
}
