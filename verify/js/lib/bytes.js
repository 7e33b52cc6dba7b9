// Reading and writing of little endian integers, hex and byte strings.

export class VerifyError extends Error {
  // height: of the first bad block, where one is known.
  constructor(message, height = null) {
    super(message);
    this.height = height;
  }
}

export const u16 = (data, at) => view(data).getUint16(at, true);
export const u32 = (data, at) => view(data).getUint32(at, true);
export const u64 = (data, at) => view(data).getBigUint64(at, true);
export const u128 = (data, at) => (u64(data, at + 8) << 64n) | u64(data, at);

function view(data) {
  return new DataView(data.buffer, data.byteOffset, data.byteLength);
}

// `size` bytes, little endian, of a number or BigInt.
export function le(value, size) {
  const out = new Uint8Array(size);
  let rest = BigInt(value);
  for (let at = 0; at < size; at++, rest >>= 8n) out[at] = Number(rest & 255n);
  return out;
}

export function concat(...parts) {
  const out = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

export function padded(data, size) {
  const out = new Uint8Array(size);
  out.set(data);
  return out;
}

export function equal(left, right) {
  return left.length === right.length && left.every((byte, at) => byte === right[at]);
}

export const isZero = (data) => data.every((byte) => byte === 0);

const DIGITS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

export const toHex = (data) => Array.from(data, (byte) => DIGITS[byte]).join("");

// Of text that is known to be hex.
export function fromHex(text) {
  const out = new Uint8Array(text.length / 2);
  for (let at = 0; at < out.length; at++) out[at] = parseInt(text.slice(2 * at, 2 * at + 2), 16);
  return out;
}

export const ascii = (text) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
