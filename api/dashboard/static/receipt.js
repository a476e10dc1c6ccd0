// The page that checks a receipt, with nothing but the receipt and the log's key.

import { element, fact } from "./element.js";
import { onSubmit } from "./form.js";
import { message } from "./message.js";
import { proved } from "./tlog_proof.js";

const form = document.getElementById("receipt");
const result = document.getElementById("result");

onSubmit(form, async () => {
  result.replaceChildren();
  try {
    const text = await form.elements.file.files[0].text();
    result.replaceChildren(...shown(await proved(text, form.elements.key.value)));
  } catch (error) {
    result.replaceChildren(message(error.message, error.remedy ?? null, "bad"));
  }
});

function shown({ index, entry, origin, size, root }) {
  return [
    message("The entry stands in the log.", `Entry ${index} of ${size}, in the log ${origin}.`, "good"),
    element(
      "dl",
      { class: "facts" },
      fact("Kind", String(entry.kind)),
      fact("Time", String(entry.time)),
      fact("Root", element("code", {}, root)),
    ),
    element("pre", { class: "mono" }, JSON.stringify(entry.body, null, 2)),
  ];
}
