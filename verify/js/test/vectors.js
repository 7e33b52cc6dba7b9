// The vectors of docs/vectors, and the bytes of their cases.

import { readFileSync } from "node:fs";
import { concat, fromHex } from "../lib/bytes.js";

const load = (name) =>
  JSON.parse(readFileSync(new URL(`../../../docs/vectors/${name}`, import.meta.url), "utf8"));

export const VERDICTS = load("verdicts-v1.json");
export const FORMAT = load("format-v1.json");
export const encode = (text) => new TextEncoder().encode(text);

// The base, and each edit [at, bytes removed, hex put there, times = 1].
function edited(base, edits = []) {
  let data = base;
  for (const [at, removed, put, times = 1] of edits) {
    const part = fromHex(put.repeat(times));
    data = concat(data.subarray(0, at), part, data.subarray(at + removed));
  }
  return data;
}

export function genesisBytes(name) {
  const { base, edits } = VERDICTS.geneses[name];
  return edited(encode(VERDICTS.bases.geneses[base]), edits);
}

export const receiptBytes = ({ base, edits }) => edited(encode(VERDICTS.bases.receipts[base]), edits);
export const rangeBytes = ({ base, edits }) => edited(fromHex(VERDICTS.bases.ranges[base]), edits);
