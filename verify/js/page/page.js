// The page: takes files, runs the verifier on them, and shows what it found. Every text that comes from
// a file is put in as text, never as HTML.

import {
  RANGE_BYTES_MAX, RECEIPT_CHECKS, VerifyError, checkReceipt, factsOf, fromHex, parseGenesis, rangeSteps, toHex,
} from "../lib/verify.js";

const PAINT_EVERY_MS = 100;
const RAW_BYTES_SHOWN = 1024;
const MAGIC = "CWB1";

// --- words --------------------------------------------------------------------------------------

const CHECKS = {
  genesis: "The genesis file is sound, and gives the chain its id",
  shape: "The file is a receipt: every key that belongs, none that does not, hex spelled one way only",
  chain: "It is of the chain that your genesis begins",
  header: "The block’s header is well formed and of that chain",
  finality: "The block is final: signed by a sequencer of your genesis, or the block that genesis itself makes",
  place: "The place in the block that it claims exists",
  entry: "What was ordered is in that block, byte for byte",
  result: "How it ended is in that block, byte for byte",
  records: "Every record is whole, has its checksum, and follows the one before it",
  headers: "Every header is well formed and of that chain, and the first block is the one it must be",
  links: "Every block names the hash of the block before it, and is later",
  roots: "Every block’s roots are those of its entries and results, recomputed",
  final: "Every block is final: signed by a sequencer known before it",
};
const RANGE_CHECKS = ["records", "headers", "links", "roots", "final"];

// Which check of a range a refusal belongs to, by the field that it names; of records otherwise.
const RANGE_FIELDS = {
  header: "headers", previous: "links", time_ns: "links", transactions_root: "roots", results_root: "roots",
  finality: "final", "finality.key": "final", "finality.signature": "final",
};

// One row a fact; which facts a kind has follows from its sentence. A kind needs nothing here.
const LABELS = {
  id: "Id",
  from: "From",
  to: "To",
  account: "Account",
  exchange: "The payee gets",
  hold: "Of the hold",
  refund_of: "Of the payment",
  escrow: "Of the escrow",
  asked_by: "Asked by",
  terms_hash: "Hash of its terms",
  act: "Act",
  holder: "Concerning",
  target: "Concerns",
  number: "Asset number",
  code: "Asset",
  key: "Key",
  institution: "Institution",
  payment_max: "At most a payment",
  day_max: "At most a day",
  sequence: "Sequence",
  entries: "Entries in it",
  count: "Holds, escrows and mandates ended",
};

// Facts that a sentence spells with more words than a row needs.
const SHOWN = {
  exchange: ({ to_amount, to_asset }) => `${to_amount} ${to_asset}`,
  holder: ({ account }) => mono(account),
};

const UNPROVEN = {
  receipt: [
    "That this genesis is the right one. Compare the chain id above with someone you trust.",
    "Who stands behind an address. Names never enter a block, and names in the genesis file are not part of the chain.",
    "That the outcome follows from the rules. “clearway verify” recomputes the whole chain.",
    "What came later. A refund, a capture or another payment has a receipt of its own.",
  ],
  range: [
    "That this genesis is the right one. Compare the chain id above with someone you trust.",
    "That results and state follow from the entries. Nothing was executed again; “clearway verify” does that.",
    "That these are all blocks. Later ones may exist.",
  ],
};

// --- what the visitor gave ----------------------------------------------------------------------

const given = { genesis: null, subject: null };
let run = 0;

const $ = (id) => document.getElementById(id);

// One choice after another: of two files for one place the later stays, however long the first is.
let taken = Promise.resolve();
function choose(files, zone) {
  taken = taken.catch(() => {}).then(() => take(files, zone));
  return taken;
}

async function take(files, zone) {
  for (const file of files) {
    const bytes = file.size > RANGE_BYTES_MAX ? null : new Uint8Array(await file.arrayBuffer());
    const kind = bytes && kindOf(bytes);
    const slot = kind === "genesis" ? "genesis" : kind ? "subject" : zone ?? "subject";
    given[slot] = { name: file.name, bytes, kind: kind ?? "receipt" };
    show($(`chosen-${slot}`), [file.name, mono(size(file.size))]);
  }
  $("more").hidden = given.subject?.kind !== "range";
  await check();
}

// Only to put a file into the right place; the verifier itself reads it strictly.
function kindOf(bytes) {
  if (new TextDecoder("latin1").decode(bytes.subarray(0, 4)) === MAGIC) return "range";
  try {
    const value = JSON.parse(new TextDecoder().decode(bytes));
    if (value.object === "receipt") return "receipt";
    if (String(value.format).startsWith("clearway genesis")) return "genesis";
  } catch {
    // not JSON: the verifier will say so
  }
  return null;
}

function size(bytes) {
  return bytes < 10_000 ? `${bytes} bytes` : `${(bytes / 1000).toFixed(0)} kB`;
}

// --- checking -----------------------------------------------------------------------------------

