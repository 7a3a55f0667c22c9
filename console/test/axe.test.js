// Nobody is left out: axe over every screen, in both themes, wide and narrow, with traffic and with errors.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SETUP } from "./support/setup-answers.js";
import { axe, open, settled, skip, world } from "./support/world.js";

/** With FOOTBRIDGE_CONSOLE_CHECKS=all, every state is looked at in both themes and both widths. */
const ALL = process.env.FOOTBRIDGE_CONSOLE_CHECKS === "all";

/** The looks of each state of a screen. */
const LOOKS = [
  ["light", 1280],
  ["dark", 1280],
  ["dark", 390],
  ["light", 390],
];
const STATES = { full: LOOKS, empty: ALL ? LOOKS : [LOOKS[0], LOOKS[2]], failed: ALL ? LOOKS : [LOOKS[1], LOOKS[3]] };

describe("every screen", { skip, timeout: 900_000 }, () => {
  const w = world();
  const source = axe();

  async function check(page, what) {
    if (!(await page.evaluate(() => Boolean(window.axe)))) await page.evaluate(source);
    const { violations } = await page.evaluate(() => window.axe.run({ resultTypes: ["violations"] }));
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

  for (const [state, looks] of Object.entries(STATES)) {
    it(`has nothing that axe finds: ${state}, in ${looks.map((look) => look.join(" ")).join(", ")}`, async (t) => {
      const paths = [
        "/",
        "/tail",
        "/events",
        `/events/${w.events[0]}`,
        `/events/${w.events[0]}?tab=attempts&view=times`,
        "/deliveries",
        `/deliveries/${w.dead}`,
        "/deliveries/dlv_0",
        "/exchanges",
        "/exchanges/exc_0",
        "/reference",
        "/reference?op=apps_create",
        "/help",
        "/nowhere",
        ...SETUP,
      ];
      for (const path of paths) {
        const page = await open(w, t, path, { canned: state });
        for (const [theme, width] of looks) {
          await page.setViewport({ width, height: 900 });
          await page.evaluate((theme) => (document.documentElement.dataset.theme = theme), theme);
          await settled(page);
          await check(page, `${path} ${state} ${theme} ${width}`);
        }
        await page.close();
      }
    });
  }
});
