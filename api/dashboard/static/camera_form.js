// The form for a new camera.

import { send } from "./api.js";
import { element } from "./element.js";
import { failure } from "./message.js";

/** A form; `onadded` is called with the new camera, `onclose` when it is given up. */
export function cameraForm({ purposes, onadded, onclose }) {
  const trouble = element("div", { class: "form-error", role: "alert" });
  const button = element("button", { class: "primary", type: "submit" }, "Add the camera");
  const form = element(
    "form", { class: "panel", "aria-label": "New camera" },
    element("h2", {}, "New camera"),
    element("div", { class: "two" },
      field("Name", { name: "name", required: true, maxlength: 100, autocomplete: "off", placeholder: "Lobby" }),
      field("Purpose", { name: "purpose", required: true, maxlength: 100, list: "camera-purposes", autocomplete: "off", placeholder: "door-opening" },
        "What its searches are for. Only people who agreed to this purpose can be found."),
      field("Address", { name: "address", required: true, type: "url", autocomplete: "off", spellcheck: "false", placeholder: "rtsp://192.168.1.20:554/stream1" },
        "rtsp, rtsps, http or https, without a login in it.", "all"),
      field("Substream", { name: "substream", type: "url", autocomplete: "off", spellcheck: "false", placeholder: "rtsp://192.168.1.20:554/stream2" },
        "A smaller picture that the camera sends beside it, if it does: faces are looked for in it, which spares this machine much.", "all"),
      field("User name", { name: "username", autocomplete: "off", spellcheck: "false" }, "If the camera asks for one."),
      field("Password", { name: "password", type: "password", autocomplete: "new-password" }, "Sealed at once, and never shown again."),
      field("Frames looked at a second", { name: "analysed_fps", type: "number", min: 0.5, max: 30, step: 0.5, value: 5, required: true }),
      field("Least pixels between the eyes", { name: "min_eye_distance", type: "number", min: 0, max: 1000, step: 1, value: 20, required: true }, "Smaller faces are not searched."),
      element("datalist", { id: "camera-purposes" }, ...purposes.map((value) => element("option", { value })))),
    trouble,
    element("div", { class: "form-foot" }, button, element("button", { class: "quiet", type: "button", onclick: onclose }, "Cancel")),
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    try {
      onadded(await send("POST", "/cameras", body(form.elements)));
    } catch (error) {
      trouble.replaceChildren(failure(error));
    }
    button.disabled = false;
  });
  return form;
}

function body(inputs) {
  const text = (name) => inputs.namedItem(name).value.trim();
  const username = text("username");
  return {
    name: text("name"),
    purpose: text("purpose"),
    address: text("address"),
    substream: text("substream") || null,
    credentials: username ? { username, password: inputs.namedItem("password").value } : null,
    analysed_fps: Number(text("analysed_fps")),
    min_eye_distance: Number(text("min_eye_distance")),
  };
}

function field(name, attributes, help = null, kind = "") {
  return element("label", { class: `field ${kind}` }, element("span", {}, name), element("input", attributes), help && element("small", { class: "hint" }, help));
}
