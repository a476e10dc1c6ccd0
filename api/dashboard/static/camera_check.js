// One camera's check: whether it is fit for recognition, and what to change.

import { read, send } from "./api.js";
import { chip, element } from "./element.js";
import { onSubmit } from "./form.js";
import { bitrate, count, rate } from "./measure.js";
import { complain, empty, failure, message, waiting } from "./message.js";
import { stamp } from "./moment.js";

const POLL = 1000; // milliseconds
const id = location.pathname.split("/")[2];
const place = document.getElementById("check");
const summary = document.getElementById("check-summary");
const form = document.getElementById("check-form");
const VERDICT = {
  pass: { label: "Pass", tone: "good" },
  fail: { label: "Fail", tone: "bad" },
  unknown: { label: "Cannot tell", tone: "warn" },
};
let timer = null;

function row(finding) {
  const { label, tone } = VERDICT[finding.verdict];
  return element("tr", { "data-finding": finding.what },
    element("td", { "data-label": "What" }, element("b", {}, finding.what.replaceAll("_", " "))),
    element("td", { "data-label": "Found" }, finding.found),
    element("td", { "data-label": "Needed" }, finding.needed),
    element("td", { "data-label": "Verdict" }, chip(label, tone)),
    element("td", { "data-label": finding.change ? "To change" : null }, finding.change || null));
}

function judgement({ stream, judged, began_at }) {
  return [
    message(judged.stands, judged.warnings.join(" ") || null, VERDICT[judged.verdict].tone),
    element("table", { class: "table folds" },
      element("thead", {}, element("tr", {}, ...["What", "Found", "Needed", "Verdict", "To change"].map((text) => element("th", { scope: "col" }, text)))),
      element("tbody", {}, ...judged.findings.map(row))),
    element("p", { class: "hint" }, `${stream.codec}, ${stream.width}×${stream.height}, ${rate(stream.frame_rate)} frames a second, ${bitrate(stream.bitrate)}. ${count(stream.usable)} of ${count(stream.faces)} faces were good enough to search for. Checked `, stamp(began_at), ". Nobody was searched for, and no picture was kept."),
  ];
}

function draw(check) {
  summary.textContent = check.running ? `${count(check.gone)} of ${count(check.seconds)} seconds` : "";
  if (form) form.querySelector("button").disabled = check.running;
  if (check.running) place.replaceChildren(message("Looking at the stream.", "Have people walk through the view as they usually do."), waiting());
  else place.replaceChildren(...(check.error ? [failure(check.error)] : judgement(check)));
}

async function load() {
  clearTimeout(timer);
  try {
    const check = await read(`/cameras/${id}/check`);
    draw(check);
    if (check.running) timer = setTimeout(load, POLL);
  } catch (error) {
    place.replaceChildren(error.code === "check_unknown"
      ? empty("camera", "Not checked yet", "A check looks at the stream for some minutes and says whether it is fit for recognition, and what to change.")
      : failure(error));
  }
  place.removeAttribute("aria-busy");
}

if (form) onSubmit(form, async () => {
  try {
    draw(await send("POST", `/cameras/${id}/check`, { seconds: Number(form.elements.minutes.value) * 60 }));
    timer = setTimeout(load, POLL);
  } catch (error) {
    complain(error);
  }
});

async function name() {
  try {
    document.getElementById("check-title").textContent = `Check of ${(await read(`/cameras/${id}`)).name}`;
  } catch {
    // The list says what is wrong, if anything is.
  }
}

name();
load();
