// The whole of the verifier: parse a genesis that you trust, then check receipts and ranges under it.

import { VerifyError } from "./bytes.js";
import { SENTENCES } from "./tables.js";

export { VerifyError, fromHex, toHex } from "./bytes.js";
export { parseGenesis } from "./genesis.js";
export { RANGE_BYTES_MAX, checkRange, rangeSteps } from "./range.js";
export { RECEIPT_CHECKS, checkReceipt } from "./receipt.js";

// One line of words for a person, and whether it is good: what the command lines print.
export function verdict(check) {
  try {
    const found = check();
    return { ok: true, line: `VERIFIED: ${found.words}`, found };
  } catch (error) {
    if (!(error instanceof VerifyError)) throw error; // a bug of the verifier, not a bad file
    return { ok: false, line: `NOT VERIFIED: ${error.message}`, error };
  }
}

// The facts that the sentence of a kind names, in its order.
export function factsOf(name) {
  return Array.from((SENTENCES[name] ?? "").matchAll(/\{(\w+)\}/g), ([, fact]) => fact);
}
