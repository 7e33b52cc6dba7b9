// verify/index.html as a visitor meets it: opened from a file, with no network, in Chromium.

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { VERDICTS, encode, genesisBytes, rangeBytes, receiptBytes } from "./vectors.js";

const PAGE = new URL("../../index.html", import.meta.url).href;
const SHOTS = process.env.SCREENSHOTS; // a folder to look at, if one is named
let browser;
let folder;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "clearway-page-"));
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-dev-shm-usage"],
  });
});

after(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

// A visitor: what the page asked of the network, and what went wrong on it, must stay empty.
async function visit(options = {}) {
  const context = await browser.newContext({ offline: true, viewport: { width: 1100, height: 900 }, ...options });
  const page = await context.newPage();
  const wrong = [];
  page.on("console", (message) => wrong.push(message.text()));
  page.on("pageerror", (error) => wrong.push(String(error)));
  page.on("request", (request) => {
    if (!/^(file|blob|data):/.test(request.url())) wrong.push(request.url());
  });
  await page.goto(PAGE);
  await page.waitForSelector("html[data-ready]");
  return {
    page,
    leave: async () => {
      await context.close();
      assert.deepEqual(wrong, []);
    },
  };
}

function write(name, bytes) {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

const find = (part, name) => VERDICTS[part].find((row) => row.name === name);

async function choose(page, { genesis, subject, name }) {
  if (genesis) await page.setInputFiles("#file-genesis", write("genesis.json", genesis));
  if (subject) await page.setInputFiles("#file-subject", write(name, subject));
  await page.waitForFunction(() => document.querySelector("#verdict").dataset.state !== "waiting");
}

async function look(page, name) {
  if (!SHOTS) return;
  mkdirSync(SHOTS, { recursive: true });
  await page.screenshot({ path: join(SHOTS, `${name}.png`), fullPage: true });
}

const shown = async (page) => ({
  state: await page.getAttribute("#verdict", "data-state"),
  line: await page.textContent("#line"),
  paid: await page.innerText("#paid"),
  steps: await page.$$eval("#steps li", (rows) => rows.map((row) => row.dataset.state)),
});

function forReceipt(name) {
  const row = find("receipts", name);
  return { row, genesis: genesisBytes(row.genesis), subject: receiptBytes(row), name: "receipt.json" };
}

test("a good receipt shows its verdict, what was paid, and each check", async () => {
  const { page, leave } = await visit();
  const given = forReceipt("an exchange");
  await choose(page, given);
  const found = await shown(page);
  assert.equal(found.state, "good");
  assert.equal(found.line, given.row.verdict);
  assert.match(found.paid, /^Payment\s+10\.00 EUR\/2\s+Accepted/);
  for (const text of ["11.00 USD/2", "0x616e6e", "0x626f62", "1 January 2025", "exchange", "fee"]) {
    assert.ok(found.paid.includes(text), text);
  }
  assert.deepEqual(found.steps, Array(8).fill("good"));
  assert.equal(await page.locator("#unproven li").count(), 4);
  await look(page, "good-desktop");
  await leave();
});

test("a bad receipt shows the check that failed, and nothing that was paid", async () => {
  const { page, leave } = await visit();
  const given = forReceipt("another state in the header");
  await choose(page, given);
  const found = await shown(page);
  assert.equal(found.state, "bad");
  assert.equal(found.line, given.row.verdict);
  assert.match(found.paid, /^Do not rely on this file/);
  assert.ok(!found.paid.includes("EUR"));
  assert.deepEqual(found.steps, ["good", "good", "good", "good", "bad", "none", "none", "none"]);
  assert.match(await page.innerText("#steps"), /finality\.signature: is not over this header/);
  await look(page, "bad-desktop");
  await leave();
});

test("every verdict of the vectors is the page's verdict", async () => {
  const { page, leave } = await visit();
  const rows = VERDICTS.receipts.filter((row, at) => at % 7 === 0 || row.verdict.startsWith("VERIFIED"));
  // Files of their own: the page may still read those of a row whose verdict was that of the row before.
  for (const [at, row] of rows.entries()) {
    await page.setInputFiles("#file-genesis", write(`genesis-${at}.json`, genesisBytes(row.genesis)));
    await page.setInputFiles("#file-subject", write(`receipt-${at}.json`, receiptBytes(row)));
    await page.waitForFunction((line) => document.querySelector("#line").textContent === line, row.verdict);
  }
  await leave();
});

test("a payment that was refused does not look like one that was made", async () => {
  const { page, leave } = await visit();
  const row = VERDICTS.receipts.find(({ verdict }) => verdict.endsWith("refused with ledger.exceeds_available"));
  await choose(page, forReceipt(row.name));
  const found = await shown(page);
  assert.equal(found.state, "good");
  assert.match(found.paid, /^Payment: nothing moved\s+1999\.99 EUR\/2\s+Refused: ledger\.exceeds_available/);
  assert.equal(await page.$eval(".amount", (node) => getComputedStyle(node).textDecorationLine), "line-through");
  await look(page, "refused-desktop");
  await leave();
});

test("both files may be dropped at once, anywhere", async () => {
  const { page, leave } = await visit();
  const given = forReceipt("a small one");
  const dropped = await page.evaluateHandle(
    (files) => {
      const data = new DataTransfer();
      for (const [name, text] of files) data.items.add(new File([text], name));
      return data;
    },
    [["receipt.json", Buffer.from(given.subject).toString()], ["g.json", Buffer.from(given.genesis).toString()]],
  );
  await page.dispatchEvent("body", "dragover", { dataTransfer: dropped });
  assert.equal(await page.getAttribute("body", "data-over"), "");
  await page.dispatchEvent("footer", "drop", { dataTransfer: dropped });
  await page.waitForSelector('#verdict[data-state="good"]');
  assert.equal(await page.textContent("#line"), given.row.verdict);
  assert.equal(await page.getAttribute("body", "data-over"), null);
  await leave();
});

test("a receipt alone is not judged", async () => {
  const { page, leave } = await visit();
  await page.setInputFiles("#file-subject", write("receipt.json", forReceipt("a small one").subject));
  await page.waitForFunction(() => document.querySelector("#word").textContent.startsWith("Waiting for the genesis"));
  assert.equal(await page.getAttribute("#verdict", "data-state"), "waiting");
  await leave();
});

test("a kind that the page does not know is shown as bytes, and verified", async () => {
  const { page, leave } = await visit();
  const given = forReceipt("an entry with an unknown kind");
  await choose(page, given);
  const found = await shown(page);
  assert.equal(found.state, "good");
  assert.match(found.paid, /kind 200/);
  assert.match(found.paid, /01c8/);
  await leave();
});

test("text from a file never becomes markup", async () => {
  const { page, leave } = await visit();
  const evil = '<img src=x onerror="document.title=1">';
  const genesis = Buffer.from(genesisBytes("small")).toString().replace("EUR/2", evil.replaceAll('"', "'"));
  await choose(page, { genesis: encode(genesis), subject: encode("{}"), name: `${"<b>x<b>"}.json` });
  assert.equal(await page.locator("#chosen-subject b, main img").count(), 0);
  assert.equal((await shown(page)).state, "bad");
  await leave();
});

test("a range of blocks", async () => {
  const { page, leave } = await visit();
  const row = find("ranges", "all of main");
  await choose(page, { genesis: genesisBytes("main"), subject: rangeBytes(row), name: "blocks" });
  let found = await shown(page);
  assert.equal(found.line, row.verdict);
  assert.match(found.paid, /^9 blocks\s+Heights\s+0 to 8/);
  assert.deepEqual(found.steps, Array(6).fill("good"));
  await look(page, "range-desktop");

  const broken = find("ranges", "a changed entry");
  await choose(page, { subject: rangeBytes(broken), name: "broken" });
  await page.waitForSelector('#verdict[data-state="bad"]');
  found = await shown(page);
  assert.equal(found.line, broken.verdict);
  assert.deepEqual(found.steps, ["good", "none", "none", "none", "bad", "none"]);

  const late = find("ranges", "after the rotation, with its key named");
  await choose(page, { subject: rangeBytes(late), name: "late" });
  await page.waitForFunction(() => document.querySelector("#line").textContent.includes("finality.key"));
  await page.click("#more summary");
  await page.fill("#trust-keys", late.trust_keys[0]);
  await page.keyboard.press("Tab");
  await page.waitForSelector('#verdict[data-state="good"]');
  assert.equal(await page.textContent("#line"), late.verdict);
  assert.equal(await page.locator("#unproven li").count(), 4);
  await leave();
});

for (const scheme of ["light", "dark"]) {
  test(`on a phone, ${scheme}, nothing is wider than the screen`, async () => {
    const phone = { viewport: { width: 360, height: 740 }, deviceScaleFactor: 2, colorScheme: scheme };
    const { page, leave } = await visit(phone);
    await look(page, `start-phone-${scheme}`);
    for (const name of ["an exchange", "another state in the header"]) {
      await choose(page, forReceipt(name));
      await page.waitForFunction((line) => document.querySelector("#line").textContent === line, find("receipts", name).verdict);
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(width <= 360, `${width}`);
      await look(page, `${name === "an exchange" ? "good" : "bad"}-phone-${scheme}`);
    }
    await leave();
  });
}

test("it can be used with the keyboard alone", async () => {
  const { page, leave } = await visit();
  const reached = [];
  for (let press = 0; press < 3; press++) {
    await page.keyboard.press("Tab");
    reached.push(await page.evaluate(() => document.activeElement.id));
  }
  assert.deepEqual(reached.slice(0, 2), ["file-genesis", "file-subject"]);
  await leave();
});

test("words stand out from their ground, light and dark", async () => {
  for (const colorScheme of ["light", "dark"]) {
    const { page, leave } = await visit({ colorScheme });
    for (const name of ["an exchange", "another state in the header"]) {
      await choose(page, forReceipt(name));
      const ratios = await page.evaluate(measureContrast);
      for (const [text, ratio] of ratios) assert.ok(ratio >= 4.5, `${colorScheme}: ${ratio.toFixed(2)} for ${text}`);
    }
    await leave();
  }
});

// WCAG 2.2, contrast of each element's text with the nearest ground under it.
function measureContrast() {
  const channels = (colour) => colour.match(/[\d.]+/g).map(Number);
  const light = (colour) => {
    const [r, g, b] = channels(colour).slice(0, 3).map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (channels(colour)[3] !== 0) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  return [...document.querySelectorAll("body *")]
    .filter((node) => node.checkVisibility() && [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim()))
    .map((node) => {
      const [high, low] = [light(getComputedStyle(node).color), light(ground(node))].sort((a, b) => b - a);
      return [node.textContent.slice(0, 40), (high + 0.05) / (low + 0.05)];
    });
}

test("the page is one file that may reach nothing", () => {
  const text = readFileSync(fileURLToPath(PAGE), "utf8");
  const [, policy] = /Content-Security-Policy" content="([^"]+)"/.exec(text);
  assert.match(policy, /^default-src 'none'; script-src 'sha256-[A-Za-z0-9+/=]+' blob:;/);
  assert.ok(!/<(?:script|img|iframe)[^>]*\ssrc=|<link[^>]*rel="stylesheet"/.test(text));
});
