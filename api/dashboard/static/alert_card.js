// An alert in a list: both pictures, who, where, when.

import { nameOf, placeOf, probeOf, referenceOf, STATUS } from "./alert.js";
import { chip, element } from "./element.js";
import { since } from "./moment.js";
import { may } from "./viewer.js";

/** A card that leads to the alert. `fresh` makes it stand out for a moment. */
export function alertCard(one, { fresh = false, onopen = null } = {}) {
  const name = nameOf(one);
  return element(
    "li",
    { "data-alert": one.id },
    element(
      "a",
      { class: `card${fresh ? " fresh" : ""}`, href: `/alerts?alert=${one.id}`, onclick: onopen && ((event) => followed(event, () => onopen(one.id))) },
      pair(one),
      element(
        "div",
        { class: "said" },
        element("b", {}, name),
        element("span", {}, placeOf(one)),
        element("div", { class: "foot" }, since(one.raised_at), status(one)),
      ),
    ),
  );
}

/** Nothing on what waits for the reader: a mark on every card would mark none. */
function status(one) {
  if (one.mine) return chip("2nd reviewer");
  const { label, tone } = STATUS[one.status];
  return one.status === "confirmed" || one.status === "rejected" ? chip(label, tone) : null;
}

function pair(one) {
  if (!may("pictures")) return element("div", { class: "pair" }, blank(), blank());
  const picture = (src) => element("img", { src, alt: "", width: 52, height: 60, loading: "lazy" });
  return element("div", { class: "pair" }, picture(probeOf(one)), picture(referenceOf(one)));
}

const blank = () => element("span", { class: "blank" });

/** A plain click is taken over; one that asks for a new tab or window is the browser's. */
function followed(event, act) {
  if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  act();
}
