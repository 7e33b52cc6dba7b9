// genesis.json, the file that a reader trusts, and block 0, which follows from it.

import { VerifyError, ascii, concat, fromHex, le, padded } from "./bytes.js";
import { entryLeaf, hash, resultLeaf, treeRoot } from "./crypto.js";
import { checkKeys, parseJson } from "./json.js";
import { ACCOUNT_FLAGS, CONTROLS, KIND_NUMBERS, PURPOSES, STATE_TABLES } from "./tables.js";

const BYTES_MAX = 16 * 1024 * 1024;
const FORMAT = "clearway genesis 1";
const ASSETS_MAX = 55;
const AMOUNT_MAX = (1n << 126n) - 1n;
const TIME = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):([0-5]\d)\.(\d{9})Z$/;
const CODE = /^[A-Z][A-Z0-9.]{0,11}\/(\d{1,2})$/;
const DECIMAL = /^(-?)(\d{1,48})(?:\.(\d{1,48}))?$/;

const fail = (where, what) => {
  throw new VerifyError(`genesis: ${where}: ${what}`);
};

// The text of the file → what it says. Throws VerifyError.
export function parseGenesis(data) {
  const file = readFile(data);
  const assets = rows(file.get("assets"), "assets", parseAsset);
  const genesis = {
    name: text(file.get("name"), "name"),
    timeNs: parseTime(file.get("time")),
    institutions: rows(file.get("institutions"), "institutions", parseInstitution),
    assets,
    keys: rows(file.get("keys"), "keys", parseKey),
    accounts: rows(file.get("accounts"), "accounts", parseAccount),
    limits: rows(file.get("limits"), "limits", (value, where) => parseLimit(value, where, assets)),
  };
  checkReferences(genesis);
  genesis.entries = entriesOf(genesis);
  genesis.chainId = hash("genesis", concat(le(genesis.timeNs, 8), ...genesis.entries));
  return genesis;
}

// Whether `key`, hex, may make a block of this height final. Only keys of the file count.
export function isSequencer(genesis, key, height) {
  return genesis.keys.some(
    (row) => row.key === key && row.purposes & PURPOSES.sequence && row.activation <= height,
  );
}

function readFile(data) {
  if (data.length > BYTES_MAX) fail("file", `has more than ${BYTES_MAX} bytes`);
  let file;
  try {
    file = parseJson(data);
  } catch (error) {
    fail("file", error.message);
  }
  object(file, "file", [
    "format", "name", "time", "institutions", "assets", "keys", "accounts", "limits",
  ]);
  if (file.get("format") !== FORMAT) fail("format", `is not '${FORMAT}'`);
  return file;
}

// --- its rows -----------------------------------------------------------------------------------

function parseInstitution(value, where) {
  object(value, where, ["number", "name"]);
  const number = whole(value.get("number"), `${where}.number`, 2n ** 32n - 1n);
  if (number === 0n) fail(`${where}.number`, "is 0; institutions count from 1");
  return { number, name: text(value.get("name"), `${where}.name`) };
}

// A code, or an object that also says what the asset's issuer may do.
function parseAsset(value, where, place) {
  if (!(value instanceof Map)) return parseCode(value, where, place);
  object(value, where, ["code", "controls", "issuer"]);
  const controls = flags(value.get("controls"), `${where}.controls`, CONTROLS);
  const issuer = whole(value.get("issuer"), `${where}.issuer`, 2n ** 32n - 1n);
  if (!controls || !issuer) fail(where, "has no controls or no issuer; then its code alone is due");
  return { ...parseCode(value.get("code"), `${where}.code`, place), controls, issuer };
}

function parseCode(value, where, place) {
  const match = CODE.exec(text(value, where));
  if (!match || Number(match[1]) > 30) fail(where, "is not an asset's code, such as EUR/2");
  return { number: place + 1, code: value, scale: Number(match[1]), controls: 0, issuer: 0n };
}

function parseKey(value, where) {
  object(value, where, ["key", "institution", "purposes", "activation_height"]);
  const key = hexText(value.get("key"), `${where}.key`, 32);
  const institution = whole(value.get("institution"), `${where}.institution`, 2n ** 32n - 1n);
  const purposes = flags(value.get("purposes"), `${where}.purposes`, PURPOSES);
  if (purposes === 0) fail(`${where}.purposes`, "are none");
  const height = value.get("activation_height");
  const activation = whole(height, `${where}.activation_height`, 2n ** 63n - 1n);
  return { key, institution, purposes, activation };
}

