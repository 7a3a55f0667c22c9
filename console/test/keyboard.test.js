// The tasks of an operator without a mouse: the first delivery, why an app did not get an event, recovery, a rotation.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { goBy, pressBy, tabTo, writeBy } from "./support/keyboard.js";
import { call, open, settled, skip, until, world } from "./support/world.js";

const closed = (page) => page.waitForFunction(() => !document.querySelector("dialog[open]"));
const opened = (page) => page.waitForSelector("dialog[open]");
const words = (page) => page.evaluate(() => document.activeElement?.textContent ?? "");

describe("with the keyboard alone", { skip, timeout: 240_000 }, () => {
  const w = world();

  it("an app gets its first event, and its story is read", async (t) => {
    const page = await open(w, t, "/");
    await goBy(page, "Apps");
    await pressBy(page, "Add an app…");
    await opened(page);
    await page.keyboard.type("packer");
    await tabTo(page, "url");
    await page.keyboard.type(`http://127.0.0.1:${w.receiver.address().port}`);
    await page.keyboard.press("Enter");
    await page.waitForSelector("dialog .secret");
    await pressBy(page, "I stored it");
    await page.waitForFunction(() => location.pathname === "/apps/packer");
    await goBy(page, "Hooks & lanes");
    await pressBy(page, "Add a hook…");
    await opened(page);
    await writeBy(page, "app", "packer");
    await writeBy(page, "pattern", "shop/order-paid");
    await writeBy(page, "route", "/good");
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => /^\?id=hook_/.test(location.search));
    await call(w, "GET", "/api/v1/apps/packer");
    const headers = { "x-bolt-app-token": w.shop, "content-type": "application/json" };
    await fetch(`${w.api}/api/events/order-paid`, { method: "POST", headers, body: '{"body":{"n":1}}' });
    await goBy(page, "Events");
    await page.waitForSelector("tbody tr");
    await page.keyboard.press("j");
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => location.pathname.startsWith("/events/evt_"));
    await page.waitForFunction(() => document.querySelector("main")?.textContent.includes("packer"));
  });

  it("a story says why an app did not get the event, and its button mends it", async (t) => {
    const hook = (await call(w, "GET", "/api/v1/hooks?app=mailer")).data[0];
    await call(w, "PATCH", `/api/v1/hooks/${hook.id}`, { enabled: false });
    const page = await open(w, t, `/explain?app=shop&name=order-paid`);
    await tabTo(page, "What if it were on?");
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => /Would add: mailer/.test(document.querySelector("main")?.textContent ?? ""));
    await pressBy(page, "Do it…");
    await opened(page);
    await page.keyboard.press("Enter");
    await closed(page);
    await until("the hook is on", async () => (await call(w, "GET", `/api/v1/hooks/${hook.id}`)).enabled);
  });

  it("dead deliveries are counted, retried and looked at", async (t) => {
    const page = await open(w, t, "/recover?q=status:dead");
    const count = await page.waitForFunction(() => document.querySelector(".big")?.textContent);
    await writeBy(page, "reason", "by hand");
    await pressBy(page, `Retry ${await count.jsonValue()}`);
    await page.waitForFunction(() => location.pathname.startsWith("/recover/job_"));
    await page.waitForFunction(() => /done|stopped|failed/.test(document.querySelector(".sub")?.textContent ?? ""));
    await page.waitForSelector("tbody tr");
    await page.keyboard.press("j");
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => location.pathname.startsWith("/deliveries/dlv_"));
    await settled(page);
  });

  it("a credential is rotated, and its old value ended", async (t) => {
    const page = await open(w, t, "/apps/mailer?tab=credentials");
    await pressBy(page, "Rotate…");
    await opened(page);
    await pressBy(page, "Rotate");
    await page.waitForSelector("dialog .secret");
    await pressBy(page, "I stored it");
    await closed(page);
    assert.equal(await words(page), "Rotate…", "the focus is where it began");
    await pressBy(page, "End the old one now…");
    await opened(page);
    await pressBy(page, "End the old one now");
    await closed(page);
    await page.waitForFunction(() => !document.querySelector(".overlap"));
  });

  it("a question gives the focus back to what asked it", async (t) => {
    for (const [path, button] of [
      ["/hooks", "Add a hook…"],
      ["/apps/shop", "Settings…"],
      ["/people?tab=roles", "Add a role…"],
      ["/links", "Add a link…"],
      [`/deliveries/${w.dead}`, "Replay…"],
    ]) {
      const page = await open(w, t, path);
      await pressBy(page, button);
      await opened(page);
      assert.ok(await page.evaluate(() => document.activeElement.closest("dialog")), "the focus is in the question");
      await page.keyboard.press("Escape");
      await closed(page);
      assert.equal(await words(page), button, path);
      await page.close();
    }
  });
});
