// What an entry and its result say, decoded for people. Nothing here decides a verdict: a kind that is
// not in SENTENCES, or a length that is not what the head says, is shown as bytes.

import { VerifyError, isZero, toHex, u128, u16, u32, u64 } from "./bytes.js";
import {
  ACCOUNT_FLAGS, CODES, CONTROL_ACTS, CONTROL_ACTS_ON_ALL, FLAGS, KINDS, OUTCOMES, PURPOSES, ROLES, SENTENCES, UNREADABLE,
} from "./tables.js";

const HEAD_BYTES = 256;
const UNIT_BYTES = 64;
const KIND_ENVELOPE = 0;
const KIND_SWEEP = 1;
const WITH_UNIT = [
  "open_account", "register_asset", "register_key", "revoke_key", "set_limit", "set_authority", "propose_recovery",
];

// The length that the first bytes of an entry say it has; null when it cannot be told.
export function sizeOfEntry(data) {
  if (data.length < 8 || data[0] !== 1) return null;
  if (data[1] === KIND_ENVELOPE) return 192;
  if (data[1] === KIND_SWEEP) return 32 * (1 + u32(data, 4));
  if (data.length < HEAD_BYTES) return null;
  return HEAD_BYTES + UNIT_BYTES * data[193] + (data[2] & FLAGS.signed ? 64 * signaturesOf(u16(data, 194)) : 0);
}

// One for each signer; one alone when none is named.
function signaturesOf(signers) {
  let count = 0;
  for (let bits = signers; bits > 0; bits >>= 1) count += bits & 1;
  return Math.max(count, 1);
}

// {kind, name, facts}: the facts that sentences and pages show, as texts. name is null for an entry
// that cannot be read. Throws VerifyError for bytes that are no entry of version 1.
export function readEntry(entry, genesis) {
  if (entry.length < 2 || entry[0] !== 1) throw new VerifyError("entry: is not of version 1");
  const kind = entry[1];
  const name = KINDS[kind];
  if (!name || !SENTENCES[name] || !isWhole(entry, name)) {
    return { kind, name: null, facts: { kind: `kind ${kind}`, bytes: entry.length }, legs: [] };
  }
  if (kind === KIND_ENVELOPE) return { kind, name, facts: envelopeFacts(entry), legs: [] };
  if (kind === KIND_SWEEP) return { kind, name, facts: { count: u32(entry, 4) }, legs: [] };
  const units = entry.subarray(HEAD_BYTES, HEAD_BYTES + UNIT_BYTES * entry[193]);
  const facts = { ...headFacts(entry, genesis), ...unitFacts(name, entry, units, genesis) };
  const legs = LEGGED.includes(name) ? legsOf(units, genesis) : [];
  return { kind, name, facts, legs };
}

const LEGGED = ["payment", "post", "refund", "issue", "redeem"];

function isWhole(entry, name) {
  const needsUnit = WITH_UNIT.includes(name) && entry[193] === 0;
  return sizeOfEntry(entry) === entry.length && !needsUnit;
}

export function readResult(result) {
  if (result[0] !== 1) throw new VerifyError("result: is not of version 1");
  const code = u16(result, 2);
  return {
    accepted: code === 0,
    code: code === 0 ? null : CODES[code] ?? `code ${code}`,
    duplicateOf: u16(result, 4) === 0 ? null : u64(result, 8),
  };
}

// What the result says moved, was held or was captured, in the entry's asset.
export function amountMoved(entry, result, genesis) {
  const asset = u32(entry, 4);
  return `${amountOf(u128(result, 16), asset, genesis)} ${assetName(asset, genesis)}`;
}

// One sentence without its full stop.
export function tell({ name, facts }, result) {
  const said = (SENTENCES[name] ?? UNREADABLE).replace(/\{(\w+)\}/g, (_, fact) => facts[fact]);
  let ended = result.accepted ? "accepted" : `refused with ${result.code}`;
  if (result.code === "ledger.declined") ended = "declined";
  if (result.duplicateOf !== null) {
    ended = `a repetition of what block ${result.duplicateOf} ${ended.replace(" with", ", with")}`;
  }
  return `${said}: ${ended}`;
}

// --- the facts ----------------------------------------------------------------------------------

