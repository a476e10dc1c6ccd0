// The form for a new camera, and for the settings of one that is there.

import { send } from "./api.js";
import { element } from "./element.js";
import { checkbox, field } from "./field.js";
import { onSubmit } from "./form.js";
import { failure } from "./message.js";
import { PictureAndConnection } from "./picture_and_connection.js";

/** A form; `onsaved` is called with the camera as it is then, `onclose` when it is given up. `camera`: null for a new one. */
export function cameraForm({ camera = null, purposes, onsaved, onclose }) {
  const trouble = element("div", { class: "form-error", role: "alert" });
  const title = camera ? `Settings of ${camera.name}` : "New camera";
  const button = element("button", { class: "primary", type: "submit" }, camera ? "Save the changes" : "Add the camera");
  const extras = new PictureAndConnection(camera);
  const moved = element("p", { class: "hint all", role: "status" });
  const form = element(
    "form", { class: "panel", "aria-label": title },
    element("h2", {}, title),
    element("div", { class: "two" },
      field("Name", input("name", { value: camera?.name, required: true, maxlength: 100, placeholder: "Lobby" })),
      field("Purpose", input("purpose", { value: camera?.purpose, required: true, maxlength: 100, list: "camera-purposes", placeholder: "door-opening" }),
        "What its searches are for. Only people who agreed to this purpose can be found."),
      field("Address", input("address", { value: camera?.address, required: true, type: isUrl(camera?.address) ? "url" : "text", spellcheck: "false", placeholder: "rtsp://192.168.1.20:554/stream1" }),
        "rtsp, rtsps, http or https, without a login in it.", "all"),
      moved,
      field("Substream", input("substream", { value: camera?.substream, type: "url", spellcheck: "false", placeholder: "rtsp://192.168.1.20:554/stream2" }),
        "A smaller picture that the camera sends beside it, if it does: faces are looked for in it, which spares this machine much.", "all"),
      ...loginFields(camera),
      field("Frames looked at a second", input("analysed_fps", { value: camera?.analysed_fps ?? 5, type: "number", min: 0.1, max: 30, step: "any", required: true })),
      field("Least pixels between the eyes", input("min_eye_distance", { value: camera?.min_eye_distance ?? 20, type: "number", min: 8, max: 1000, step: "any", required: true }), "Smaller faces are not searched."),
      element("datalist", { id: "camera-purposes" }, ...purposes.map((value) => element("option", { value })))),
    extras.node,
    trouble,
    element("div", { class: "form-foot" }, button, element("button", { class: "quiet", type: "button", onclick: onclose }, "Cancel")),
  );
  const { address, substream, username, password } = form.elements;
  address.addEventListener("input", () => extras.follow(address.value));
  address.addEventListener("change", () => {
    if (!camera) return;
    // The service forgets these with the place, so the form does not show them as if they stayed.
    const same = samePlace(camera.address, address.value);
    extras.accept(same ? camera.certificate : null);
    substream.value = (same && camera.substream) || "";
    moved.textContent = same ? "" : "This is another place: give the login, the substream and the certificate for it.";
  });
  password.addEventListener("input", () => { username.required = password.value !== ""; });
  onSubmit(form, async () => {
    button.disabled = true;
    try {
      onsaved(await save(camera, { ...settings(form.elements), ...extras.value() }));
    } catch (error) {
      trouble.replaceChildren(failure(error));
    }
    button.disabled = false;
  });
  return form;
}

function loginFields(camera) {
  const has = camera?.has_credentials;
  return [
    field("User name", input("username", { spellcheck: "false" }), has ? "Empty: the login stays as it is." : "If the camera asks for one."),
    field("Password", input("password", { type: "password", autocomplete: "new-password" }), "Sealed at once, and never shown again."),
    has && element("div", { class: "field all" }, checkbox("Remove the login", element("input", { name: "no_login", type: "checkbox" }))),
  ];
}

function settings(inputs) {
  const text = (name) => inputs.namedItem(name).value.trim();
  const username = text("username");
  return {
    name: text("name"),
    purpose: text("purpose"),
    address: text("address"),
    substream: text("substream") || null,
    ...(username && { credentials: { username, password: inputs.namedItem("password").value } }),
    ...(inputs.namedItem("no_login")?.checked && { credentials: null }),
    analysed_fps: Number(text("analysed_fps")),
    min_eye_distance: Number(text("min_eye_distance")),
  };
}

/** Of an existing camera only changed settings are sent, so that another person's changes stay. */
function save(camera, wanted) {
  if (!camera) return send("POST", "/cameras", wanted);
  const kept = samePlace(camera.address, wanted.address) ? camera : { ...camera, substream: undefined, certificate: undefined };
  const change = Object.entries(wanted).filter(([name, value]) => name === "credentials" || value !== kept[name]);
  return send("PATCH", `/cameras/${camera.id}`, Object.fromEntries(change));
}

function samePlace(one, other) {
  return place(one) === place(other.trim());
}

/** Protocol, host and port; of a file or a device all of it. */
const place = (address) => (isUrl(address) ? address.match(/^[^:]+:\/\/[^/?#]*/)[0].toLowerCase() : address);

const isUrl = (address) => !address || /^[a-z]+:\/\//i.test(address);

const input = (name, attributes) => element("input", { name, autocomplete: "off", ...attributes });
