#!/usr/bin/env node
// clearway-verify receipt FILE --trust GENESIS.json
// clearway-verify blocks FILE --trust GENESIS.json [--trust-block HASH] [--trust-key KEY]...
//
// Prints one line; exits 0 when the file is good, 1 when it is not, 2 when it was called wrongly.

import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { VerifyError, checkRange, checkReceipt, fromHex, parseGenesis, verdict } from "./lib/verify.js";

const USAGE = `usage: clearway-verify receipt FILE --trust GENESIS.json
       clearway-verify blocks FILE --trust GENESIS.json [--trust-block HASH] [--trust-key KEY]...`;
const ALONE = { receipt: "a receipt proves nothing alone", blocks: "a range of blocks proves nothing alone" };

function main() {
  const { what, file, options } = readArguments();
  const { ok, line } = verdict(() => {
    if (options.trust === undefined) {
      throw new VerifyError(`no trusted genesis was given (--trust GENESIS.json); ${ALONE[what]}`);
    }
    const genesis = parseGenesis(read(options.trust));
    if (what === "receipt") return checkReceipt(read(file), genesis);
    const block = options["trust-block"];
    return checkRange(read(file), genesis, {
      trustedBlock: block === undefined ? undefined : hashOf(block, "--trust-block"),
      trustedKeys: (options["trust-key"] ?? []).map((key) => hashOf(key, "--trust-key")),
    });
  });
  console.log(line);
  process.exitCode = ok ? 0 : 1;
}

function readArguments() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        trust: { type: "string" },
        "trust-block": { type: "string" },
        "trust-key": { type: "string", multiple: true },
      },
    });
    const [what, file, ...more] = positionals;
    if (!Object.hasOwn(ALONE, what ?? "") || file === undefined || more.length) throw new Error();
    return { what, file, options: values };
  } catch {
    console.error(USAGE);
    process.exit(2);
  }
}

function read(file) {
  try {
    return new Uint8Array(readFileSync(file));
  } catch (error) {
    throw new VerifyError(`${file}: cannot be read (${error.code})`);
  }
}

function hashOf(text, option) {
  if (!/^[0-9a-f]{64}$/.test(text)) {
    throw new VerifyError(`${option}: is not 64 lower-case hex digits`);
  }
  return fromHex(text);
}

main();
