// Asking before something that cannot be undone.

import { element } from "./element.js";
import { onSubmit } from "./form.js";
import { failure } from "./message.js";

/**
 * A dialog that does `act` when it is confirmed, stays open with the reason if that fails, and resolves to whether it
 * was done. `typed`: a word to be typed before, for what cannot be undone.
 */
export function confirmed({ title, text, verb, act, typed = null }) {
  const go = element("button", { class: typed ? "danger" : "primary", type: "submit" }, verb);
  const trouble = element("div", { class: "form-error", role: "alert" });
  const word = typed && element("input", {
    autocomplete: "off", spellcheck: "false",
    oninput: (event) => { go.disabled = plain(event.target.value) !== plain(typed); },
  });
  const form = element(
    "form",
    { method: "dialog" },
    element("h2", { id: "dialog-title" }, title),
    ...[text].flat().map((line) => element("p", {}, line)),
    word && element("label", { class: "field" }, element("span", {}, `Type “${typed}” to go on`), word),
    trouble,
    element("div", { class: "form-foot" }, element("button", { class: "quiet", type: "button", onclick: () => { if (!busy) dialog.close(); } }, "Cancel"), go),
  );
  const dialog = element("dialog", { "aria-labelledby": "dialog-title" }, form);
  let done = false;
  let busy = false; // what has begun is not called off by closing the dialog
  onSubmit(form, async () => {
    go.disabled = busy = true;
    try {
      await act();
      done = true;
      dialog.close();
    } catch (error) {
      trouble.replaceChildren(failure(error));
      go.disabled = busy = false;
    }
  });
  go.disabled = typed !== null;
  dialog.addEventListener("cancel", (event) => { if (busy) event.preventDefault(); });
  // Browsers let a second Escape close a dialog whatever its `cancel` says, unless the key itself is taken.
  const keep = (event) => { if (busy && event.key === "Escape") event.preventDefault(); };
  document.addEventListener("keydown", keep);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      document.removeEventListener("keydown", keep);
      dialog.remove();
      resolve(done);
    });
  });
}

/** A text without what a keyboard does not tell apart: kinds of blanks, joiners, composed and separate accents. */
function plain(text) {
  return text.normalize("NFC").replace(/[\u200c\u200d]/g, "").replace(/\s+/g, " ").trim();
}
