// What was wrong and what to do about it; or that something went well.

import { element, icon } from "./element.js";

const SYMBOL = { bad: "warning", warn: "warning", good: "check", "": "info" };

/** A block with a sentence and, below it, the remedy. */
export function message(text, remedy = null, tone = "") {
  return element(
    "div",
    { class: "message", "data-tone": tone },
    icon(SYMBOL[tone]),
    element("b", {}, text),
    remedy && element("p", {}, remedy),
  );
}

/** An ApiError as a block. */
export const failure = (error) => message(error.message, error.remedy, "bad");

/** An empty list: what it is for and what to do next. */
export function empty(symbol, title, text, action = null) {
  return element("div", { class: "empty" }, icon(symbol), element("h2", {}, title), element("p", {}, text), action);
}

/** Grey rows that hold the place of what is being fetched. */
export function waiting(count = 3, kind = "row") {
  return element("div", { class: "rows-waiting" }, ...Array.from({ length: count }, () => element("div", { class: `skeleton ${kind}` })));
}

/** A notice below the page. Good news leaves by itself, or with the next; trouble stays until it is closed. */
export function notify(text, remedy = null, tone = "good") {
  const notice = message(text, remedy, tone);
  notice.append(element("button", { class: "quiet", type: "button", "aria-label": "Close", onclick: () => notice.remove() }, icon("cross")));
  const notices = document.getElementById("notices");
  if (tone === "good") notices.querySelectorAll("[data-tone=good]").forEach((old) => old.remove());
  notices.append(notice);
  while (notices.children.length > 3) notices.firstElementChild.remove();
  if (tone === "good") setTimeout(() => notice.remove(), 6000);
}

/** An error as a notice. */
export const complain = (error) => notify(error.message, error.remedy, "bad");
