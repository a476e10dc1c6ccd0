// How many alerts wait for the reader's review: beside the page's name and in the window's title.

import { pending } from "./alert.js";
import { on, onReturn } from "./stream.js";

const PAUSE = 1000; // a crowd of alerts is counted once

export function followBacklog(badge) {
  async function recount() {
    const alerts = await pending().catch(() => null);
    if (alerts === null) return; // the page itself says what is wrong
    badge.hidden = alerts.length === 0;
    badge.textContent = alerts.length > 99 ? "99+" : alerts.length;
    const title = document.title.replace(/^\(\d+\) /, "");
    document.title = alerts.length ? `(${alerts.length}) ${title}` : title;
  }
  let planned = null;
  function soon() {
    planned ??= setTimeout(() => {
      planned = null;
      recount();
    }, PAUSE);
  }
  on("alert", soon);
  on("review", soon);
  onReturn(soon);
  recount();
}