async function check() {
  const mine = ++run;
  $("details").hidden = true;
  const missing = given.subject ? !given.genesis : true;
  if (missing) return waiting();
  const passed = [];
  let genesis = null;
  try {
    genesis = parseGenesis(bytesOf(given.genesis));
    passed.push("genesis");
    const found = await foundIn(given.subject, genesis, passed, mine);
    if (mine !== run) return;
    verdict("good", "Verified", `VERIFIED: ${found.words}`);
    if (given.subject.kind === "range") showRange(found, genesis);
    else showReceipt(found, genesis);
    showChecks(passed, null);
  } catch (error) {
    if (!(error instanceof VerifyError)) throw error;
    if (mine !== run) return;
    verdict("bad", "Not verified", `NOT VERIFIED: ${error.message}`);
    showRefusal(genesis);
    showChecks(passed, error);
  }
  $("details").hidden = false;
}

function bytesOf({ bytes }) {
  if (!bytes) throw new VerifyError(`range: has more than ${RANGE_BYTES_MAX} bytes`);
  return bytes;
}

async function foundIn(subject, genesis, passed, mine) {
  const bytes = bytesOf(subject);
  if (subject.kind !== "range") return checkReceipt(bytes, genesis, (name) => passed.push(name));
  const steps = rangeSteps(bytes, genesis, trust());
  let painted = performance.now();
  for (;;) {
    const { done, value } = steps.next();
    if (done) {
      passed.push(...RANGE_CHECKS);
      return value;
    }
    if (performance.now() - painted > PAINT_EVERY_MS) {
      verdict("waiting", "Checking", `Block ${value.height}, ${Math.floor((100 * value.read) / bytes.length)} %`);
      await new Promise((resolve) => setTimeout(resolve));
      painted = performance.now();
      if (mine !== run) throw new VerifyError("another check has begun");
    }
  }
}

function trust() {
  const [block, keys] = [$("trust-block").value.trim(), $("trust-keys").value.trim()];
  return {
    trustedBlock: block ? hash(block, "--trust-block") : undefined,
    trustedKeys: keys ? keys.split(/[\s,]+/).map((key) => hash(key, "--trust-key")) : [],
  };
}

function hash(text, option) {
  if (!/^[0-9a-f]{64}$/.test(text)) throw new VerifyError(`${option}: is not 64 lower-case hex digits`);
  return fromHex(text);
}

// --- showing ------------------------------------------------------------------------------------

function verdict(state, word, line) {
  $("verdict").dataset.state = state;
  $("word").textContent = word;
  $("line").textContent = line;
  document.title = `${word} · Check a Clearway payment yourself`;
}

function waiting() {
  if (given.subject) {
    verdict("waiting", "Waiting for the genesis you trust", "A receipt proves nothing alone.");
  } else if (given.genesis) {
    verdict("waiting", "Waiting for something to check", "Choose a receipt or a range of blocks.");
  }
}

function showReceipt({ height, index, timeNs, blockHash, entry, result, moved, raw }, genesis) {
  const { facts, name, legs } = entry;
  const named = factsOf(name);
  const parts = [];
  const title = name ? titleOf(name) : `An entry of ${facts.kind}, which this page cannot read`;
  const vain = named.includes("amount") ? "nothing moved" : "it had no effect";
  parts.push(element("h2", result.accepted ? title : `${title}: ${vain}`));
  if (named.includes("amount")) {
    const amount = element("p", facts.most, facts.amount, " ", element("small", facts.asset));
    amount.className = "amount";
    amount.dataset.state = result.accepted ? "good" : "bad";
    parts.push(amount);
  }
  const ended = element("p", endOf(entry, result));
  ended.className = "ended";
  ended.dataset.state = result.accepted ? "good" : "bad";
  parts.push(ended);
  const rows = Object.keys(LABELS)
    .filter((fact) => named.includes(fact) && facts[fact] !== "")
    .map((fact) => [LABELS[fact], SHOWN[fact]?.(facts) ?? mono(facts[fact])]);
  if (facts.most && result.accepted) rows.push(["Amount in the end", moved]);
  if (facts.held_until_ns) rows.push(["Held until", time(facts.held_until_ns)]);
  rows.push(["Block", `${height}, entry ${index}, ${time(timeNs)}`]);
  rows.push(["Block hash", mono(toHex(blockHash))], ["Chain id", mono(toHex(genesis.chainId))]);
  parts.push(list(rows));
  if (!name) parts.push(rawBytes(raw));
  if (legs.length) parts.push(legTable(legs));
  const origin = element("p", "All of this is decoded from the bytes that were proven, not from text beside them.");
  origin.className = "origin";
  show($("paid"), [...parts, origin]);
  unproven("receipt");
}

function endOf({ facts, name }, { accepted, code, duplicateOf }) {
  let ended = code === "ledger.declined" ? "Declined" : `Refused: ${code}`;
  if (accepted) ended = facts.held_until_ns ? `Accepted, funds are held${facts.decided}` : "Accepted";
  if (name === null && accepted) ended = "Accepted by the ledger";
  return duplicateOf === null ? ended : `${ended} (a repetition: block ${duplicateOf} has the first)`;
}

