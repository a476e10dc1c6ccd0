// Which face of a picture is meant: the picture with its faces numbered, and a list to choose from.

import { confirmed } from "./dialog.js";
import { element } from "./element.js";
import { REASONS } from "./reason.js";

const WIDEST = 416; // pixels, what a dialog has room for
const PLATE = 20; // pixels, the height of a face's number

/** Resolves to the number of the chosen face, or to null. listing: a picture's faces as the API lists them. */
export async function chosenFace(file, listing) {
  const canvas = element("canvas", { "aria-hidden": true });
  const options = listing.faces.map((face) => element("label", {},
    element("input", { type: "radio", name: "face", value: face.index, required: true, disabled: face.reasons.length > 0 }),
    ` Face ${face.index}: ${words(face)}`));
  // A picture that the browser cannot decode is chosen from by the list alone.
  await drawn(canvas, file, listing).catch(() => canvas.remove());
  const list = element("span", { role: "radiogroup", "aria-label": "Faces" }, ...options.flatMap((option) => [option, element("br")]));
  let chosen = null;
  await confirmed({
    title: "Which face is meant?", verb: "Use this face", text: [canvas, list],
    act: async () => {
      const face = list.querySelector(":checked");
      if (!face) throw Object.assign(new Error("None of these faces may be used."), { remedy: "Use another picture." });
      chosen = Number(face.value);
    },
  });
  return chosen;
}

function words({ reasons, eye_distance: eyes }) {
  return reasons.length ? reasons.map((reason) => REASONS[reason] ?? reason).join(", ") : `eyes ${Math.round(eyes)} px apart`;
}

async function drawn(canvas, file, { width, height, faces }) {
  const bitmap = await createImageBitmap(file);
  const scale = WIDEST / width;
  Object.assign(canvas, { width: WIDEST, height: Math.round(height * scale) });
  canvas.style.maxWidth = "100%";
  const pen = canvas.getContext("2d");
  pen.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  Object.assign(pen, { lineWidth: 2, strokeStyle: "#5fe0d4", font: "650 14px sans-serif" });
  for (const { index, box } of faces) {
    const [left, top, wide, high] = [box.x, box.y, box.width, box.height].map((length) => length * scale);
    pen.strokeRect(left, top, wide, high);
    const plate = Math.max(0, top - PLATE); // above the face, so that it stays in view
    pen.fillStyle = "#07544f";
    pen.fillRect(left, plate, 10 + 9 * String(index).length, PLATE);
    pen.fillStyle = "#ffffff";
    pen.fillText(index, left + 5, plate + 15);
  }
}
