// How many alerts wait for the reader's review: beside the page's name and in the window's title.

import { pending } from "./alert.js";
import { on, onReturn } from "./stream.js";

const title = document.title;

export function followBacklog(badge) {
  async function recount() {
    const alerts = await pending().catch(() => null);
    if (alerts === null) return; // the page itself says what is wrong
    badge.hidden = alerts.length === 0;
    badge.textContent = alerts.length > 99 ? "99+" : alerts.length;
    document.title = alerts.length ? `(${alerts.length}) ${title}` : title;
  }
  on("alert", recount);
  on("review", recount);
  onReturn(recount);
  recount();
}
