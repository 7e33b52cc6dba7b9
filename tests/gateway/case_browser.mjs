// A page of a case in Chromium: opened from a file, with no network.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before } from "node:test";
import { pathToFileURL } from "node:url";

const { chromium } = createRequire(join(process.cwd(), "package.json"))("playwright-core");
const PAGE = pathToFileURL(process.env.PAGE).href;
export const SHOTS = process.env.SCREENSHOTS; // a folder to look at, if one is named
export const desk = { viewport: { width: 1240, height: 900 } };
export const phone = { viewport: { width: 390, height: 800 } };
let browser;

before(async () => {
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM,
    args: ["--no-sandbox", "--disable-dev-shm-usage"],
  });
});

after(async () => browser?.close());

// What the page asked of the network, and what went wrong on it, must stay empty.
export async function visit(name, options, look) {
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

// Nothing sticks out of the window, and no text out of its card.
export async function fits(page) {
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
