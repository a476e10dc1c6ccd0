// The threshold in use with what it rests on, and what it and the others would bring at this gallery and its traffic.

import { read } from "./api.js";
import { chip, element, fact } from "./element.js";
import { count, dissimilarity, figure, oneIn, perDay, plural } from "./measure.js";
import { failure, message, waiting } from "./message.js";

const inUse = document.getElementById("in-use");
const all = document.getElementById("all");

/** In the words that one value has. */
const interval = ({ low, high }, words) => `95 % interval ${words(low)} to ${words(high)}`;

function used(point, found) {
  return element("div", { class: "panel threshold" },
    element("h2", {}, `In use: ${point.name}, threshold ${dissimilarity(point.threshold)}`),
    point.caveat && message(point.caveat.message, point.caveat.remedy, "warn"),
    point.fmr === null ? element("p", {}, called(point)) : evidence(point),
    point.last_day && expectation(point, found),
    point.last_day && figures(point));
}

const called = (point) => `Two faces with a dissimilarity of ${dissimilarity(point.threshold)} or less are called a match. `;

function evidence(point) {
  const misses = { low: point.fnmr_low * 100, high: point.fnmr_high * 100 };
  return element("p", { class: "evidence" },
    called(point),
    "Of ", count(point.non_mated), " pairs of different people, ", element("b", {}, oneIn(point.fmr)), " matched by mistake",
    ` (95 % interval ${oneIn(point.fmr_high)} to ${oneIn(point.fmr_low)}). `,
    "Of ", count(point.mated), " pairs of the same person, ", element("b", {}, `${figure(point.fnmr * 100)} in a hundred`), ` were missed (${interval(misses, figure)}). `,
    `Measured ${point.measured_on} on ${point.dataset}, model ${point.model_digest.slice(0, 12)}. `,
    point.interval === "subjects" ? "The intervals are of resamples of the people." : "The intervals take pairs for independent, so they are rather too narrow.");
}

function expectation(point, found) {
  const { last_day: day, last_week: week } = point;
  const searches = plural(found.searches_last_day, "search", "searches");
  return element("p", { class: "expectation" },
    `With ${plural(found.references, "reference")} in the gallery and ${searches} by cameras in the last 24 hours, expect at most `,
    element("b", {}, perDay(day.false_alarms_a_day.value)), spread(day.false_alarms_a_day, perDay),
    ": if nobody who is searched for is enrolled. ",
    `At the pace of the last 7 days, ${figure(week.searches_a_day)} searches a day, `, element("b", {}, perDay(week.false_alarms_a_day.value)), ". ",
    "Of a hundred searches for enrolled people ", element("b", {}, figure(day.misses_per_hundred.value)), " find nobody", spread(day.misses_per_hundred, figure), ". ",
    "A search is not a person: a person who stays before a camera is searched for again every few seconds. ",
    point.caution);
}

const spread = (estimate, words) => (estimate.high > 0 ? ` (${interval(estimate, words)})` : "");

function figures(point) {
  const needed = (point.last_week.searches_a_day > 0 ? point.last_week : point.last_day).fmr_for_one_a_week;
  return element("dl", { class: "facts" },
    fact("False alarms, last 24 hours' traffic", perDay(point.last_day.false_alarms_a_day.value)),
    fact("False alarms, last 7 days' traffic", perDay(point.last_week.false_alarms_a_day.value)),
    fact("Of 1,000 searches for people not enrolled, mistaken", figure(point.last_week.fpir.value * 1000)),
    fact("Misses per hundred searches", figure(point.last_week.misses_per_hundred.value)),
    fact("For one false alarm a week it would take", needed === null ? "nobody is searched for or enrolled" : `an FMR of ${oneIn(needed)}`));
}

function row(point) {
  const alarms = (at) => (at ? [perDay(at.false_alarms_a_day.value), element("small", {}, interval(at.false_alarms_a_day, perDay).replace("95 % interval ", ""))] : ["not known"]);
  const missed = point.last_day?.misses_per_hundred;
  return element("tr", { "data-point": point.name },
    element("td", {}, element("b", {}, point.name), " ", point.in_use && chip("In use", "accent"), " ", point.caveat && chip("Warning", "warn", "warning"),
      element("small", {}, point.caveat?.message ?? (point.site ? "of this site" : "came with Clearglass"))),
    element("td", { class: "num", "data-label": "Threshold" }, dissimilarity(point.threshold)),
    element("td", { "data-label": "False match rate" }, point.fmr === null ? "not measured" : oneIn(point.fmr), point.fmr === null ? null : element("small", {}, `${oneIn(point.fmr_high)} to ${oneIn(point.fmr_low)}`)),
    element("td", { "data-label": "False alarms, 24 h" }, ...alarms(point.last_day)),
    element("td", { "data-label": "False alarms, 7 days" }, ...alarms(point.last_week)),
    element("td", { "data-label": "Misses per hundred" }, missed ? figure(missed.value) : "not known", missed && element("small", {}, `${figure(missed.low)} to ${figure(missed.high)}`)),
    element("td", { "data-label": "Measured on" }, point.dataset ?? "nothing", point.dataset && element("small", {}, `${plural(point.non_mated, "pair")}, ${point.measured_on}`)));
}

function table(points) {
  const heads = ["Name", "Threshold", "False match rate", "False alarms, 24 h", "False alarms, 7 days", "Misses per hundred", "Measured on"];
  return element("table", { class: "table folds" },
    element("thead", {}, element("tr", {}, ...heads.map((text) => element("th", { scope: "col" }, text)))),
    element("tbody", {}, ...points.map(row)));
}

async function show() {
  try {
    const found = await read("/operating-points");
    inUse.replaceChildren(used(found.points.find((point) => point.in_use), found));
    all.replaceChildren(table(found.points));
  } catch (error) {
    inUse.replaceChildren(failure(error));
    all.replaceChildren();
  }
  for (const place of [inUse, all]) place.removeAttribute("aria-busy");
}

inUse.replaceChildren(waiting(2));
all.replaceChildren(waiting(4));
show();
