// Pictures chosen or dropped, shown small, each to be taken out again; and in each the face that is meant.

import { element, icon } from "./element.js";

const TYPES = ["image/jpeg", "image/png", "image/webp", "image/heic", "image/heif", "image/avif"];
const UNTYPED = /\.(heic|heif|avif)$/i; // of these many browsers do not know the type
const MOST = 20;
const LARGEST = 20e6; // bytes; the service takes a little more
const TOGETHER = 100e6;
const THUMBNAIL = 224;

export class PictureDrop {
  constructor({ drop, input, strip, onrefuse }) {
    this.strip = strip;
    this.pictures = []; // { file: File, item: <li>, face: its number where one was chosen, or null }
    this.onrefuse = onrefuse;
    input.addEventListener("change", () => {
      this.add(input.files);
      input.value = ""; // so that the same file can be chosen again after it was taken out
    });
    for (const type of ["dragenter", "dragover"]) drop.addEventListener(type, (event) => over(event, drop, true));
    for (const type of ["dragleave", "drop"]) drop.addEventListener(type, (event) => over(event, drop, false));
    drop.addEventListener("drop", (event) => this.add(event.dataTransfer.files));
  }

  add(files) {
    for (const file of files) {
      const trouble = this.trouble(file);
      if (trouble) this.onrefuse(`${file.name} is not used.`, trouble);
      else this.show(file);
    }
  }

  /** What keeps a file from being sent with the others, or null. */
  trouble(file) {
    if (!TYPES.includes(file.type) && !(file.type === "" && UNTYPED.test(file.name))) return "Pictures are taken as JPEG, PNG, WebP, HEIC or AVIF.";
    if (file.size > LARGEST) return `A picture may have ${LARGEST / 1e6} MB; this one has ${Math.ceil(file.size / 1e6)}.`;
    if (this.pictures.length >= MOST) return `At most ${MOST} pictures at once.`;
    const size = this.files.reduce((sum, one) => sum + one.size, file.size);
    return size > TOGETHER ? `All pictures together may have ${TOGETHER / 1e6} MB. Add the others once the person is enrolled.` : null;
  }

  show(file) {
    const canvas = element("canvas", { width: THUMBNAIL, height: THUMBNAIL });
    const caption = element("span", { title: file.name }, file.name);
    const item = element(
      "li", {}, canvas, caption,
      element("button", { type: "button", "aria-label": `Take out ${file.name}`, onclick: () => this.remove(file) }, icon("cross")),
    );
    this.pictures.push({ file, item, face: null });
    this.strip.append(item);
    draw(file, canvas).catch(() => { caption.textContent = `${file.name}: cannot be shown`; });
  }

  remove(file) {
    const at = this.pictures.findIndex((one) => one.file === file);
    this.pictures.splice(at, 1)[0].item.remove();
  }

  get files() {
    return this.pictures.map(({ file }) => file);
  }

  /** Which face is meant in each picture, as the API takes it: numbers by comma. */
  get faces() {
    return this.pictures.map(({ face }) => face ?? "").join(",");
  }

  /**
   * Marks a picture, by its place from 1, with the reason it was refused. `choose`: called with the picture to choose
   * one of its faces, where it has several.
   */
  refuse(place, reason, choose = null) {
    const picture = this.pictures[place - 1];
    if (!picture) return;
    picture.item.classList.add("refused");
    picture.item.querySelector("span").textContent = reason;
    if (choose) picture.item.append(element("button", { type: "button", class: "choose", onclick: () => choose(picture) }, "Choose the face"));
  }

  /** Shows that a face was chosen in a picture, and that it is not refused any more. */
  choose(picture, face) {
    picture.face = face;
    forgiven(picture);
  }

  forgive() {
    this.pictures.forEach(forgiven);
  }
}

function forgiven({ file, item, face }) {
  item.classList.remove("refused");
  item.querySelector("span").textContent = face ? `${file.name}: face ${face}` : file.name;
  item.querySelector(".choose")?.remove();
}

function over(event, drop, on) {
  event.preventDefault();
  drop.classList.toggle("over", on);
}

/** The middle square of a picture. A canvas needs no address, so the content policy can stay as tight as it is. */
async function draw(file, canvas) {
  const bitmap = await createImageBitmap(file);
  const side = Math.min(bitmap.width, bitmap.height);
  const left = (bitmap.width - side) / 2;
  const top = (bitmap.height - side) / 2;
  canvas.getContext("2d").drawImage(bitmap, left, top, side, side, 0, 0, THUMBNAIL, THUMBNAIL);
  bitmap.close();
}
