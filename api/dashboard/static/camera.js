// A camera as the API gives it, with its state in words.

import { read } from "./api.js";

export const STATE = {
  starting: { label: "Starting", tone: "", standby: "Waiting for the first picture." },
  live: { label: "Live", tone: "good", standby: "Waiting for the first picture." },
  reconnecting: { label: "Reconnecting", tone: "warn", standby: "The stream is gone. Trying again by itself." },
  restarting: { label: "Restarting", tone: "warn", standby: "The worker was stopped and is being started again." },
  unknown: { label: "Unknown", tone: "", standby: "No connection to the service: what this camera does is not known." },
  stopped: { label: "Stopped", tone: "", standby: "This camera is switched off." },
};

export const cameras = () => read("/cameras");

/** Where a search can be made from beside cameras. */
const PLACES = { upload: "Uploaded picture", enrolment: "Enrolment" };

/** A function from a camera's id to its name; of one that is not there, the beginning of its id. */
export function namer(list) {
  const names = new Map(list.map((camera) => [camera.id, camera.name]));
  return (id) => names.get(id) ?? PLACES[id] ?? `Camera ${id.slice(0, 8)} (not there)`;
}
