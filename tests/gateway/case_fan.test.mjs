// A case with dozens of counterparties: its drawing stays readable, and begins at its account.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { desk, fits, phone, visit } from "./case_browser.mjs";

const EXPECTED = JSON.parse(readFileSync(process.env.EXPECTED, "utf8"));
const box = (element) => element.getBoundingClientRect().toJSON();

test("the largest payers have a card each, and the others one together", async () => {
  await visit("fan", desk, async (page) => {
    await fits(page);
    const names = await page.locator(".card .name").allTextContents();
    for (const name of EXPECTED.cards) assert.ok(names.includes(name), `${name} in ${names}`);
    assert.ok(names.length < 25, `${names.length} cards`);
    const sums = await page.locator(".sum").allTextContents();
    for (const sum of EXPECTED.sums) assert.ok(sums.includes(sum), `${sum} in ${sums}`);
    const sheet = await page.$eval("svg.flow", box);
    assert.ok(sheet.height < 900, `${sheet.height} high`);
  });
});

test("no sum covers another, or what is written on a card", async () => {
  await visit("fan-sums", desk, async (page) => {
    const sums = await page.$$eval(".sum", (all) => all.map((one) => one.getBoundingClientRect().toJSON()));
    const texts = await page.$$eval(".card text", (all) => all.map((one) => one.getBoundingClientRect().toJSON()));
    assert.ok(sums.length >= 8);
    const covers = (one, other) =>
      one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;
    for (const [at, one] of sums.entries()) {
      for (const other of [...sums.slice(at + 1), ...texts]) assert.ok(!covers(one, other));
    }
  });
});

test("on a phone the drawing begins at the account of the case, and can be moved from there", async () => {
  await visit("fan-phone", phone, async (page) => {
    await fits(page);
    const place = () =>
      page.evaluate(() => {
        const [window, card] = [".drawn", ".card.subject rect"].map((one) =>
          document.querySelector(one).getBoundingClientRect(),
        );
        return { left: card.left - window.left, right: window.right - card.right };
      });
    const at = await place();
    assert.ok(at.left >= 0 && at.right >= 0, JSON.stringify(at));
    // The browser holds it there only as it opens.
    await page.waitForFunction(() => document.getAnimations().length === 0);
    await page.$eval(".drawn", (drawn) => (drawn.scrollLeft = 0));
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    assert.equal(await page.$eval(".drawn", (drawn) => drawn.scrollLeft), 0);
    assert.equal(await page.evaluate(() => window.scrollY), 0);
  });
});
