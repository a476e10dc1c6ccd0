// Reports to the service that a person is active, so that the session does not end while the person reads or types.

import { noteUse } from "./api.js";

const EVERY = 60_000; // ms
let told = performance.now(); // to ask for the page was a use as well

export function followUse() {
  for (const type of ["pointerdown", "keydown", "wheel", "touchstart"]) addEventListener(type, use, { passive: true, capture: true });
}

function use() {
  if (performance.now() - told < EVERY) return;
  told = performance.now();
  noteUse().catch(() => {}); // what is wrong is said where something is asked for
}
