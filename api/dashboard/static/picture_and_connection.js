// The part of a camera's form for the shape of its picture, its certificate, still pictures, and its time zone.

import { element } from "./element.js";
import { checkbox, field, selection } from "./field.js";

const DEFAULTS = { rotation: 0, mirrored: false, aspect: null, certificate: null, snapshot_seconds: 1, time_zone: null };
const ROTATIONS = [[0, "Not rotated"], [90, "90° clockwise"], [180, "180°, for a camera that hangs upside down"], [270, "270° clockwise"]];
const CERTIFICATES = [
  ["verified", "From a trusted authority, for this host"],
  ["pinned", "Exactly one, by its fingerprint"],
  ["unverified", "Any: not verified"],
];

export class PictureAndConnection {
  /** `camera`: the camera as the API gives it, or null for a new one. */
  constructor(camera) {
    const settings = { ...DEFAULTS, ...camera };
    this.rotation = selection({ name: "rotation" }, ROTATIONS, settings.rotation);
    this.mirrored = element("input", { name: "mirrored", type: "checkbox", checked: settings.mirrored });
    this.aspect = element("input", { name: "aspect", autocomplete: "off", maxlength: 20, pattern: "\\s*[0-9]+\\s*:\\s*[0-9]+\\s*", title: "Two whole numbers with a colon between them", placeholder: "16:9", list: "camera-aspects", value: settings.aspect ?? "" });
    this.seconds = element("input", { name: "snapshot_seconds", type: "number", min: 0.2, max: 3600, step: "any", required: true, value: settings.snapshot_seconds });
    this.zone = element("input", { name: "time_zone", autocomplete: "off", spellcheck: "false", maxlength: 100, placeholder: "Europe/Berlin", list: "camera-zones", value: settings.time_zone ?? "" });
    this.certificate = selection({ name: "certificate", onchange: () => this.show() }, CERTIFICATES, "verified");
    this.fingerprint = element("input", { name: "fingerprint", class: "mono", autocomplete: "off", spellcheck: "false", maxlength: 200, placeholder: "sha256:…" });
    this.secure = [
      field("Certificate", this.certificate, "Which certificates of the camera are accepted. With “Any”, another machine can pass itself off as the camera and learn its login."),
      field("Fingerprint", this.fingerprint, "SHA-256. The camera’s state names it when its certificate is refused; “openssl x509 -fingerprint -sha256” prints it, too."),
    ];
    this.node = element(
      "details", { class: "fold", open: Object.entries(DEFAULTS).some(([name, value]) => settings[name] !== value) },
      element("summary", {}, "Picture and connection"),
      element("div", { class: "two" },
        field("Rotation", this.rotation, "How the picture is turned before faces are looked for in it. Set it so that people stand upright in the live view."),
        field("Aspect ratio", this.aspect, "Width to height of the whole picture, before the rotation. Only for a camera that squeezes its picture: empty, the stream’s own holds."),
        element("div", { class: "field" }, checkbox("Mirror the picture", this.mirrored), element("small", { class: "hint" }, "Exchanges left and right, after the rotation.")),
        field("Seconds between still pictures", this.seconds, "Only for an address that gives one picture per request."),
        field("Time zone", this.zone, "By its clocks the hours of consents are read. Empty: the site’s."),
        element("datalist", { id: "camera-zones" }, ...Intl.supportedValuesOf("timeZone").map((value) => element("option", { value }))),
        ...this.secure,
        element("datalist", { id: "camera-aspects" }, ...["16:9", "4:3", "3:2", "1:1"].map((value) => element("option", { value }))))
    );
    // The browser points at an invalid field only where it is visible.
    this.node.addEventListener("invalid", () => { this.node.open = true; }, true);
    this.accept(settings.certificate);
    this.follow(camera?.address ?? "");
  }

  /** Shows the certificate for an address with TLS only. */
  follow(address) {
    this.tls = /^\s*(rtsps|https):/i.test(address);
    this.show();
  }

  show() {
    const pinned = this.tls && this.certificate.value === "pinned";
    this.secure[0].hidden = !this.tls;
    this.secure[1].hidden = !pinned;
    this.fingerprint.required = pinned;
  }

  /** Sets the certificate's rule, as the API gives it. */
  accept(rule) {
    const pinned = rule?.startsWith("sha256:") ?? false;
    this.certificate.value = pinned ? "pinned" : rule ?? "verified";
    this.fingerprint.value = pinned ? rule : "";
    this.show();
  }

  /** The settings as the API takes them. */
  value() {
    const rules = { verified: null, pinned: this.fingerprint.value.trim(), unverified: "unverified" };
    return {
      rotation: Number(this.rotation.value),
      mirrored: this.mirrored.checked,
      aspect: this.aspect.value.replaceAll(/\s/g, "") || null,
      certificate: this.tls ? rules[this.certificate.value] : null,
      snapshot_seconds: Number(this.seconds.value),
      time_zone: this.zone.value.trim() || null,
    };
  }
}
