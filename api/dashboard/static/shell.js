// What every page has: the theme, logging out, the events, and the number of alerts that wait for a review.

import { send } from "./api.js";
import { followBacklog } from "./backlog.js";
import { complain, message } from "./message.js";
import { connect, onLost, onReturn } from "./stream.js";
import { followTroubles } from "./troubles.js";
import { followUse } from "./use.js";
import { may } from "./viewer.js";

const root = document.documentElement;

document.getElementById("theme").addEventListener("click", () => {
  const dark = (root.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  root.dataset.theme = dark ? "light" : "dark";
  localStorage.setItem("theme", root.dataset.theme);
});

document.getElementById("leave").addEventListener("click", async () => {
  try {
    await send("DELETE", "/sessions/current");
    location.assign("/login");
  } catch (error) {
    complain(error);
  }
});

followUse();
const lost = document.getElementById("lost");
onLost(() => lost.replaceChildren(message("No connection to the service.", "What this page shows may no longer be so. It connects again by itself.", "bad")));
onReturn(() => lost.replaceChildren());

followTroubles(document.getElementById("troubles"));
if (may("review")) followBacklog(document.getElementById("to-review"));
// After the page's own module has said what it listens to.
if (may("cameras_read")) document.addEventListener("DOMContentLoaded", connect);
else document.getElementById("connection").hidden = true;
