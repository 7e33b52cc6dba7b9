// The page of a case as its reader meets it: opened from a file, with no network, in Chromium.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";

const { chromium } = createRequire(join(process.cwd(), "package.json"))("playwright-core");
const PAGE = pathToFileURL(process.env.PAGE).href;
const EXPECTED = JSON.parse(readFileSync(process.env.EXPECTED, "utf8"));
const SHOTS = process.env.SCREENSHOTS; // a folder to look at, if one is named
let browser;

before(async () => {
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM,
    args: ["--no-sandbox", "--disable-dev-shm-usage"],
  });
});

after(async () => browser?.close());

// What the page asked of the network, and what went wrong on it, must stay empty.
async function visit(name, options, look) {
  const context = await browser.newContext({ offline: true, ...options });
  const page = await context.newPage();
  const wrong = [];
  page.on("console", (message) => wrong.push(message.text()));
  page.on("pageerror", (error) => wrong.push(String(error)));
  page.on("request", (request) => {
    if (request.url() !== PAGE) wrong.push(request.url());
  });
  await page.goto(PAGE);
  if (SHOTS) {
    mkdirSync(SHOTS, { recursive: true });
    await page.screenshot({ path: join(SHOTS, `${name}.png`), fullPage: true });
  }
  await look(page);
  await context.close();
  assert.deepEqual(wrong, []);
}

const desk = { viewport: { width: 1240, height: 900 } };

// Nothing sticks out of the window, and no text out of its card.
async function fits(page) {
  const { scroll, client } = await page.evaluate(() => ({
    scroll: document.documentElement.scrollWidth,
    client: document.documentElement.clientWidth,
  }));
  assert.ok(scroll <= client, `${scroll} > ${client}`);
  const out = await page.$$eval(".card", (cards) =>
    cards
      .filter((card) => {
        const box = card.querySelector("rect").getBoundingClientRect();
        return [...card.querySelectorAll("text")].some((text) => text.getBoundingClientRect().right > box.right + 1);
      })
      .map((card) => card.textContent),
  );
  assert.deepEqual(out, []);
}

test("the page says what the case is, in the words of the data", async () => {
  await visit("desk", desk, async (page) => {
    const text = await page.innerText("main");
    for (const part of EXPECTED.shown) assert.ok(text.includes(part), part);
    assert.equal(await page.locator("svg.flow .card").count(), EXPECTED.accounts);
    assert.equal(await page.locator("svg.flow .edge").count(), EXPECTED.flows);
    assert.equal(await page.locator("article.alert .which li").count(), EXPECTED.alerts);
    assert.equal(await page.locator("table.log tbody tr").count(), EXPECTED.acts);
    await fits(page);
  });
});

test("what a client wrote is text and nothing else", async () => {
  await visit("escaped", desk, async (page) => {
    assert.ok((await page.innerText("main")).includes(EXPECTED.tricky));
    assert.equal(await page.locator("main script, main img, main svg b").count(), 0);
  });
});

test("money runs from left to right", async () => {
  await visit("order", desk, async (page) => {
    const x = await page.$$eval(".card", (cards) =>
      Object.fromEntries(
        cards.map((card) => [card.querySelector(".name").textContent, card.getBoundingClientRect().left]),
      ),
    );
    const [from, subject, to] = EXPECTED.order;
    assert.ok(x[from] < x[subject] && x[subject] < x[to], JSON.stringify(x));
  });
});

test("it is read on a phone, in the dark, and on paper", async () => {
  await visit("phone", { viewport: { width: 390, height: 800 } }, fits);
  await visit("dark", { ...desk, colorScheme: "dark" }, async (page) => {
    const [ground, ink] = await page.evaluate(() => {
      const style = getComputedStyle(document.body);
      return [style.backgroundColor, style.color].map((rgb) => rgb.match(/\d+/g).reduce((sum, part) => sum + Number(part), 0));
    });
    assert.ok(ground < 150 && ink > 600, `${ground} ${ink}`);
  });
  await visit("paper", desk, async (page) => {
    const pdf = await page.pdf({ format: "A4", preferCSSPageSize: true });
    assert.ok(pdf.length > 10_000);
    const pages = pdf.toString("latin1").match(/\/Type\s*\/Page\b/g).length;
    assert.ok(pages >= 2 && pages <= 6, `${pages} pages`);
    if (SHOTS) {
      const { writeFileSync } = await import("node:fs");
      writeFileSync(join(SHOTS, "paper.pdf"), pdf);
      await page.emulateMedia({ media: "print" });
      await page.setViewportSize({ width: 703, height: 1000 });
      await page.screenshot({ path: join(SHOTS, "paper.png"), fullPage: true });
    }
  });
});
