// The end of a session: the page waits, with all that was entered, until the reader has logged in again in a tab beside
// it. There the login is whatever it has to be; here nothing of the page is seen meanwhile.

import { element } from "./element.js";

const LOGINS = "clearglass-logins"; // the name of the channel on which a tab announces a login to the others
let asked = null;

/** Tells the other tabs of a login. */
export function tellOfLogin() {
  const channel = new BroadcastChannel(LOGINS);
  channel.postMessage(null);
  channel.close();
}

/**
 * Says that the session has ended, once for all who ask, and resolves when there is one again. `alive`: asks the service.
 * The document gets the events `session-ended` and `session-begun`.
 */
export function loggedInAgain(alive) {
  asked ??= waited(alive).finally(() => { asked = null; });
  return asked;
}

async function waited(alive) {
  document.dispatchEvent(new Event("session-ended"));
  const dialog = element("dialog", { class: "session-end", "aria-labelledby": "session-end" },
    element("h2", { id: "session-end" }, "Your session has ended"),
    element("p", {}, "Log in again in a new tab. This page then goes on where it was; what you have entered here is kept."),
    element("div", { class: "form-foot" }, element("button", { class: "primary", type: "button", onclick: () => open("/login?again", "_blank") }, "Log in again")));
  const channel = new BroadcastChannel(LOGINS);
  document.body.append(dialog);
  dialog.showModal();
  dialog.addEventListener("close", () => dialog.showModal()); // browsers let a second Escape close it
  dialog.addEventListener("cancel", (event) => event.preventDefault());
  await new Promise((resolve) => {
    const look = async () => {
      if (!await alive()) return;
      removeEventListener("focus", look);
      resolve();
    };
    channel.addEventListener("message", look);
    addEventListener("focus", look);
  });
  channel.close();
  dialog.remove();
  document.dispatchEvent(new Event("session-begun"));
}
