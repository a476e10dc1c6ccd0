// A receipt (C2SP tlog-proof@v1) and what it proves: RFC 6962 inclusion under a signed checkpoint, Ed25519.

const HEAD = "c2sp.org/tlog-proof@v1";
const FORM = /^c2sp\.org\/tlog-proof@v1\nextra ([^\n]+)\nindex (0|[1-9][0-9]{0,15})\n((?:[^\n]+\n){0,63})\n([^]+)$/;
const NOTE = /^([^\n]+)\n(0|[1-9][0-9]{0,15})\n([A-Za-z0-9+/]{43}=)\n(?:[^\n]+\n)*$/;
const ED25519 = 1;

export class ReceiptError extends Error {
  constructor(message, remedy = "Ask the sender to send it again.") {
    super(message);
    this.remedy = remedy;
  }
}

/** The entry a receipt proves, and the log it stands in. Throws ReceiptError where it proves nothing. */
export async function proved(text, key) {
  const match = FORM.exec(text);
  if (!match) throw new ReceiptError(`This is no receipt: its first line would be ${HEAD}.`);
  const [, extra, index, proof, note] = match;
  const leaf = bytes(extra);
  const checkpoint = await signed(note, verifierKey(key));
  const hashes = proof.split("\n").filter(Boolean).map(bytes);
  const root = await rootFrom(await hash([0], leaf), BigInt(index), BigInt(checkpoint.size), hashes);
  if (!same(root, bytes(checkpoint.root))) throw new ReceiptError("The entry does not lead to the root that the log signed.");
  return { index: Number(index), entry: JSON.parse(new TextDecoder().decode(leaf)), ...checkpoint };
}

/** The root that an inclusion proof leads to (RFC 9162, 2.1.3.2). */
async function rootFrom(leaf, index, size, hashes) {
  let [position, last, current] = [index, size - 1n, leaf];
  if (index >= size) throw new ReceiptError("The entry's number is beyond the log's end.");
  for (const sibling of hashes) {
    if (last === 0n) throw new ReceiptError("The proof is too long.");
    if (position & 1n || position === last) {
      current = await hash([1], sibling, current);
      while (!(position & 1n) && position) [position, last] = [position >> 1n, last >> 1n];
    } else current = await hash([1], current, sibling);
    [position, last] = [position >> 1n, last >> 1n];
  }
  if (last !== 0n) throw new ReceiptError("The proof is too short.");
  return current;
}

/** Name, id and public key of `name+id+base64`. */
function verifierKey(text) {
  const [, name, id, encoded] = /^([^+\s]+)\+([0-9a-f]{8})\+(\S+)$/.exec(text.trim()) ?? []; // base64 has pluses too
  const raw = encoded ? bytes(encoded) : new Uint8Array();
  if (raw.length !== 33 || raw[0] !== ED25519) {
    throw new ReceiptError("This is no log's public key.", "It has the form name+id+key; `clearglass audit key` prints it.");
  }
  return { name, id, raw: raw.slice(1) };
}

/** Origin, size and root of a checkpoint, if this key signed it (C2SP signed-note). */
async function signed(note, { name, id, raw }) {
  const at = note.lastIndexOf("\n\n");
  const text = note.slice(0, at + 1);
  const match = at < 0 ? null : NOTE.exec(text);
  if (!match) throw new ReceiptError("Its checkpoint is malformed.");
  const key = await imported(raw);
  const own = hex(await hash(new TextEncoder().encode(`${name}\n`), [ED25519], raw)).slice(0, 8);
  if (own !== id) throw new ReceiptError("The key's id does not fit the key.", "Copy all of it once more.");
  for (const line of note.slice(at + 2).split("\n").filter(Boolean)) {
    const [dash, who, encoded] = line.split(" ");
    if (dash !== "\u2014" || who !== name) continue;
    const signature = bytes(encoded ?? "");
    if (hex(signature.slice(0, 4)) !== id) continue;
    const good = await crypto.subtle.verify("Ed25519", key, signature.slice(4), new TextEncoder().encode(text));
    if (!good) throw new ReceiptError("The signature of its checkpoint is not by this key.");
    if (match[1] !== name) throw new ReceiptError("Its checkpoint is of another log than the key.");
    return { origin: match[1], size: Number(match[2]), root: match[3] };
  }
  throw new ReceiptError("This key has not signed its checkpoint.", "See that the key is that log's.");
}

async function imported(raw) {
  if (!globalThis.crypto?.subtle) throw new ReceiptError("The browser checks signatures on https pages only.", "Open this page by https, or use `clearglass audit check`.");
  try {
    return await crypto.subtle.importKey("raw", raw, "Ed25519", false, ["verify"]);
  } catch {
    throw new ReceiptError("This browser knows no Ed25519 signatures.", "Use a newer one, or `clearglass audit check`.");
  }
}

async function hash(...parts) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", await new Blob(parts.map((part) => Uint8Array.from(part))).arrayBuffer()));
}

function bytes(base64) {
  try {
    return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  } catch {
    throw new ReceiptError("A part of it is not base64.");
  }
}

const hex = (raw) => [...raw].map((byte) => byte.toString(16).padStart(2, "0")).join("");
const same = (one, other) => hex(one) === hex(other);
