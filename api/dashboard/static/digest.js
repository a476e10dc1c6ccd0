// SHA-256 of a file, as hex.

import { ApiError } from "./api.js";

export async function sha256(file) {
  // Browsers give their digest to secure pages only: https, or http on the machine itself.
  if (!crypto.subtle) {
    throw new ApiError(0, {
      code: "insecure_page",
      message: "This page is not served securely, so the browser makes no digest of the document.",
      remedy: "Open Clearglass over https, or on the machine it runs on.",
    });
  }
  const digest = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
