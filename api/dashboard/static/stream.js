// The service's events, over one connection a page. Reconnects by itself, and says whether the page is current.

import { session } from "./api.js";

const LONGEST_WAIT = 10_000;
const SILENCE = 12_000; // ms: the service sends something every 5 s, so that this long without is a broken connection
const DOUBT = 3_000; // ms between two questions whether the session has ended
const LABEL = { connecting: "Connecting", open: "Connected", lost: "Reconnecting" };
const handlers = new Map([["alive", []]]);
const lost = [];
const reopened = [];
let source = null;
let wait = 500;
let retry = null;
let heard = 0;
let doubted = -DOUBT;

/** Calls `handle` with the data of every event of this type. Before `connect`. */
export function on(type, handle) {
  handlers.set(type, [...(handlers.get(type) ?? []), handle]);
}

/** Calls `handle` when the connection breaks: from now on the state is unknown. */
export function onLost(handle) {
  lost.push(handle);
}

/** Calls `handle` after every connection but the first: events were missed, so fetch again. */
export function onReturn(handle) {
  reopened.push(handle);
}

/** Something was refused that a session opens: asks whether it has ended, which the page then says. */
export function doubtSession() {
  if (performance.now() - doubted < DOUBT) return;
  doubted = performance.now();
  session().catch(() => {});
}

/** Opens the connection. Live views are requested only if the page handles them: they cost the workers time. */
export function connect() {
  disconnect();
  source = new EventSource(`/api/v1/events?views=${handlers.has("view")}`);
  source.addEventListener("open", () => {
    heard = performance.now();
    const again = wasLost();
    wait = 500;
    show("open");
    if (again) reopened.forEach((handle) => handle());
  });
  source.addEventListener("error", () => {
    lose();
    if (source.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
    connectLater();
    session().catch(() => {}); // it may have ended
  });
  for (const [type, list] of handlers) {
    source.addEventListener(type, (event) => {
      heard = performance.now();
      const data = JSON.parse(event.data);
      list.forEach((handle) => handle(data));
    });
  }
}

function disconnect() {
  clearTimeout(retry);
  source?.close();
}

function connectLater() {
  disconnect();
  retry = setTimeout(connect, wait * (0.5 + Math.random()));
  wait = Math.min(wait * 2, LONGEST_WAIT);
}

function lose() {
  const known = !wasLost();
  show("lost");
  if (known) lost.forEach((handle) => handle());
}

// A connection whose other end is gone without a word is not closed by anybody.
setInterval(() => {
  if (document.body.dataset.connection !== "open" || performance.now() - heard < SILENCE) return;
  lose();
  connectLater();
}, 1000);

document.addEventListener("session-ended", () => {
  if (!source) return;
  disconnect();
  lose();
});
document.addEventListener("session-begun", () => source && connect());

// A page the browser keeps for "back" must not keep a connection: there are only six to a host.
addEventListener("pagehide", disconnect);
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
