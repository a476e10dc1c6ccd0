// Sending an enrolment, and asking where the gallery seems to hold the person under another name.

import { send } from "./api.js";
import { confirmed } from "./dialog.js";
import { element } from "./element.js";
import { called, pictureOf } from "./subject.js";
import { may } from "./viewer.js";

/**
 * Sends it. If another person is alike, shows who that is, and sends it again if it is somebody else. Resolves to the
 * answer, or to null if it was not wanted then.
 */
export async function enrolled(path, body) {
  let { answer, duplicates } = await sent(path, body);
  const acknowledged = [];
  while (duplicates) {
    acknowledged.push(...duplicates.map((one) => one.subject_id));
    body.set("acknowledged", acknowledged.join(","));
    const wanted = await confirmed({
      title: "Already enrolled?", verb: "It is somebody else: enrol",
      text: ["The pictures look like somebody who is in the gallery. If it is the same person, cancel, and add the pictures there.",
        ...duplicates.map(shown)],
      // Others may be found now who came meanwhile: they are asked about in their turn.
      act: async () => { ({ answer, duplicates } = await sent(path, body)); },
    });
    if (!wanted) return null;
  }
  return answer;
}

/** The answer, or the people whom the gallery seems to hold already. */
async function sent(path, body) {
  try {
    return { answer: await send("POST", path, body) };
  } catch (error) {
    if (!error.duplicates) throw error;
    return { duplicates: error.duplicates };
  }
}

/** Adds pictures to a person. `face`: which one is meant, where it is one picture with several. */
export function added(subject, files, face = null) {
  const body = new FormData();
  for (const file of files) body.append("files", file);
  if (face) body.set("faces", face);
  return enrolled(`/subjects/${subject}/references`, body);
}

function shown(one) {
  const picture = may("pictures") && element("img", { src: pictureOf({ id: one.reference_id }), alt: "", width: 96, height: 96 });
  const name = called({ id: one.subject_id, name: one.name });
  return element("span", { class: "person-cell" }, picture, element("span", {},
    element("a", { href: `/people/${one.subject_id}`, target: "_blank" }, name), element("br"),
    element("small", {}, `Dissimilarity ${one.dissimilarity.toFixed(3)}${one.stands_for ? `: ${one.stands_for}` : ""}`)));
}
