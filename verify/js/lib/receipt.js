// A receipt: one entry and its result, proven under a genesis that the reader trusts.
// The order of the checks and their words are those of docs/format.md, Receipt.

import { VerifyError, equal, fromHex, isZero, toHex, u32, u64 } from "./bytes.js";
import { entryLeaf, hash, leadsTo, pathLength, resultLeaf, verify } from "./crypto.js";
import { genesisBlockHash, isSequencer } from "./genesis.js";
import { checkKeys, parseJson } from "./json.js";
import { amountMoved, readEntry, readResult, tell } from "./words.js";

const BYTES_MAX = 1024 * 1024;
const ENTRY_BYTES_MAX = 64 * 1024;
const PATH_HASHES_MAX = 32;
const KEYS = [
  "object", "version", "chain_id", "entry", "result", "index", "size",
  "entry_path", "result_path", "header", "finality",
];

// What the checks are, in their order; `note` is told each as it is passed.
export const RECEIPT_CHECKS = ["shape", "chain", "header", "finality", "place", "entry", "result"];

const fail = (field, what) => {
  throw new VerifyError(`${field}: ${what}`);
};

// data: the bytes of the file. Throws VerifyError.
export function checkReceipt(data, genesis, note = () => {}) {
  const receipt = readReceipt(data);
  note("shape");
  if (!equal(hex(receipt.get("chain_id"), "chain_id", 32), genesis.chainId)) {
    fail("chain_id", `is not that of the trusted genesis, ${toHex(genesis.chainId)}`);
  }
  note("chain");
  const header = hex(receipt.get("header"), "header", 192);
  checkHeader(header, genesis);
  note("header");
  checkFinality(receipt.get("finality"), header, genesis);
  note("finality");
  const { index, size } = placeOf(receipt, header);
  note("place");
  const entry = hex(receipt.get("entry"), "entry", null);
  const result = hex(receipt.get("result"), "result", 32);
  const place = { index, size };
  checkProof(receipt, "entry", entryLeaf(entry), place, header.subarray(96, 128));
  note("entry");
  checkProof(receipt, "result", resultLeaf(result), place, header.subarray(128, 160));
  note("result");
  const told = readEntry(entry, genesis);
  const ended = readResult(result);
  const height = u64(header, 8);
  return {
    height,
    index,
    size,
    timeNs: u64(header, 16),
    blockHash: hash("header", header),
    entry: told,
    result: ended,
    moved: told.facts.amount === undefined ? null : amountMoved(entry, result, genesis),
    raw: entry,
    words: `block ${height}, entry ${index}: ${tell(told, ended)}`,
  };
}

function readReceipt(data) {
  if (data.length > BYTES_MAX) fail("receipt", `has more than ${BYTES_MAX} bytes`);
  let receipt;
  try {
    receipt = parseJson(data);
  } catch (error) {
    fail("receipt", error.message);
  }
  if (!(receipt instanceof Map)) fail("receipt", "is not an object");
  checkKeys(receipt, "receipt", KEYS);
  if (receipt.get("object") !== "receipt") fail("object", "is not 'receipt'");
  if (receipt.get("version") !== 1n) fail("version", "is not 1");
  return receipt;
}

function checkHeader(header, genesis) {
  if (u32(header, 0) !== 1 || !isZero(header.subarray(24, 32))) {
    fail("header", "is not a header of version 1");
  }
  if (!equal(header.subarray(32, 64), genesis.chainId)) fail("header", "belongs to another chain");
}

function checkFinality(finality, header, genesis) {
  const height = u64(header, 8);
  const blockHash = hash("header", header);
  if (finality === null) {
    if (height !== 0n) fail("finality", `is missing, and block ${height} needs it`);
    if (!equal(blockHash, genesisBlockHash(genesis))) {
      fail("header", "is not the block that the trusted genesis makes");
    }
    return;
  }
  if (height === 0n) fail("finality", "stands on the genesis block, which carries none");
  if (!(finality instanceof Map)) fail("finality", "is not an object");
  checkKeys(finality, "finality", ["kind", "key", "signature"]);
  if (finality.get("kind") !== "sequencer") fail("finality.kind", "is not 'sequencer'");
  const key = hex(finality.get("key"), "finality.key", 32);
  if (!isSequencer(genesis, toHex(key), height)) {
    fail("finality.key", "is not a sequencer of the trusted genesis");
  }
  const signature = hex(finality.get("signature"), "finality.signature", 64);
  if (!verify(key, blockHash, signature)) {
    fail("finality.signature", "is not over this header by this key");
  }
}

function placeOf(receipt, header) {
  const size = whole(receipt.get("size"), "size");
  const count = u32(header, 4);
  if (size !== count) fail("size", `is not the header's count, ${count}`);
  const index = whole(receipt.get("index"), "index");
  if (index >= size) fail("index", `is not below size, ${size}`);
  return { index, size };
}

function checkProof(receipt, name, leaf, { index, size }, root) {
  const path = readPath(receipt.get(`${name}_path`), `${name}_path`, pathLength(index, size), {
    index,
    size,
  });
  if (!leadsTo(root, { leaf, index, size, path })) {
    const rootName = name === "entry" ? "transactions_root" : "results_root";
    fail(name, `it, its index and ${name}_path do not lead to the ${rootName}`);
  }
}

function readPath(value, field, needed, { index, size }) {
  if (!Array.isArray(value) || value.length > PATH_HASHES_MAX) {
    fail(field, `is not a list of at most ${PATH_HASHES_MAX} hashes`);
  }
  if (value.length !== needed) {
    fail(field, `has ${value.length} hashes, leaf ${index} of ${size} has ${needed}`);
  }
  return value.map((row, place) => hex(row, `${field}[${place}]`, 32));
}

function whole(value, field) {
  if (typeof value !== "bigint" || value >= 2n ** 32n) fail(field, "is not a whole number");
  return Number(value);
}

function hex(value, field, size) {
  if (typeof value !== "string" || value.length % 2 !== 0 || !/^[0-9a-f]*$/.test(value)) {
    fail(field, "is not lower-case hex");
  }
  if (value.length > 2 * ENTRY_BYTES_MAX) fail(field, `has more than ${ENTRY_BYTES_MAX} bytes`);
  if (size !== null && value.length !== 2 * size) {
    fail(field, `has ${value.length / 2} bytes, not ${size}`);
  }
  return fromHex(value);
}
