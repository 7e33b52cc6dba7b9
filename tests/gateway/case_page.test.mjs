// The page of a case as its reader meets it: opened from a file, with no network, in Chromium.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { SHOTS, desk, fits, phone, visit } from "./case_browser.mjs";

const EXPECTED = JSON.parse(readFileSync(process.env.EXPECTED, "utf8"));

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
  await visit("phone", phone, fits);
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
