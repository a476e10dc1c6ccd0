// Letting the log go on after a clock that ran ahead and is right again.

import { send } from "./api.js";
import { confirmed } from "./dialog.js";
import { element } from "./element.js";
import { plural } from "./measure.js";
import { notify } from "./message.js";

/** The button for it; `done` is called when the log goes on. */
export function resumeButton(said, done) {
  return element("button", { type: "button", onclick: () => resume(said, done) }, "The clock is right now");
}

async function resume(said, done) {
  let answer;
  const agreed = await confirmed({
    title: "Let the log go on?", verb: "Let it go on",
    text: [said, "If the clock is right now, the log goes on with an entry that says so. What the clock that ran ahead gave is ended: sessions and tokens that would last too long."],
    act: async () => { answer = await send("POST", "/log/resumption", { clock_is_right: true }); },
  });
  if (!agreed) return;
  const late = answer.subjects.length;
  notify("The log goes on.", late ? `${plural(late, "person", "people")} consented by the clock that ran ahead, and will not be found before then: record a new consent for each.` : null, late ? "warn" : "good");
  done();
}
