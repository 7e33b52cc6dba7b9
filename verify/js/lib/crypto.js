// BLAKE3 under the domains of docs/format.md, the tree over its hashes, and Ed25519 by ZIP 215.

import { ed25519 } from "@noble/curves/ed25519.js";
import { blake3 } from "@noble/hashes/blake3.js";
import { sha512 } from "@noble/hashes/sha2.js";
import { concat, equal, toHex } from "./bytes.js";

const { Point } = ed25519;
const ORDER = Point.Fn.ORDER;
const keys = new Map();
const ZERO32 = new Uint8Array(32);

export function hash(domain, data) {
  if (!keys.has(domain)) {
    keys.set(domain, blake3(new Uint8Array(), { context: `clearway v1 ${domain}` }));
  }
  return blake3(data, { key: keys.get(domain) });
}

// Whether 8·S·B = 8·R + 8·k·A. Not by noble's `verify`, whose challenge is of the shortest encodings of R and
// key, where ZIP 215 has their bytes as given; the browser's own Ed25519 has other rules still.
export function verify(key, message, signature) {
  const [r, s] = [signature.subarray(0, 32), number(signature.subarray(32, 64))];
  if (s >= ORDER) return false;
  try {
    const [a, start] = [Point.fromBytes(key, true), Point.fromBytes(r, true)];
    const challenge = number(sha512(concat(r, key, message))) % ORDER;
    const end = start.add(a.multiplyUnsafe(challenge));
    return end.subtract(Point.BASE.multiplyUnsafe(s)).clearCofactor().is0();
  } catch {
    return false; // noble throws for a key or R that is no point
  }
}

const number = (data) => BigInt(`0x${toHex(data.slice().reverse())}`);

export const entryLeaf = (entry) => hash("leaf", entry);
export const resultLeaf = (result) => hash("leaf", concat(result, ZERO32));

export function treeRoot(leaves) {
  let level = leaves;
  while (level.length > 1) {
    const above = [];
    for (let at = 0; at < level.length; at += 2) {
      above.push(at + 1 < level.length ? node(level[at], level[at + 1]) : level[at]);
    }
    level = above;
  }
  return level[0] ?? ZERO32;
}

const node = (left, right) => hash("node", concat(left, right));

// Siblings on the way up: one a level, none where an odd last node moves up.
export function pathLength(index, size) {
  let count = 0;
  for (; size > 1; index = Math.floor(index / 2), size = Math.ceil(size / 2)) {
    if ((index ^ 1) >>> 0 < size) count++;
  }
  return count;
}

export function leadsTo(root, { leaf, index, size, path }) {
  let found = leaf;
  let used = 0;
  for (; size > 1; index = Math.floor(index / 2), size = Math.ceil(size / 2)) {
    if ((index ^ 1) >>> 0 < size) {
      const sibling = path[used++];
      if (sibling === undefined) return false;
      found = index % 2 === 0 ? node(found, sibling) : node(sibling, found);
    }
  }
  return used === path.length && equal(found, root);
}
