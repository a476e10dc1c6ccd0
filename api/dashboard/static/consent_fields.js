// The fields of a consent, for enrolling and for adding one later.

import { namer } from "./camera.js";
import { EVERYWHERE, UPLOAD } from "./consent.js";
import { element } from "./element.js";
import { HoursFields } from "./hours_fields.js";
import { message } from "./message.js";

const YEAR = 365 * 86_400_000;

export class ConsentFields {
  /** `list`: the cameras to choose from. `searched`: what searches are made for (`consent.js`), or null. */
  constructor(list, searched = null) {
    this.searched = searched;
    this.purpose = element("input", {
      name: "purpose", required: true, maxlength: 100, list: "purposes", autocomplete: "off", value: list[0]?.purpose ?? "",
      oninput: () => this.doubt(),
    });
    this.doubts = element("div", { role: "status" });
    this.from = element("input", { name: "from", type: "date", value: dateField(new Date()), required: true });
    this.until = element("input", { name: "until", type: "date", value: dateField(new Date(Date.now() + YEAR)), required: true });
    this.evidence = element("input", { name: "evidence", type: "file", required: true });
    this.everywhere = element("input", { type: "checkbox", checked: true, onchange: () => this.toggle() });
    this.hours = new HoursFields();
    const cameraName = namer(list);
    this.chosen = [...list.map((camera) => camera.id), UPLOAD].map((id) => [id, element("input", { type: "checkbox", value: id })]);
    this.places = element("div", { class: "choices-list", hidden: true }, ...this.chosen.map(([id, box]) => choice(box, cameraName(id))));
    this.node = element(
      "div", { class: "two" },
      element("div", {},
        field("Purpose", this.purpose, "A camera searches for one purpose only; this must be the same word. Choose one that is in use.",
          element("datalist", { id: "purposes" }, ...[...(searched ?? [])].map((value) => element("option", { value })))),
        this.doubts),
      field("Signed consent", this.evidence, "Any file. Only its SHA-256 is kept, as proof of what was signed."),
      field("From", this.from), field("Until, that day included", this.until),
      element("div", { class: "field all" }, element("span", {}, "Where"), choice(this.everywhere, "All cameras, and pictures handed in by a person"), this.places),
      this.hours.node,
    );
  }

  toggle() {
    this.places.hidden = this.everywhere.checked;
  }

  /**
   * Says so where nothing is searched for this purpose: it may be a typing error. While it is typed, since what moves
   * the form as the field is left moves the button that was about to be pressed.
   */
  doubt() {
    const purpose = this.purpose.value.trim();
    const unused = Boolean(purpose && this.searched && !this.searched.has(purpose));
    if (unused === this.doubts.hasChildNodes()) return; // what is read aloud is read once
    this.doubts.replaceChildren(...(unused ? [message("No camera searches for this purpose, and no search of late did.", "Nobody is found by this consent until one does. Is it spelt as the cameras' purpose is?", "warn")] : []));
  }

  /** What is missing or wrong, in a sentence; null if nothing. */
  trouble() {
    if (!this.purpose.value.trim()) return "Say what the searches are for.";
    if (!this.from.value || !this.until.value) return "Say from when until when the consent holds.";
    if (this.until.value < this.from.value) return "The consent ends before it begins.";
    if (!this.cameras().length) return "Choose at least one camera, or all.";
    if (!this.evidence.files.length) return "Add the signed consent: without a proof nobody can be enrolled.";
    return this.hours.trouble();
  }

  cameras() {
    return this.everywhere.checked ? [EVERYWHERE] : this.chosen.filter(([, box]) => box.checked).map(([id]) => id);
  }

  /** The consent as the API takes it, without its proof. From today means from now. */
  value() {
    const today = this.from.value === dateField(new Date());
    return {
      purpose: this.purpose.value.trim(),
      cameras: this.cameras(),
      valid_from: today ? null : midnight(this.from.value, 0),
      valid_until: midnight(this.until.value, 1),
      times: this.hours.value(),
    };
  }

  /** The signed document. */
  get proof() {
    return this.evidence.files[0];
  }
}

/** Midnight of a date field's day in the reader's zone, some days later. */
function midnight(value, days) {
  const [year, month, day] = value.split("-").map(Number);
  return new Date(year, month - 1, day + days).toISOString();
}

function dateField(date) {
  const pad = (number) => String(number).padStart(2, "0");
  return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
}

function field(name, input, help = null, extra = null) {
  return element("label", { class: "field" }, element("span", {}, name), input, help && element("small", { class: "hint" }, help), extra);
}

const choice = (box, text) => element("label", { class: "choice" }, box, text);
