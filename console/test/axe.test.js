// Nobody is left out: axe over every screen, in both themes, wide and narrow, with traffic and with errors.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SETUP } from "./support/setup-answers.js";
import { axe, open, skip, world } from "./support/world.js";

describe("every screen", { skip, timeout: 600_000 }, () => {
  const w = world();
  const source = axe();

  async function check(page, what) {
    await page.evaluate(source);
    const { violations } = await page.evaluate(() => window.axe.run());
    const told = violations.map(
      ({ id, nodes }) =>
        `${id}: ${nodes.map((node) => `${node.html.slice(0, 160)} ${node.failureSummary}`).join("\n")}`,
    );
    assert.deepEqual(told, [], what);
  }

  it("has nothing that axe finds in what opens above it", async (t) => {
    for (const theme of ["light", "dark"]) {
      const page = await open(w, t, `/deliveries/${w.dead}`, { theme });
      await page.keyboard.press("r");
      await page.waitForSelector("dialog[open]");
      await check(page, `question ${theme}`);
      await page.keyboard.press("Escape");
      await page.waitForFunction(() => !document.querySelector("dialog[open]"));
      await page.focus("#search");
      await page.waitForSelector(".hints");
      await check(page, `hints ${theme}`);
      await page.keyboard.press("Escape");
      await page.click('[popovertarget="person"]');
      await page.waitForSelector("#person:popover-open");
      await check(page, `person ${theme}`);
      await page.keyboard.press("Escape");
      await page.select("select", "exact");
      await page.waitForSelector("dialog[open] input");
      await check(page, `range ${theme}`);
      await page.keyboard.press("Escape");
      await page.keyboard.down("Control");
      await page.keyboard.press("k");
      await page.keyboard.up("Control");
      await page.waitForSelector('dialog[open] [role="listbox"]');
      await check(page, `palette ${theme}`);
    }
  });

  it("has nothing that axe finds before somebody is signed in", async (t) => {
    for (const theme of ["light", "dark"]) {
      const page = await open(w, t, "/", { theme, signedOut: true });
      await check(page, theme);
    }
  });

  for (const theme of ["light", "dark"]) {
    for (const width of [1280, 390]) {
      it(`has nothing that axe finds: ${theme}, ${width} px`, async (t) => {
        const paths = [
          "/",
          "/tail",
          "/events",
          "/events?q=name:none",
          `/events/${w.events[0]}`,
          `/events/${w.events[0]}?tab=attempts&view=times`,
          "/deliveries",
          `/deliveries/${w.dead}`,
          "/deliveries/dlv_0",
          "/exchanges",
          "/help",
          "/nowhere",
          ...SETUP,
        ];
        for (const path of paths) {
          const page = await open(w, t, path, { theme, width, canned: true });
          await check(page, `${path} ${theme} ${width}`);
          await page.close();
        }
      });
    }
  }
});
