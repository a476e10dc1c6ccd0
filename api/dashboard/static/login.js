// The way in.

import { logIn } from "./api.js";
import { onSubmit } from "./form.js";
import { failure, message } from "./message.js";
import { tellOfLogin } from "./session_end.js";

const again = new URLSearchParams(location.search).has("again"); // beside a page whose session has ended
const form = document.getElementById("login");
const trouble = document.getElementById("login-error");
const asked = document.getElementById("login-code");
const { code } = form.elements;

/** Only accounts with a second factor are asked for one. */
function askForCode() {
  asked.hidden = false;
  code.required = true;
  code.focus();
}

onSubmit(form, async () => {
  const button = form.querySelector("button");
  button.disabled = true;
  trouble.replaceChildren();
  try {
    await logIn(form.elements.name.value, form.elements.password.value, asked.hidden ? null : code.value);
    tellOfLogin();
    if (again) goBack();
    else location.assign(destination());
  } catch (error) {
    button.disabled = false;
    if (error.code === "second_factor_required") return askForCode();
    trouble.replaceChildren(failure(error));
    (error.code === "second_factor_refused" ? code : form.elements.password).select();
  }
});

/** Back to the page that waits: this tab was opened by it, so that the browser lets it close itself. */
function goBack() {
  close();
  form.replaceChildren(message("You are logged in.", "Close this tab and go on in the other one.", "good"));
}

/** Where the reader was going, if that is a page of ours: another host's address must not be followed. Whole, since a path alone may begin with two slashes, and is then a host's name. */
function destination() {
  const next = new URL(new URLSearchParams(location.search).get("next") ?? "/", location.origin);
  return next.origin === location.origin ? next.href : "/";
}