function showRange({ first, last, entries, blockHash, anchored }, genesis) {
  const count = last - first + 1n;
  show($("paid"), [
    element("h2", count === 1n ? "One block" : `${count} blocks`),
    list([
      ["Heights", first === last ? `${first}` : `${first} to ${last}`],
      ["Entries", `${entries}`],
      ["Last block’s hash", mono(toHex(blockHash))],
      ["Chain id", mono(toHex(genesis.chainId))],
    ]),
  ]);
  unproven("range", anchored ? [] : ["What came before these blocks: they do not start at the beginning."]);
}

function showRefusal(genesis) {
  const parts = [
    element("h2", "Do not rely on this file"),
    element("p", "It does not prove what it claims. It may be damaged, forged, or of another chain than your genesis."),
  ];
  if (genesis) parts.push(list([["Chain id of your genesis", mono(toHex(genesis.chainId))]]));
  show($("paid"), parts);
  unproven(null);
}

// Passed checks, the one that failed, and those that were not reached, or not to the end.
function showChecks(passed, error) {
  const isRange = given.subject.kind === "range";
  const all = ["genesis", ...(isRange ? RANGE_CHECKS : RECEIPT_CHECKS)];
  const failed = error && (isRange && passed.length ? failedOfRange(error) : all[passed.length]);
  const rows = all.map((name) => {
    const state = passed.includes(name) ? "good" : name === failed ? "bad" : "none";
    const said = { good: "Passed: ", bad: "Failed: ", none: "Not finished: " }[state];
    const hidden = element("span", said);
    hidden.className = "said";
    const text = element("span", hidden, CHECKS[name]);
    if (state === "bad") {
      const why = element("span", error.message);
      why.className = "why";
      text.append(why);
    }
    const row = element("li", text);
    row.dataset.state = state;
    return row;
  });
  show($("steps"), rows);
}

function failedOfRange({ message }) {
  const field = message.replace(/^block \d+: /, "").split(": ")[0];
  return RANGE_FIELDS[field] ?? "records";
}

function unproven(kind, more = []) {
  $("limits").hidden = kind === null;
  show($("unproven"), [...more, ...(UNPROVEN[kind] ?? [])].map((text) => element("li", text)));
}

const titleOf = (name) => (name[0].toUpperCase() + name.slice(1)).replace("_", " ");

// Nanoseconds since 1970, in the visitor's words and in UTC, so that all see the same.
function time(ns) {
  const date = new Date(Number(ns / 1_000_000n));
  if (Number.isNaN(date.getTime())) return `${ns} ns`;
  const format = { dateStyle: "long", timeStyle: "medium", timeZone: "UTC" };
  return `${new Intl.DateTimeFormat("en-GB", format).format(date)} UTC`;
}

const LEG_HEADS = ["From", "To", "Amount", "Role"];

function legTable(legs) {
  const head = element("tr", ...LEG_HEADS.map((text) => element("th", text)));
  for (const cell of head.children) cell.scope = "col";
  const rows = legs.map((leg) => {
    const amount = element("td", `${leg.amount} ${leg.asset}`);
    amount.className = "number";
    const row = element("tr", element("td", mono(leg.from)), element("td", mono(leg.to)), amount, element("td", leg.role));
    LEG_HEADS.forEach((text, at) => (row.children[at].dataset.label = text));
    return row;
  });
  const table = element("table", element("caption", "Its transfers, all or none"), element("thead", head), element("tbody", ...rows));
  const box = element("div", table);
  box.className = "legs";
  return box;
}

function rawBytes(bytes) {
  const more = bytes.length > RAW_BYTES_SHOWN ? ` … ${bytes.length} bytes in all` : "";
  const box = element("p", mono(toHex(bytes.subarray(0, RAW_BYTES_SHOWN)) + more));
  box.className = "raw";
  box.tabIndex = 0;
  return box;
}

function list(rows) {
  return element("dl", ...rows.flatMap(([term, value]) => [element("dt", term), element("dd", value)]));
}

function element(tag, ...children) {
  const made = document.createElement(tag);
  made.append(...children);
  return made;
}

function mono(text) {
  const made = element("span", String(text));
  made.className = "mono";
  return made;
}

function show(node, children) {
  node.replaceChildren(...children);
  node.hidden = false;
}

// --- listening ----------------------------------------------------------------------------------

for (const slot of ["genesis", "subject"]) {
  $(`file-${slot}`).addEventListener("change", async ({ target }) => {
    await choose([...target.files], slot);
    target.value = ""; // so that the same file, changed meanwhile, can be chosen again
  });
}
for (const id of ["trust-block", "trust-keys"]) $(id).addEventListener("change", check);

const mark = (on) => document.body.toggleAttribute("data-over", on);
addEventListener("dragover", (event) => {
  event.preventDefault();
  mark(true);
});
addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) mark(false);
});
addEventListener("drop", (event) => {
  event.preventDefault();
  mark(false);
  const zone = event.target.closest?.(".zone")?.id.replace("zone-", "");
  choose([...event.dataTransfer.files], zone);
});
document.documentElement.dataset.ready = "";
