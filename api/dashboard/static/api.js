// The one way to the API: JSON in and out, errors as message and remedy, the CSRF token on every write.

import { loggedInAgain } from "./session_end.js";
import { viewer } from "./viewer.js";

const ROOT = "/api/v1";
let csrf = null;

export class ApiError extends Error {
  constructor(status, { message, ...rest }) {
    super(message);
    Object.assign(this, { status, ...rest }); // code and remedy, and what else the error lists
  }
}

export const read = (path, options) => call("GET", path, options);
export const send = (method, path, body) => call(method, path, { body });

/** The address of something the browser fetches by itself, such as a picture. */
export const address = (path) => ROOT + path;

async function call(method, path, options) {
  try {
    return await callOnce(method, path, options);
  } catch (error) {
    if (error.code !== "csrf" || csrf === null) throw error;
    csrf = null; // it was an earlier session's
    return callOnce(method, path, options);
  }
}

async function callOnce(method, path, { body = null, signal = null } = {}) {
  const headers = { Accept: "application/json" };
  if (method !== "GET") headers["X-CSRF-Token"] = await csrfToken();
  const form = body instanceof FormData;
  if (body !== null && !form) headers["Content-Type"] = "application/json";
  const response = await reach(ROOT + path, { method, headers, signal, body: form || body === null ? body : JSON.stringify(body) });
  if (!await sessionEnded(response)) return answer(response);
  await loggedInAgain(alive);
  return callOnce(method, path, { body, signal });
}

/** Whether it was refused because there is no session. Another 401 refuses a password, and is an answer. */
async function sessionEnded(response) {
  return response.status === 401 && (await response.clone().json().catch(() => ({}))).error?.code === "authentication_required";
}

/** What is wrong with the service as a whole. Apart from `call`, since a 503 is an answer here. */
export async function troubles() {
  const response = await reach(`${ROOT}/health`, { headers: { Accept: "application/json" } });
  return (await answered(response)).troubles;
}

async function answered(response) {
  const body = await response.json().catch(() => ({}));
  if (body.troubles) return body;
  throw new ApiError(response.status, body.error ?? { code: "unknown", message: "The service does not say how it does.", remedy: "Look at the service's own log." });
}

/** Logs in. Apart from `call`, since there is no session yet. */
export async function logIn(name, password, code) {
  const response = await reach(`${ROOT}/sessions`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json" },
    body: JSON.stringify({ name, password, code }),
  });
  if (!response.ok) throw await failure(response);
}

/** Keeps the session from its idle end. Apart from `call`: a form that is being filled is not left because it has ended. */
export async function noteUse() {
  const now = await reach(`${ROOT}/sessions/current`, { headers: { Accept: "application/json" } });
  if (!now.ok) return;
  await reach(`${ROOT}/sessions/current/use`, { method: "POST", headers: { "X-CSRF-Token": (await now.json()).csrf } });
}

async function csrfToken() {
  csrf ??= (await session()).csrf;
  return csrf;
}

/** The session; one that has ended is begun again by the reader first. */
export async function session() {
  return own(await read("/sessions/current"));
}

/** Whether there is a session now. */
async function alive() {
  const response = await reach(`${ROOT}/sessions/current`, { headers: { Accept: "application/json" } }).catch(() => null);
  if (!response?.ok) return false;
  csrf = (await own(await response.json())).csrf;
  return true;
}

/** Loads a page made for another account again, so that nobody acts under another name without noticing. */
function own(now) {
  if (now.account.id === viewer.id) return now;
  location.reload();
  return new Promise(() => {}); // the page is being left; nothing should happen meanwhile
}

async function reach(url, options) {
  try {
    return await fetch(url, { credentials: "same-origin", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, {
      code: "unreachable",
      message: "The service cannot be reached.",
      remedy: "Check that it is running and that this machine is connected, then try again.",
    });
  }
}

async function answer(response) {
  if (!response.ok) throw await failure(response);
  if (response.status === 204) return null;
  const json = response.headers.get("Content-Type")?.includes("json");
  return json ? response.json() : response.text();
}

async function failure(response) {
  const body = await response.json().catch(() => null);
  return new ApiError(
    response.status,
    body?.error ?? { code: "unknown", message: `The service answered with status ${response.status}.`, remedy: "Try again. If the error remains, look at the service's log." },
  );
}