function headFacts(entry, genesis) {
  const [asset, toAsset] = [u32(entry, 4), u32(entry, 8)];
  const target = toHex(entry.subarray(32, 48));
  const toAmount = amountOf(u128(entry, 64), toAsset, genesis);
  const outcome = OUTCOMES[entry[192]] ?? `outcome ${entry[192]}`;
  const pending = (u16(entry, 2) & FLAGS.pending) !== 0;
  const act = u32(entry, 12);
  const balancing = (u16(entry, 2) & (FLAGS.balancing_payer | FLAGS.balancing_payee)) !== 0;
  return {
    id: toHex(entry.subarray(16, 32)),
    from: address(entry, 96),
    to: address(entry, 116),
    account: address(entry, 96),
    amount: amountOf(u128(entry, 48), asset, genesis),
    asset: assetName(asset, genesis),
    to_amount: toAsset ? toAmount : "",
    to_asset: toAsset ? assetName(toAsset, genesis) : "",
    exchange: toAsset ? ` (which is ${toAmount} ${assetName(toAsset, genesis)})` : "",
    target,
    hold: target,
    refund_of: target,
    escrow: target,
    asked_by: address(entry, 96),
    act: CONTROL_ACTS[act] ?? `act ${act}`,
    holder: CONTROL_ACTS_ON_ALL.includes(act) || act === 0 ? "" : ` for ${address(entry, 96)}`,
    terms_hash: toHex(entry.subarray(64, 96)),
    most: balancing ? "at most " : "",
    held: pending ? ", held" : "",
    held_until_ns: pending ? u64(entry, 152) : null,
    outcome,
    decided: outcome === "review" && KINDS[entry[1]] === "payment" ? " for review" : "",
    created_ns: u64(entry, 136),
  };
}

function unitFacts(name, entry, units, genesis) {
  const key = toHex(units.subarray(0, 32));
  if (name === "register_asset") {
    return { number: u32(entry, 4), code: printable(units.subarray(0, 16)), scale: units[16] };
  }
  if (name === "register_key") {
    const purposes = named(u32(units, 36), PURPOSES);
    return { key, institution: u32(units, 32), purposes, activation_height: u64(units, 40) };
  }
  if (name === "revoke_key" || name === "propose_recovery") return { key };
  if (name === "set_authority") return { authority: authorityOf(units, key) };
  if (name === "set_limit") {
    const asset = u32(entry, 4);
    return {
      key,
      payment_max: amountOf(u128(entry, 48), asset, genesis),
      day_max: amountOf(u128(entry, 64), asset, genesis),
    };
  }
  if (name === "open_account") {
    const owner = units.subarray(0, 32);
    const numbers = [];
    for (let at = 36; at < units.length; at += 4) numbers.push(u32(units, at));
    const assets = numbers.filter(Boolean).map((number) => assetName(number, genesis));
    const flags = named(u32(units, 32), ACCOUNT_FLAGS);
    return { owner: isZero(owner) ? "" : toHex(owner), flags, assets: assets.join(", ") };
  }
  return {};
}

function authorityOf(units, key) {
  if (units.length > UNIT_BYTES) return `a policy of ${units.length / UNIT_BYTES - 1} keys`;
  return isZero(units.subarray(0, 32)) ? "its institution alone" : `key ${key}`;
}

function envelopeFacts(entry) {
  return {
    institution: u32(entry, 8),
    entries: u32(entry, 4),
    sequence: u64(entry, 16),
    valid_until_ns: u64(entry, 24),
    key: toHex(entry.subarray(64, 96)),
  };
}

function legsOf(units, genesis) {
  const legs = [];
  for (let at = 0; at < units.length; at += UNIT_BYTES) {
    const leg = units.subarray(at, at + UNIT_BYTES);
    const asset = u32(leg, 40);
    legs.push({
      from: address(leg, 0),
      to: address(leg, 20),
      amount: amountOf(u128(leg, 48), asset, genesis),
      asset: assetName(asset, genesis),
      role: ROLES[leg[44]] ?? `role ${leg[44]}`,
    });
  }
  return legs;
}

const address = (data, at) => `0x${toHex(data.subarray(at, at + 20))}`;

const named = (bits, known) =>
  Object.keys(known).filter((name) => bits & known[name]).join(", ");

const assetOf = (number, genesis) => genesis.assets[number - 1];

const assetName = (number, genesis) => assetOf(number, genesis)?.code ?? `asset ${number}`;

function amountOf(minor, number, genesis) {
  const asset = assetOf(number, genesis);
  if (!asset) return `${minor} minor units`;
  const digits = String(minor).padStart(asset.scale + 1, "0");
  if (asset.scale === 0) return digits;
  return `${digits.slice(0, -asset.scale)}.${digits.slice(-asset.scale)}`;
}

// Without the zeros at the end; what a terminal should not be shown is a question mark.
function printable(data) {
  let end = data.length;
  while (end > 0 && data[end - 1] === 0) end--;
  const letter = (byte) => (byte > 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "?");
  return Array.from(data.subarray(0, end), letter).join("");
}
