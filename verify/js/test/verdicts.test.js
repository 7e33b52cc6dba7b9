// Every verdict of docs/vectors/verdicts-v1.json, word for word, and the vectors of the format.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { concat, fromHex, le, toHex } from "../lib/bytes.js";
import { entryLeaf, hash, leadsTo, resultLeaf, treeRoot, verify } from "../lib/crypto.js";
import { checkRange, checkReceipt, parseGenesis, verdict } from "../lib/verify.js";
import { readEntry, readResult, tell } from "../lib/words.js";
import { FORMAT, VERDICTS, encode, genesisBytes, rangeBytes, receiptBytes } from "./vectors.js";

const geneses = new Map();
// Parsed once a name; a bad one throws each time it is asked for.
function genesisOf(name) {
  if (!geneses.has(name)) geneses.set(name, parseGenesis(genesisBytes(name)));
  return geneses.get(name);
}

// --- verdicts -----------------------------------------------------------------------------------

test("every receipt gets its verdict", () => {
  assert.ok(VERDICTS.receipts.length > 200);
  for (const row of VERDICTS.receipts) {
    const { line } = verdict(() => checkReceipt(receiptBytes(row), genesisOf(row.genesis)));
    assert.equal(line, row.verdict, row.name);
  }
});

test("every range gets its verdict", () => {
  assert.ok(VERDICTS.ranges.length > 50);
  for (const row of VERDICTS.ranges) {
    const { line } = verdict(() =>
      checkRange(rangeBytes(row), genesisOf(row.genesis), {
        trustedBlock: row.trust_block && fromHex(row.trust_block),
        trustedKeys: row.trust_keys?.map(fromHex),
      }),
    );
    assert.equal(line, row.verdict, row.name);
  }
});

test("signatures are judged by ZIP 215", () => {
  for (const row of VERDICTS.signatures) {
    const found = verify(fromHex(row.key), fromHex(row.message), fromHex(row.signature));
    assert.equal(found, row.valid, row.name);
  }
});

test("entries of every kind are told alike", () => {
  const genesis = genesisOf("main");
  for (const row of VERDICTS.told) {
    const said = tell(readEntry(fromHex(row.entry), genesis), readResult(fromHex(row.result)));
    assert.equal(said, row.words);
  }
});

// --- every digit and every byte -----------------------------------------------------------------

function* flipped(rule, data) {
  const digits = encode("0123456789abcdef");
  if (rule === "resealed") return yield* resealed(data);
  for (let at = 0; at < data.length; at++) {
    const place = digits.indexOf(data[at]);
    if (rule === "digit" && place < 0) continue;
    const changed = data.slice();
    changed[at] = rule === "digit" ? digits[(place + 1) % 16] : data[at] ^ 1;
    yield changed;
  }
}

function* resealed(data) {
  const size = (at) => new DataView(data.buffer, data.byteOffset).getUint32(at + 4, true);
  for (let at = 0; at < data.length; at += 48 + size(at)) {
    for (let place = at + 48; place < at + 48 + size(at); place++) {
      const changed = data.slice();
      changed[place] ^= 1;
      const payload = changed.subarray(at + 48, at + 48 + size(at));
      changed.set(hash("log", concat(changed.subarray(at + 8, at + 16), payload)), at + 16);
      yield changed;
    }
  }
}

for (const row of VERDICTS.flips) {
  test(`each ${row.rule} of a ${row.file} counts`, () => {
    const lines = [];
    for (const changed of flipped(row.rule, flipBytes(row))) {
      lines.push(verdict(() => checkFlip(row, changed)).line);
    }
    assert.equal(lines.filter((line) => line.startsWith("VERIFIED: ")).length, row.accepted);
    assert.equal(lines.length, row.count);
    assert.equal(createHash("sha256").update(lines.join("\n")).digest("hex"), row.sha256);
  });
}

function flipBytes({ file, genesis, subject }) {
  if (file === "range") return fromHex(VERDICTS.bases.ranges[subject]);
  if (file === "receipt") return encode(VERDICTS.bases.receipts[subject]);
  return encode(VERDICTS.bases.geneses[genesis]);
}

function checkFlip({ file, genesis, subject }, changed) {
  if (file === "range") return checkRange(changed, genesisOf(genesis));
  if (file === "receipt") return checkReceipt(changed, genesisOf(genesis));
  return checkReceipt(encode(VERDICTS.bases.receipts[subject]), parseGenesis(changed));
}

// --- the format ---------------------------------------------------------------------------------

test("hashes of every domain", () => {
  for (const [domain, row] of Object.entries(FORMAT.domains)) {
    for (const text of ["", "clearway"]) assert.equal(toHex(hash(domain, encode(text))), row[text]);
  }
});

test("roots and paths of trees", () => {
  for (const { size, root, paths } of FORMAT.trees) {
    const leaves = Array.from({ length: size }, (_, index) => hash("leaf", le(index, 8)));
    assert.equal(toHex(treeRoot(leaves)), root);
    for (const [place, siblings] of Object.entries(paths)) {
      const [index, path] = [Number(place), siblings.map(fromHex)];
      const at = (more) => leadsTo(fromHex(root), { leaf: leaves[index], index, size, path, ...more });
      assert.ok(at({}));
      assert.ok(!at({ path: [...path, new Uint8Array(32)] }));
      if (size > 1) assert.ok(!at({ index: index ^ 1 }) && !at({ path: path.slice(1) }));
    }
  }
});

test("leaves of entries and results", () => {
  for (const row of FORMAT.entries) assert.equal(toHex(entryLeaf(fromHex(row.bytes))), row.leaf);
  assert.equal(toHex(resultLeaf(fromHex(FORMAT.result.bytes))), FORMAT.result.leaf);
});
