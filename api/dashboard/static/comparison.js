// One alert laid out for a decision: both pictures, what the figure means, where it stands in the log.

import { nameOf, placeOf, probeOf, referenceOf, STATUS } from "./alert.js";
import { chip, element, fact } from "./element.js";
import { entryLink } from "./entry.js";
import { count, dissimilarity, oneIn } from "./measure.js";
import { message } from "./message.js";
import { stamp } from "./moment.js";
import { ruler } from "./ruler.js";
import { may } from "./viewer.js";

/** Both pictures side by side. */
export function pictures(one) {
  if (!may("pictures")) return message("Pictures and names are closed to your role.", "The log entry below shows what was compared and decided.");
  const figure = (src, title, text) =>
    element("figure", {}, element("img", { src, alt: title, width: 440, height: 440 }), element("figcaption", {}, element("b", {}, title), element("span", {}, text)));
  return element(
    "div",
    { class: "comparison" },
    figure(probeOf(one), "Seen", placeOf(one)),
    figure(referenceOf(one), "Enrolled", nameOf(one)),
  );
}

/** The dissimilarity at its operating point, in words that promise nothing. named: the point that has its name now. */
export function measure(one, named, scale) {
  const point = named?.threshold === one.threshold ? named : null;
  const value = dissimilarity(one.dissimilarity);
  return element(
    "section",
    { class: "measure", "aria-label": "Dissimilarity" },
    element("h2", {}, "Dissimilarity"),
    ruler(one.dissimilarity, one.threshold),
    element(
      "p", {},
      element("b", {}, value), " is within the threshold of operating point ", element("b", {}, one.operating_point), ". Lower is more alike. ",
      one.stands_for && element("span", { class: "stands-for" }, `${upper(one.stands_for)}${scale ? `, measured on ${count(scale.non_mated)} pairs of ${scale.dataset}` : ""}. `),
      "It does not say how likely it is that this is the same person.",
    ),
    named && !point && message(`The operating point ${one.operating_point} was replaced since this search.`, "What is known of the present one does not hold for this alert.", "warn"),
    point?.caveat && message(point.caveat.message, point.caveat.remedy, "warn"),
    point && point.fmr !== null && evidence(point),
    element("p", { class: "hint" }, element("a", { href: "/threshold" }, "What to expect of this threshold here")),
  );
}

const upper = (text) => text[0].toUpperCase() + text.slice(1);

function evidence(point) {
  const range = `${oneIn(point.fmr_high)} to ${oneIn(point.fmr_low)}`;
  return element(
    "p", {},
    "At this threshold ", element("b", {}, oneIn(point.fmr)), " pairs of different people matched by mistake",
    point.fmr > 0 ? ` (95 % interval ${range})` : "", `, measured on ${count(point.non_mated)} pairs of ${point.dataset}. `,
    "The larger the gallery and the more people pass, the more such mistakes. That is why you decide.",
  );
}

/** Where and when, and the two log entries that prove the search. */
export function facts(one) {
  return element(
    "dl",
    { class: "facts" },
    fact("Camera", placeOf(one)),
    fact("Captured", stamp(one.captured_at)),
    fact("Alert raised", stamp(one.raised_at)),
    fact("Search in the log", entryLink(one.request_index)),
    fact("Its outcome", entryLink(one.outcome_index)),
    fact("Person", may("subjects_read") ? element("a", { href: `/people/${one.subject_id}` }, nameOf(one)) : nameOf(one)),
  );
}

/** What has been said so far. */
export function said(reviews) {
  const verdict = (review) => (review.verdict === "confirm" ? chip("Confirmed", "good", "check") : chip("Rejected", "bad", "cross"));
  return element(
    "ul",
    { class: "reviews" },
    ...reviews.map((review) =>
      element(
        "li", {},
        verdict(review), element("span", {}, "by ", reviewer(review)), stamp(review.reviewed_at), entryLink(review.audit_index),
        review.note && element("span", {}, `“${review.note}”`),
      ),
    ),
  );
}

const reviewer = (review) => element("b", {}, review.mine ? "you" : review.reviewer_name ?? review.reviewer.slice(0, 13));

export const statusChip = (one) => chip(STATUS[one.status].label, STATUS[one.status].tone);
