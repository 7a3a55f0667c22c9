// Nobody is left out: axe over every screen, in both themes, wide and narrow, with traffic and with errors.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { axe, open, skip, world } from "./support/world.js";

describe("every screen", { skip, timeout: 600_000 }, () => {
  const w = world();
  const source = axe();

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
        ];
        for (const path of paths) {
          const page = await open(w, t, path, { theme, width, canned: true });
          await page.evaluate(source);
          const { violations } = await page.evaluate(() =>
            window.axe.run(document, { rules: { region: { enabled: true } } }),
          );
          const told = violations.map(
            (one) =>
              `${one.id}: ${one.nodes.map((node) => `${node.html.slice(0, 160)} ${node.failureSummary}`).join("\n")}`,
          );
          assert.deepEqual(told, [], `${path} ${theme} ${width}`);
          await page.close();
        }
      });
    }
  }
});
