// What is wrong with the service as a whole, at the head of every page for as long as it is.

import { troubles } from "./api.js";
import { message } from "./message.js";

const EVERY = 10_000; // ms

export function followTroubles(place) {
  const look = async () => {
    const found = await troubles().catch(() => []); // that the service is gone is told elsewhere
    place.replaceChildren(...found.map(({ code, message: text, remedy }) => message(text, remedy, code === "disk_low" ? "warn" : "bad")));
  };
  look();
  setInterval(look, EVERY);
}
