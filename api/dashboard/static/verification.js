// Whether the whole log verifies: the mark, its size and its root.

import { address, read } from "./api.js";
import { element, icon } from "./element.js";
import { count, plural } from "./measure.js";
import { failure } from "./message.js";
import { clockOf } from "./moment.js";

/** Runs the check and shows what came of it; can be run again. */
export async function showVerification(place) {
  const again = () => element("button", { class: "quiet", type: "button", onclick: () => showVerification(place) }, "Check again");
  show(place, "checking", "shield", "Checking every entry", "Each is hashed again, up to the signed root.");
  try {
    const report = await read("/log/verification");
    const checkpoint = element("a", { class: "button quiet", href: "/log/checkpoint" }, "Checkpoint");
    if (report.verified) {
      show(place, "good", "shield", `Verified: ${plural(report.entries, "entry", "entries")}`, ["Checked at ", clockOf(new Date().toISOString()), ". Root ", element("code", {}, report.root)], [checkpoint, again()]);
    } else {
      const [first, ...rest] = report.problems;
      const where = first.index === null ? "" : `Entry #${first.index}: `;
      show(place, "bad", "broken-shield", `Not verified: ${plural(report.problems.length, "problem")} in ${count(report.entries)} entries`,
        `${where}${first.what}${rest.length ? ` And ${rest.length} more.` : ""} Keep the data folder as it is, and tell an auditor.`, [checkpoint, again()]);
    }
  } catch (error) {
    place.dataset.state = "failed";
    place.replaceChildren(failure(error));
  }
}

function show(place, state, symbol, title, text, more = []) {
  place.dataset.state = state;
  place.replaceChildren(icon(symbol), element("b", {}, title), element("p", {}, ...[text].flat()), element("div", { class: "more" }, ...more));
}
