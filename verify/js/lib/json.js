// JSON with one meaning only (docs/format.md, JSON). JSON.parse takes doubled keys, lets numbers lose
// digits and cannot tell 1 from 1.0; so this reads the grammar of RFC 8259 itself.

import { VerifyError } from "./bytes.js";

const DEPTH_MAX = 16;
const NOT_JSON = "is not JSON of distinct keys in UTF-8";
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?/y;
const WHOLE = /^(?:0|[1-9][0-9]{0,19})$/;
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const ESCAPES = { '"': '"', "\\": "\\", "/": "/", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };
const WORDS = [["true", true], ["false", false], ["null", null]];
const HALF_PAIR = /\p{Surrogate}/u;

// Objects become Maps, lists Arrays; whole numbers BigInts, all others NaN.
export function parseJson(data) {
  let text;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data);
  } catch {
    throw new VerifyError(NOT_JSON);
  }
  const reader = new Reader(text);
  const value = reader.value(0);
  reader.space();
  if (reader.at !== text.length) reader.fail();
  return value;
}

class Reader {
  constructor(text) {
    this.text = text;
    this.at = 0;
  }

  fail() {
    throw new VerifyError(NOT_JSON);
  }

  space() {
    while (" \t\n\r".includes(this.text[this.at] ?? "x")) this.at++;
  }

  // Takes this character after white space, if it stands there.
  takes(char) {
    this.space();
    if (this.text[this.at] !== char) return false;
    this.at++;
    return true;
  }

  value(depth) {
    this.space();
    const char = this.text[this.at];
    if (char === "{") return this.object(depth + 1);
    if (char === "[") return this.list(depth + 1);
    if (char === '"') return this.string();
    for (const [word, value] of WORDS) {
      if (this.text.startsWith(word, this.at)) {
        this.at += word.length;
        return value;
      }
    }
    const number = this.match(NUMBER);
    if (!number) this.fail();
    return WHOLE.test(number) ? BigInt(number) : NaN;
  }

  match(pattern) {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0] ?? "";
    this.at += found.length;
    return found;
  }

  object(depth) {
    if (depth > DEPTH_MAX) this.fail();
    const found = new Map();
    this.at++;
    if (this.takes("}")) return found;
    do {
      this.space();
      if (this.text[this.at] !== '"') this.fail();
      const key = this.string();
      if (found.has(key) || !this.takes(":")) this.fail();
      found.set(key, this.value(depth));
    } while (this.takes(","));
    if (!this.takes("}")) this.fail();
    return found;
  }

  list(depth) {
    if (depth > DEPTH_MAX) this.fail();
    const found = [];
    this.at++;
    if (this.takes("]")) return found;
    do found.push(this.value(depth));
    while (this.takes(","));
    if (!this.takes("]")) this.fail();
    return found;
  }

  string() {
    this.at++;
    let found = "";
    for (;;) {
      found += this.match(PLAIN);
      const char = this.text[this.at++];
      if (char === '"') break;
      if (char !== "\\") this.fail();
      found += this.escape();
    }
    if (HALF_PAIR.test(found)) this.fail();
    return found;
  }

  escape() {
    const char = this.text[this.at++];
    if (char === "u") {
      const digits = this.text.slice(this.at, this.at + 4);
      if (!/^[0-9a-fA-F]{4}$/.test(digits)) this.fail();
      this.at += 4;
      return String.fromCharCode(parseInt(digits, 16));
    }
    if (char === undefined || !Object.hasOwn(ESCAPES, char)) this.fail();
    return ESCAPES[char];
  }
}

// The keys of an object: all of `names`, perhaps some of `optional`, no others.
export function checkKeys(value, where, names, optional = []) {
  for (const name of names) {
    if (!value.has(name)) throw new VerifyError(`${where}: '${name}' is missing`);
  }
  for (const name of value.keys()) {
    if (!names.includes(name) && !optional.includes(name)) {
      throw new VerifyError(`${where}: has a key that does not belong there`);
    }
  }
}
