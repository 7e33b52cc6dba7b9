// The whole of the verifier: parse a genesis that you trust, then check receipts and ranges under it.

import { VerifyError } from "./bytes.js";

export { VerifyError, fromHex, toHex } from "./bytes.js";
export { parseGenesis } from "./genesis.js";
export { RANGE_BYTES_MAX, checkRange } from "./range.js";
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
