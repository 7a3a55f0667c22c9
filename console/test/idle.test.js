// What a console costs that nobody looks at, and how it comes back: a tab in the background, a server without traffic, a
// server that starts again.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { open, settled, skip, startServer, stopServer, until, world } from "./support/world.js";

const FIVE_MINUTES = 300_000;
const setHidden = (page, hidden) =>
  page.evaluate((hidden) => {
    Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  }, hidden);
const said = (page, word) =>
  page.waitForFunction((word) => document.querySelector(".live")?.textContent === word, { polling: 50 }, word);

/** Publishes as the shop. */
const publish = (w, n) =>
  fetch(`${w.api}/api/events/order-paid`, {
    method: "POST",
    headers: { "x-bolt-app-token": w.shop, "content-type": "application/json" },
    body: JSON.stringify({ body: { n } }),
  }).then((answer) => assert.ok(answer.ok));

describe("a console that nobody looks at", { skip, timeout: 180_000 }, () => {
  const w = world();

  for (const path of ["/", "/events", "/hooks", "/map"]) {
    it(`asks for nothing in five minutes without traffic: ${path}`, async (t) => {
      const page = await open(w, t, path, { clock: true });
      await until("the stream is open, or not needed", async () =>
        page.evaluate(() => ["live", ""].includes(document.querySelector(".live")?.textContent ?? "")),
      );
      // The retry of the dead delivery is over: nothing is on its way any more.
      const had = page.requests.length;
      const ran = await page.evaluate((ms) => window.pass(ms), FIVE_MINUTES);
      assert.ok(ran >= 9, `only ${ran} timers ran: the clock of the page did not move`);
      assert.deepEqual(page.requests.slice(had), []);
    });
  }

  it("asks for nothing while its tab is hidden, and has caught up within a second", async (t) => {
    for (const [path, caught] of [
      ["/events", () => document.querySelector(".list-new")?.textContent === "3 new"],
      ["/", () => document.querySelector(".account-key a")?.textContent === window.wanted],
    ]) {
      const page = await open(w, t, path, { clock: path !== "/" });
      await said(page, "live");
      await setHidden(page, true);
      const had = page.requests.length;
      for (let n = 0; n < 3; n += 1) await publish(w, n);
      await until("the events are delivered", async () => {
        const { account } = await (
          await fetch(`${w.api}/api/v1/stats/now`, { headers: { authorization: `Bearer ${w.token}` } })
        ).json();
        const text = `${account.delivered.toLocaleString("en")} delivered`;
        await page.evaluate((text) => (window.wanted = text), text);
        return account.pending === 0;
      });
      if (path !== "/") await page.evaluate((ms) => window.pass(ms), FIVE_MINUTES);
      assert.deepEqual(page.requests.slice(had), [], path);
      await setHidden(page, false);
      const began = Date.now();
      await page.waitForFunction(caught, { polling: 20, timeout: 10_000 });
      const took = Date.now() - began;
      assert.ok(took <= 1000, `${path} has caught up after ${took} ms`);
      await page.close();
    }
  });

  it("says that rows are missing when it was hidden longer than the server keeps them", async (t) => {
    const page = await open(w, t, "/events");
    await page.setRequestInterception(true);
    page.on("request", (request) => {
      if (!request.url().includes("/api/v1/tail")) return request.continue();
      request.respond({ contentType: "text/event-stream", body: 'event: gap\nid: 9\ndata: {"n":null}\n\n' });
    });
    await said(page, "live");
    await setHidden(page, true);
    await setHidden(page, false);
    await page.waitForFunction(() => document.querySelector(".list-new button"));
    assert.match(await page.$eval(".list-new", (line) => line.textContent), /look again/);
  });

  it("comes back within five seconds of a restart, says so, and its plots keep their history", async (t) => {
    const counted = (page) =>
      page.$$eval(".plot .twin tbody tr", (rows) =>
        rows.reduce((sum, row) => sum + (Number(row.lastElementChild.textContent.replaceAll(",", "")) || 0), 0),
      );
    const page = await open(w, t, "/");
    await page.waitForSelector(".plot svg");
    await said(page, "live");
    const before = await counted(page);
    assert.ok(before > 0, "there is something to keep");
    await stopServer(w);
    await said(page, "reconnecting");
    await startServer(w);
    const began = Date.now();
    await said(page, "live");
    const took = Date.now() - began;
    assert.ok(took <= 5000, `live again after ${took} ms`);
    const again = await open(w, t, "/");
    await again.waitForSelector(".plot svg");
    assert.ok((await counted(again)) >= before, "the plots have their history");
    await publish(w, 9);
    await page.bringToFront();
    await settled(page);
  });
});
