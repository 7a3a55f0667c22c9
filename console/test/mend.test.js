// What a story proposes is done by its button, and the story shows what came of it.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { call, open, skip, world } from "./support/world.js";

describe("the fix on a story", { skip, timeout: 120_000 }, () => {
  const w = world();

  it("replays an event to a hook that was made later, and the story turns green", async (t) => {
    const url = `http://127.0.0.1:${w.receiver.address().port}`;
    await call(w, "POST", "/api/v1/apps", { name: "archive", url, hooks: { "shop/order-paid": "/good" } });
    const id = w.events[0];
    const page = await open(w, t, `/events/${id}`);
    const line = (mark) =>
      page.waitForFunction(
        (mark) =>
          [...document.querySelectorAll(`.receiver${mark}`)].find((one) => one.textContent.includes("archive")),
        { timeout: 20_000 },
        mark,
      );
    const late = (await line(":not(.got)")).asElement();
    assert.match(await late.evaluate((one) => one.textContent), /after the event/);
    await (await late.$("button")).click();
    const dialog = await page.waitForSelector("dialog[open]");
    assert.match(await dialog.$eval("code", (code) => code.textContent), /POST .*"kind":"replay".*\/api\/v1\/jobs/);
    await (await dialog.$("button.main")).click();
    await line(".got");
    const { data } = await call(w, "GET", `/api/v1/deliveries?event=${id}&app=archive`);
    assert.deepEqual(
      data.map(({ event_id, status }) => [event_id, status]),
      [[id, "delivered"]],
    );
    assert.deepEqual(page.faults, []);
  });
});
