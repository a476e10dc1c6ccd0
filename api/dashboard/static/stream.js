// The service's events, over one connection a page. Reconnects by itself, and says whether the page is current.

import { session } from "./api.js";

const LONGEST_WAIT = 10_000;
const LABEL = { connecting: "Connecting", open: "Connected", lost: "Reconnecting" };
const handlers = new Map();
const reopened = [];
let source = null;
let wait = 500;

/** Calls `handle` with the data of every event of this type. Before `connect`. */
export function on(type, handle) {
  handlers.set(type, [...(handlers.get(type) ?? []), handle]);
}

/** Calls `handle` after every connection but the first: events were missed, so fetch anew. */
export function onReturn(handle) {
  reopened.push(handle);
}

/** Opens the connection. Live views are asked for only if somebody here handles them: they cost the workers time. */
export function connect() {
  source = new EventSource(`/api/v1/events?views=${handlers.has("view")}`);
  source.addEventListener("open", () => {
    if (wasLost()) reopened.forEach((handle) => handle());
    wait = 500;
    show("open");
  });
  source.addEventListener("error", () => {
    show("lost");
    if (source.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
    setTimeout(connect, wait * (0.5 + Math.random()));
    wait = Math.min(wait * 2, LONGEST_WAIT);
    session().catch(() => {}); // an ended session leads to the login page
  });
  for (const [type, list] of handlers) {
    source.addEventListener(type, (event) => {
      const data = JSON.parse(event.data);
      list.forEach((handle) => handle(data));
    });
  }
}

// A page the browser keeps for "back" must not keep a connection: there are only six to a host.
addEventListener("pagehide", () => source?.close());
addEventListener("pageshow", (event) => {
  if (!event.persisted || !source) return;
  session().catch(() => {});
  connect();
});

const wasLost = () => document.body.dataset.connection === "lost";

function show(state) {
  const mark = document.getElementById("connection");
  mark.dataset.state = state;
  mark.lastElementChild.textContent = LABEL[state];
  document.body.dataset.connection = state;
}