function parseAccount(value, where) {
  object(value, where, ["id", "address", "institution", "flags", "assets"], ["owner"]);
  const id = text(value.get("id"), `${where}.id`);
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(id)) fail(`${where}.id`, "is not an account's id");
  const set = flags(value.get("flags"), `${where}.flags`, ACCOUNT_FLAGS);
  if (set & ~(ACCOUNT_FLAGS.nostro | ACCOUNT_FLAGS.operating)) {
    fail(`${where}.flags`, "only nostro and operating may be set");
  }
  const assets = rows(value.get("assets"), `${where}.assets`, text);
  if (assets.length > ASSETS_MAX) fail(`${where}.assets`, `are more than ${ASSETS_MAX}`);
  checkDistinct(`${where}.assets`, assets);
  const address = hexText(value.get("address"), `${where}.address`, 20);
  const number = value.get("institution");
  const institution = whole(number, `${where}.institution`, 2n ** 32n - 1n);
  const given = value.get("owner") ?? null;
  const owner = given === null ? "00".repeat(32) : hexText(given, `${where}.owner`, 32);
  return { id, address, institution, flags: set, assets, owner };
}

function parseLimit(value, where, assets) {
  object(value, where, ["key", "asset", "payment_max", "day_max"]);
  const code = text(value.get("asset"), `${where}.asset`);
  const asset = assets.find((row) => row.code === code);
  if (!asset) fail(`${where}.asset`, "names an asset that is not there");
  const paymentMax = parseAmount(value.get("payment_max"), where, asset);
  const dayMax = parseAmount(value.get("day_max"), where, asset);
  return { key: hexText(value.get("key"), `${where}.key`, 32), asset, paymentMax, dayMax };
}

function parseAmount(value, where, asset) {
  const refuse = (code) => fail(where, `has an amount that is refused as amount.${code}`);
  const match = typeof value === "string" ? DECIMAL.exec(value) : null;
  if (!match) refuse("malformed");
  const [, sign, digits, fraction = ""] = match;
  if (fraction.length > asset.scale) refuse("too_precise");
  const amount = BigInt(digits + fraction.padEnd(asset.scale, "0"));
  if (sign || amount === 0n) refuse("not_positive");
  if (amount > AMOUNT_MAX) refuse("too_large");
  return amount;
}

function checkReferences(genesis) {
  const { institutions, assets, keys, accounts, limits } = genesis;
  checkDistinct("institutions", institutions.map((row) => row.number));
  checkDistinct("assets", assets.map((row) => row.code));
  checkDistinct("keys", keys.map((row) => row.key));
  checkDistinct("accounts", accounts.map((row) => row.id));
  checkDistinct("accounts", accounts.map((row) => row.address));
  const numbers = new Set(institutions.map((row) => row.number));
  for (const [where, list] of [["keys", keys], ["accounts", accounts]]) {
    list.forEach(({ institution }, place) => {
      if (!numbers.has(institution)) {
        fail(`${where}[${place}]`, `there is no institution ${institution}`);
      }
    });
  }
  assets.forEach(({ issuer }, place) => {
    if (issuer && !numbers.has(issuer)) fail(`assets[${place}]`, `there is no institution ${issuer}`);
  });
  limits.forEach((limit, place) => {
    if (!keys.some((row) => row.key === limit.key)) {
      fail(`limits[${place}].key`, "is not a key of this genesis");
    }
  });
  const codes = new Set(assets.map((row) => row.code));
  accounts.forEach((account, place) => {
    for (const code of account.assets) {
      if (!codes.has(code)) {
        fail(`accounts[${place}].assets`, "name an asset that is not there");
      }
    }
  });
}

// --- values of JSON -----------------------------------------------------------------------------

function object(value, where, names, optional) {
  if (!(value instanceof Map)) fail(where, "is not an object");
  try {
    checkKeys(value, where, names, optional);
  } catch (error) {
    throw new VerifyError(`genesis: ${error.message}`);
  }
}

function rows(value, where, parse) {
  if (!Array.isArray(value)) fail(where, "is not a list");
  return value.map((row, place) => parse(row, `${where}[${place}]`, place));
}

function text(value, where) {
  const length = typeof value === "string" ? [...value].length : 0;
  if (length < 1 || length > 256) fail(where, "is not a text of 1 to 256 characters");
  return value;
}

function whole(value, where, most) {
  if (typeof value !== "bigint" || value > most) {
    fail(where, `is not a whole number from 0 to ${most}`);
  }
  return value;
}

function hexText(value, where, size) {
  if (typeof value !== "string" || value.length !== 2 * size || !/^[0-9a-f]*$/.test(value)) {
    fail(where, `is not ${2 * size} lower-case hex digits`);
  }
  return value;
}

function flags(value, where, known) {
  const chosen = rows(value, where, text);
  checkDistinct(where, chosen);
  let sum = 0;
  for (const name of chosen) {
    if (!Object.hasOwn(known, name)) {
      fail(where, `has one that is none of ${Object.keys(known).join(", ")}`);
    }
    sum |= known[name];
  }
  return sum;
}

function checkDistinct(where, values) {
  const seen = new Set();
  values.forEach((value, place) => {
    if (seen.has(value)) fail(`${where}[${place}]`, "stands twice");
    seen.add(value);
  });
}

