// One's own account: the password and the second factor.

import { read, send } from "./api.js";
import { element, shape } from "./element.js";
import { field } from "./field.js";
import { onSubmit } from "./form.js";
import { failure, message, notify, waiting } from "./message.js";

const { duty } = document.getElementById("account").dataset;
const password = document.getElementById("password");
const factor = document.getElementById("factor-body");

const codeField = (help = null) =>
  field("Code", element("input", { name: "code", autocomplete: "one-time-code", spellcheck: "false", maxlength: 64, required: true }), help);
const withCode = () => codeField("The six digits that your device shows, or a recovery code.");

/** Calls `act` when the form is sent; its error is shown in the form. */
function submits(form, act) {
  const button = form.querySelector("[type=submit]");
  const trouble = form.querySelector(".form-error");
  onSubmit(form, async () => {
    button.disabled = true;
    trouble.replaceChildren();
    try {
      await act(form.elements);
    } catch (error) {
      trouble.replaceChildren(failure(error));
    }
    button.disabled = false;
  });
}

submits(password, async (inputs) => {
  if (inputs.new.value !== inputs.again.value) throw Object.assign(new Error("The two new passwords differ."), { remedy: "Type the same one twice." });
  await send("PUT", "/account/password", { password: inputs.present.value, new: inputs.new.value, code: inputs.code?.value ?? null });
  password.reset();
  if (duty) return location.assign("/");
  notify("The password is changed.", "Your other sessions have ended.");
});

/** What is there, and the form that sets up a device. */
async function showFactor() {
  const state = await read("/account/second-factor");
  document.getElementById("password-code").replaceChildren(...(state.enrolled ? [withCode()] : []));
  const form = element("form", { class: "panels", "aria-label": "Set up a device" },
    field("Present password", element("input", { name: "present", type: "password", autocomplete: "current-password", required: true, maxlength: 256 })),
    state.enrolled && withCode(),
    element("div", { class: "form-error", role: "alert" }),
    element("div", { class: "form-foot" }, element("button", { class: state.enrolled ? "" : "primary", type: "submit" }, state.enrolled ? "Set up another device" : "Set up a device")));
  submits(form, async (inputs) => showOffer(await send("POST", "/account/second-factor", { password: inputs.present.value, code: inputs.code?.value ?? null })));
  factor.replaceChildren(element("p", {}, sentence(state)), form);
}

function sentence({ enrolled, required, recovery_codes: left }) {
  if (enrolled) return `Each login takes a code of your device. ${left} recovery ${left === 1 ? "code is" : "codes are"} left.`;
  return `A login takes the password alone. With a second factor it takes a code as well, which an app on your telephone shows.${required ? "" : " Your role does not ask for one."}`;
}

function showOffer({ secret, uri, squares }) {
  const form = element("form", { class: "panels", "aria-label": "Confirm the device" },
    element("p", {}, "Scan this with an app for one-time codes, or type the secret there. It is shown this once."),
    qrCode(squares),
    element("p", {}, "Secret: ", element("code", { class: "mono", id: "secret" }, secret.match(/.{1,4}/g).join(" "))),
    element("p", {}, element("a", { href: uri }, "Open it in an app on this device")),
    codeField("The six digits that the app shows now."),
    element("div", { class: "form-error", role: "alert" }),
    element("div", { class: "form-foot" }, element("button", { class: "primary", type: "submit" }, "Confirm"), element("button", { class: "quiet", type: "button", onclick: start }, "Cancel")));
  submits(form, async (inputs) => showRecovery((await send("PUT", "/account/second-factor", { code: inputs.code.value })).recovery_codes));
  factor.replaceChildren(form);
  form.elements.code.focus();
}

/** Dark squares on white, also in a dark theme: scanners want it so. */
function qrCode(squares) {
  const path = squares.flatMap((row, y) => [...row].map((square, x) => (square === "1" ? `M${x} ${y}h1v1h-1z` : ""))).join("");
  const size = squares.length;
  return shape("svg", { class: "qr", viewBox: `0 0 ${size} ${size}`, role: "img", "aria-label": "QR code of the secret" },
    shape("rect", { width: size, height: size, fill: "#fff" }), shape("path", { d: path, fill: "#000" }));
}

function showRecovery(codes) {
  factor.replaceChildren(
    message("The second factor is set up.", "Each login takes a code of your device from now on. Your other sessions have ended.", "good"),
    element("p", {}, "Keep these recovery codes where only you find them. Each is good for one login without the device. They are not shown again."),
    element("ul", { class: "codes", "aria-label": "Recovery codes" }, ...codes.map((code) => element("li", { class: "mono" }, code))),
    element("div", { class: "form-foot" }, element("button", { class: "primary", type: "button", onclick: () => (duty ? location.assign("/") : start()) }, "I have kept them")));
  factor.querySelector("button").focus();
}

async function start() {
  factor.replaceChildren(waiting(2));
  try {
    await showFactor();
  } catch (error) {
    factor.replaceChildren(failure(error));
  }
  factor.removeAttribute("aria-busy");
}

if (factor) start();
