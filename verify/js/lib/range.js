// A range of blocks: records of the block log, one after another. Recomputed are checksums, roots,
// headers, links and finality; nothing is executed again (docs/format.md, Block range).

import { VerifyError, ascii, concat, equal, isZero, toHex, u16, u32, u64 } from "./bytes.js";
import { entryLeaf, hash, resultLeaf, treeRoot, verify } from "./crypto.js";
import { genesisBlockHash } from "./genesis.js";
import { KIND_NUMBERS, PURPOSES } from "./tables.js";
import { sizeOfEntry } from "./words.js";

export const RANGE_BYTES_MAX = 2 ** 30;
const RECORD_HEAD_BYTES = 48;
const HEAD_BYTES = 256;
const UNIT_BYTES = 64;
const UNITS_AT = 193;
const MAGIC = ascii("CWB1");

const fail = (height, field, what) => {
  const where = height === null ? "" : `block ${height}: `;
  throw new VerifyError(`${where}${field}: ${what}`, height);
};

// data: the bytes of the file. trustedBlock: hash of the first block, bytes. trustedKeys: sequencer's
// keys, bytes. Throws VerifyError.
export function checkRange(data, genesis, trust) {
  const steps = rangeSteps(data, genesis, trust);
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

// The same block by block, for a page that stays alive meanwhile: yields {height, read}, the bytes
// checked so far, and returns what was found.
export function* rangeSteps(data, genesis, { trustedBlock, trustedKeys = [] } = {}) {
  const keys = new Keys(genesis, trustedKeys);
  let first = null;
  let before = null;
  let entries = 0;
  for (const { height, payload, read } of records(data)) {
    const block = takeApart(height, payload, genesis);
    if (before) checkLink(height, block, before);
    else if (trustedBlock && !equal(block.hash, trustedBlock)) {
      fail(height, "header", "is not the block that is trusted");
    }
    checkRoots(height, block);
    checkFinality(height, block, genesis, keys);
    if (height !== 0n) keys.follow(block);
    first ??= height;
    entries += block.entries.length;
    before = block;
    yield { height, read };
  }
  if (!before) fail(null, "range", "has no blocks");
  const anchored = first === 0n || Boolean(trustedBlock);
  const last = u64(before.header, 8);
  const words =
    `blocks ${first} to ${last}, ${entries} entries, last hash ${toHex(before.hash)}` +
    `${anchored ? "" : "; what came before them is not checked"}; nothing was executed again`;
  return { first, last, entries, blockHash: before.hash, anchored, words };
}

// Who may sequence; a key that a block registers counts from the next block on.
class Keys {
  constructor(genesis, trusted) {
    this.rows = new Map();
    this.revoked = new Set();
    for (const { key, purposes, activation } of genesis.keys) {
      this.register(key, purposes, activation);
    }
    for (const key of trusted) this.register(toHex(key), PURPOSES.sequence, 0n);
  }

  register(key, purposes, activation) {
    if (this.revoked.has(key) || this.rows.has(key)) return;
    this.rows.set(key, { purposes, activation });
  }

  maySequence(key, height) {
    const row = this.rows.get(key);
    return Boolean(row && row.purposes & PURPOSES.sequence && row.activation <= height);
  }

  follow({ entries, results }) {
    entries.forEach((entry, at) => {
      const registers = entry[1] === KIND_NUMBERS.register_key;
      if (!registers && entry[1] !== KIND_NUMBERS.revoke_key) return;
      const succeeded = u16(results[at], 2) === 0 && u16(results[at], 4) === 0;
      // Without a unit, what stands in its place may be the signature.
      if (!succeeded || entry[UNITS_AT] === 0) return;
      const unit = entry.subarray(HEAD_BYTES, HEAD_BYTES + UNIT_BYTES);
      const key = toHex(unit.subarray(0, 32));
      if (registers) this.register(key, u32(unit, 36), u64(unit, 40));
      else {
        this.rows.delete(key);
        this.revoked.add(key);
      }
    });
  }
}

// --- framing ------------------------------------------------------------------------------------

function* records(data) {
  if (data.length > RANGE_BYTES_MAX) fail(null, "range", `has more than ${RANGE_BYTES_MAX} bytes`);
  let expected = null;
  for (let at = 0; at < data.length; ) {
    const head = data.subarray(at, at + RECORD_HEAD_BYTES);
    if (head.length < RECORD_HEAD_BYTES || !equal(head.subarray(0, 4), MAGIC)) {
      fail(expected, "record", "does not begin as one of the block log");
    }
    const [size, height] = [u32(head, 4), u64(head, 8)];
    if (expected !== null && height !== expected) {
      fail(expected, "record", `is of height ${height}`);
    }
    const payload = data.subarray(at + RECORD_HEAD_BYTES, at + RECORD_HEAD_BYTES + size);
    if (payload.length < size) fail(height, "record", "is cut short");
    const checksum = hash("log", concat(head.subarray(8, 16), payload));
    if (!equal(checksum, head.subarray(16))) {
      fail(height, "checksum", "is not that of the record");
    }
    at += RECORD_HEAD_BYTES + size;
    yield { height, payload, read: at };
    expected = height + 1n;
  }
}

function takeApart(height, payload, genesis) {
  const header = payload.subarray(0, 192);
  if (header.length < 192) fail(height, "record", "has no whole header");
  if (u32(header, 0) !== 1 || !isZero(header.subarray(24, 32))) {
    fail(height, "header", "is not a header of version 1");
  }
  if (u64(header, 8) !== height) fail(height, "header", `is of height ${u64(header, 8)}`);
  if (!equal(header.subarray(32, 64), genesis.chainId)) {
    fail(height, "header", "belongs to another chain");
  }
  const finality = counted(payload, 192) ?? fail(height, "finality", "is cut short");
  const encoded = counted(payload, finality.end) ?? fail(height, "entries", "are cut short");
  const results = payload.subarray(encoded.end);
  const count = u32(header, 4);
  if (results.length !== 32 * count) {
    fail(height, "results", `are not those of ${count} entries`);
  }
  return {
    header,
    hash: hash("header", header),
    finality: finality.part,
    entries: split(height, encoded.part, count),
    results: Array.from({ length: count }, (_, at) => results.subarray(32 * at, 32 * at + 32)),
  };
}

// A part that its length, u32, stands before.
function counted(payload, at) {
  if (at + 4 > payload.length) return null;
  const end = at + 4 + u32(payload, at);
  return end > payload.length ? null : { part: payload.subarray(at + 4, end), end };
}

// The single entries. Their kinds do not matter, only the lengths that they say.
function split(height, encoded, count) {
  const entries = [];
  let at = 0;
  while (at < encoded.length && entries.length < count) {
    const size = sizeOfEntry(encoded.subarray(at, at + HEAD_BYTES));
    const name = `entry ${entries.length}`;
    if (size === null) fail(height, name, "is not of version 1, or is cut short");
    if (at + size > encoded.length) fail(height, name, "is cut short");
    entries.push(encoded.subarray(at, at + size));
    at += size;
  }
  if (at !== encoded.length || entries.length !== count) {
    fail(height, "entries", `are not ${count} in number`);
  }
  return entries;
}

// --- the block ----------------------------------------------------------------------------------

function checkLink(height, block, before) {
  if (!equal(block.header.subarray(64, 96), before.hash)) {
    fail(height, "previous", `is not the hash of block ${height - 1n}`);
  }
  if (u64(block.header, 16) <= u64(before.header, 16)) {
    fail(height, "time_ns", `is not after that of block ${height - 1n}`);
  }
}

function checkRoots(height, { header, entries, results }) {
  if (!equal(treeRoot(entries.map(entryLeaf)), header.subarray(96, 128))) {
    fail(height, "transactions_root", "is not that of the entries");
  }
  if (!equal(treeRoot(results.map(resultLeaf)), header.subarray(128, 160))) {
    fail(height, "results_root", "is not that of the results");
  }
}

function checkFinality(height, block, genesis, keys) {
  const { finality } = block;
  if (height === 0n) {
    if (finality.length > 0) {
      fail(height, "finality", "stands on the genesis block, which carries none");
    }
    if (!equal(block.hash, genesisBlockHash(genesis))) {
      fail(height, "header", "is not the block that the trusted genesis makes");
    }
    return;
  }
  if (finality.length !== 98) fail(height, "finality", `has ${finality.length} bytes, not 98`);
  if (finality[0] !== 1 || finality[1] !== 1) {
    fail(height, "finality", "is not a sequencer's of version 1");
  }
  const key = finality.subarray(2, 34);
  if (!keys.maySequence(toHex(key), height)) {
    fail(height, "finality.key", "is not a sequencer known before this block");
  }
  if (!verify(key, block.hash, finality.subarray(34))) {
    fail(height, "finality.signature", "is not over this header by this key");
  }
}