function parseTime(value) {
  const match = typeof value === "string" ? TIME.exec(value) : null;
  const what = "is not a time such as 2026-01-01T00:00:00.000000000Z";
  if (!match) fail("time", what);
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number);
  const ms = Date.UTC(year, month - 1, day, hour, minute, second);
  // Date.UTC lets the 30th of February be the 2nd of March, and takes year 99 for 1999.
  const isReal = year >= 1970 && new Date(ms).toISOString() === `${value.slice(0, 19)}.000Z`;
  if (!isReal) fail("time", what);
  const timeNs = BigInt(ms) * 1_000_000n + BigInt(match[7]);
  if (timeNs >= 1n << 64n) fail("time", "is too late");
  return timeNs;
}

// --- block 0 ------------------------------------------------------------------------------------

function entriesOf({ assets, keys, accounts, limits }) {
  const numberOf = new Map(assets.map((row) => [row.code, row.number]));
  const entries = [];
  const add = (kind, fields, units) => {
    const entry = new Uint8Array(256 + units.length);
    entry.set([1, KIND_NUMBERS[kind]]);
    for (const [at, data] of fields) entry.set(data, at);
    entry.set(le(entries.length + 1, 16).reverse(), 16);
    entry[193] = units.length / 64;
    entry.set(units, 256);
    entries.push(entry);
  };
  for (const row of assets) {
    const controls = [le(row.controls, 4), le(row.issuer, 4)];
    const unit = concat(padded(ascii(row.code), 16), [row.scale, 0, 0, 0], ...controls);
    add("register_asset", [[4, le(row.number, 4)]], padded(unit, 64));
  }
  for (const row of keys) {
    const numbers = [le(row.institution, 4), le(row.purposes, 4), le(row.activation, 8)];
    add("register_key", [], padded(concat(fromHex(row.key), ...numbers), 64));
  }
  for (const row of accounts) {
    const numbers = row.assets.map((code) => le(numberOf.get(code), 4));
    const unit = concat(fromHex(row.owner), le(row.flags, 4), ...numbers);
    const fields = [[12, le(row.institution, 4)], [96, fromHex(row.address)]];
    add("open_account", fields, padded(unit, Math.ceil(unit.length / 64) * 64));
  }
  for (const row of limits) {
    const amounts = [[48, le(row.paymentMax, 16)], [64, le(row.dayMax, 16)]];
    add("set_limit", [[4, le(row.asset.number, 4)], ...amounts], padded(fromHex(row.key), 64));
  }
  return entries;
}

// The hash of the header of block 0.
export function genesisBlockHash(genesis) {
  genesis.blockHash ??= hash("header", headerOf(genesis));
  return genesis.blockHash;
}

function headerOf(genesis) {
  const results = genesis.entries.map((entry) => padded([1, entry[1]], 32));
  return concat(
    le(1, 4), le(genesis.entries.length, 4), le(0, 8), le(genesis.timeNs, 8), le(0, 8),
    genesis.chainId,
    new Uint8Array(32),
    treeRoot(genesis.entries.map(entryLeaf)),
    treeRoot(results.map(resultLeaf)),
    stateRoot(genesis),
  );
}

function stateRoot({ timeNs, assets, keys, accounts, limits }) {
  const numberOf = new Map(assets.map((row) => [row.code, row.number]));
  const leaf = (size, ...parts) => hash("leaf", padded(concat(...parts), size));
  const lastLimit = new Map(limits.map((row) => [`${row.key} ${row.asset.code}`, row]));
  const tables = {
    accounts: accounts.map((row) =>
      leaf(128, fromHex(row.address), le(row.institution, 4), le(row.flags, 4), le(0, 4),
        fromHex(row.owner), le(timeNs, 8))),
    assets: assets.map((row) =>
      leaf(32, le(row.number, 4), [row.scale, 0, 0, 0], padded(ascii(row.code), 16),
        le(row.controls, 4), le(row.issuer, 4))),
    balances: accounts.flatMap((row, number) =>
      row.assets.map((code) => leaf(64, le(number, 4), le(numberOf.get(code), 4)))),
    keys: keys.map((row) =>
      leaf(128, fromHex(row.key), le(row.institution, 4), le(row.purposes, 4),
        le(row.activation, 8))),
    limits: [...lastLimit.values()].map((row) =>
      leaf(128, fromHex(row.key), le(row.asset.number, 4), le(0, 12), le(row.paymentMax, 16),
        le(row.dayMax, 16))),
  };
  const rows = STATE_TABLES.map(([name, version]) => {
    const leaves = tables[name] ?? [];
    const counts = [le(version, 8), le(leaves.length, 8)];
    return concat(padded(ascii(name), 16), ...counts, treeRoot(leaves));
  });
  return hash("state", concat(...rows));
}
