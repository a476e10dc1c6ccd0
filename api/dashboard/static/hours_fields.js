// The weekdays and hours of a consent, as a form has them.

import { element, icon } from "./element.js";
import { checkbox } from "./field.js";

const DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const WORKDAYS = 5;
const MOST = 14; // as the service takes them

export class HoursFields {
  constructor() {
    this.always = element("input", { type: "checkbox", checked: true, onchange: () => this.toggle() });
    this.rows = element("div", { class: "hours-rows" });
    this.more = element("button", { class: "quiet", type: "button", onclick: () => this.add(0) }, icon("plus"), "Add hours");
    this.limits = element("div", { class: "hours", hidden: true }, this.rows,
      element("div", {}, this.more),
      element("small", { class: "hint" }, "By the clock where the camera is. If “to” is not later than “from”, it is on the next day; 00:00 to 00:00 is the whole day."));
    this.node = element("div", { class: "field all", role: "group", "aria-label": "When" }, element("span", {}, "When"), checkbox("At all hours", this.always), this.limits);
  }

  toggle() {
    this.limits.hidden = this.always.checked;
    if (!this.always.checked && !this.rows.children.length) this.add(WORKDAYS);
  }

  /** One more row, with the first days of the week chosen. */
  add(chosen) {
    const days = DAYS.map((name, at) => checkbox(name, element("input", { type: "checkbox", value: at + 1, checked: at < chosen })));
    const clock = (name, value) => element("label", { class: "inline" }, element("span", {}, name), element("input", { type: "time", required: true, value }));
    const remove = element("button", { class: "quiet", type: "button", "aria-label": "Remove these hours", onclick: () => this.remove(row) }, icon("cross"));
    const row = element("div", { class: "hours-row", role: "group", "aria-label": "Hours" },
      element("div", { class: "days" }, ...days), element("div", { class: "clocks" }, clock("from", "08:00"), clock("to", "17:00"), remove));
    this.rows.append(row);
    this.limit();
  }

  remove(row) {
    row.remove();
    if (!this.rows.children.length) this.always.checked = true;
    this.limit();
    this.toggle();
  }

  limit() {
    this.more.disabled = this.rows.children.length >= MOST;
  }

  /** What is missing, in a sentence; null if nothing. */
  trouble() {
    const times = this.value();
    if (times.some(({ days }) => !days.length)) return "Choose at least one weekday for each of the hours.";
    if (times.some(({ begin, end }) => !begin || !end)) return "Say from when until when each of the hours lasts.";
    return null;
  }

  /** The hours as the API takes them; none: always. */
  value() {
    if (this.always.checked) return [];
    return [...this.rows.children].map((row) => {
      const [begin, end] = [...row.querySelectorAll("[type=time]")].map(({ value }) => value.slice(0, 5));
      return { days: [...row.querySelectorAll("[type=checkbox]:checked")].map(({ value }) => Number(value)), begin, end };
    });
  }
}
