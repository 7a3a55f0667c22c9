// The tutorial of the first delivery, followed by clicks and fields alone: what is bold is clicked, what stands before "into"
// is written into the field of that label.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, it } from "node:test";
import { skip, world } from "./support/world.js";

/** The most clicks from the sign-in to the story, and the longest time. */
const CLICKS = 12;
const MINUTES = 3;

/** The steps of the tutorial: `{ click }`, or `{ text, label }`. @param {string} page */
function stepsOf(page) {
  const list = page.split("## Click")[1].split("\n## ")[0].replace(/\s+/g, " ");
  return [...list.matchAll(/\*\*(.+?)\*\*|`([^`]+)` into \*(.+?)\*/g)].map(([, click, text, label]) =>
    click ? { click } : { text, label },
  );
}

/** Finds what a person would, by its text: in the dialog if one is open, else anywhere. */
async function found(page, find, text) {
  try {
    return (await page.waitForFunction(find, { timeout: 10_000 }, text)).asElement();
  } catch {
    const shown = await page.evaluate(() => (document.querySelector("dialog[open]") ?? document.body).innerText);
    throw new Error(`the tutorial says ${text}, and the page shows: ${shown}`);
  }
}

const toClick = (text) => {
  const within = document.querySelector("dialog[open]") ?? document;
  const all = within.querySelectorAll("button, a, [role=tab]");
  return [...all].find((one) => one.textContent.trim() === text && one.checkVisibility() && !one.disabled);
};

const toFill = (label) => {
  const within = document.querySelector("dialog[open]") ?? document.querySelector("main");
  const all = [...within.querySelectorAll("label")].filter((one) => one.textContent.trim().startsWith(label));
  return all.map((one) => one.control ?? one.querySelector("input, textarea")).find(Boolean);
};

describe("a newcomer", { skip, timeout: 300_000 }, () => {
  const w = world({ fresh: true });

  it("gets from the program to a green story in twelve clicks by the tutorial", async (t) => {
    const tutorial = await readFile(new URL("../../docs/tutorials/first-delivery.md", import.meta.url), "utf8");
    const receiver = `http://127.0.0.1:${w.receiver.address().port}`;
    const begun = Date.now();
    const page = await w.browser.newPage();
    t.after(() => page.close());
    await page.setViewport({ width: 1280, height: 900 });
    // The link that the server printed; it is in this file as well.
    await page.goto((await readFile(`${w.database}.sign-in-link`, "utf8")).trim());
    await page.waitForSelector(".frame");
    let clicks = 0;
    for (const { click, text, label } of stepsOf(tutorial)) {
      if (click) {
        await (await found(page, toClick, click)).click();
        clicks += 1;
      } else {
        const field = await found(page, toFill, label);
        await field.click({ count: 3 });
        await field.type(text.replace("http://127.0.0.1:8080", receiver));
      }
    }
    await page.waitForFunction(() => location.pathname.startsWith("/events/evt_"));
    const got = await page.waitForSelector(".receiver.got");
    assert.match(await got.evaluate((line) => line.textContent), /mailer/);
    assert.ok(await page.$(".step.ok"), "a step of the story is green");
    assert.equal(await page.$(".step.failed"), null);
    assert.ok(clicks >= 8 && clicks <= CLICKS, `${clicks} clicks`);
    assert.ok(Date.now() - begun < MINUTES * 60_000, `${Date.now() - begun} ms`);
    t.diagnostic(`${clicks} clicks, ${Date.now() - begun} ms`);
  });
});
