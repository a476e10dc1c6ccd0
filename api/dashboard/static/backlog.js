// How many alerts wait for the reader's review: beside the page's name and in the window's title.

import { counts } from "./alert.js";
import { on, onReturn } from "./stream.js";

const PAUSE = 1000; // a crowd of alerts is counted once

export function followBacklog(badge) {
  async function recount() {
    const waiting = await counts().then(({ open }) => open, () => null);
    if (waiting === null) return; // the page itself says what is wrong
    badge.hidden = waiting === 0;
    badge.textContent = waiting > 999 ? "999+" : waiting;
    const title = document.title.replace(/^\(\d+\) /, "");
    document.title = waiting ? `(${waiting}) ${title}` : title;
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
