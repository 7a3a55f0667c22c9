// Live rows in a real browser: how many streams there are, and what happens after a break.
import assert from "node:assert/strict";
import { createServer, request } from "node:http";
import { after, before, describe, it } from "node:test";
import { open, settled, skip, until, world } from "./support/world.js";

/** A server in front of the console's that holds the streams, so that a test can count, feed and break them. */
async function front(w) {
  const it = { streams: [], asked: [], version: "dev", origin: "" };
  const server = createServer((incoming, response) => {
    const { pathname } = new URL(incoming.url, w.origin);
    if (pathname === "/api/v1/tail") {
      it.asked.push(incoming.headers["last-event-id"] ?? "");
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(": begin\n\n");
      it.streams.push(response);
      response.on("close", () => it.streams.splice(it.streams.indexOf(response), 1));
      return;
    }
    if (incoming.method === "HEAD") return void response.writeHead(200, { "footbridge-console": it.version }).end();
    const { host, ...headers } = incoming.headers;
    const passed = request(new URL(incoming.url, w.origin), { method: incoming.method, headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    passed.on("error", () => response.destroy());
    incoming.pipe(passed);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  it.server = server;
  it.origin = `http://127.0.0.1:${server.address().port}`;
  /** Sends a row to every stream. */
  it.send = (event, data, id) =>
    it.streams.forEach((stream) => stream.write(`event: ${event}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`));
  return it;
}

// A tab in the background draws nothing, so there is no frame to wait for.
const fresh = (page, text) =>
  page.waitForFunction((text) => document.querySelector(".list-new")?.textContent === text, { polling: 50 }, text);
const setHidden = (page, hidden) =>
  page.evaluate((hidden) => {
    Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  }, hidden);

describe("live rows", { skip, timeout: 180_000 }, () => {
  const w = world();
  let tail, live;

  before(async () => {
    tail = await front(w);
    live = { ...w, origin: tail.origin };
  });
  after(() => {
    tail?.server.closeAllConnections();
    tail?.server.close();
  });
  const one = (what) => until(what, () => tail.streams.length === 1);

  it("come to all tabs of a browser by one stream, also when the tab that reads it is closed", async (t) => {
    const tabs = [];
    for (let n = 0; n < 10; n += 1) {
      const tab = await open(live, t, "/events");
      // As in ten windows: all can be seen.
      await setHidden(tab, false);
      tabs.push(tab);
    }
    await one("one stream for ten tabs");
    tail.send("event", { id: "evt_1", name: "a", publisher: "shop" }, "1");
    for (const tab of tabs) await fresh(tab, "1 new");
    const asked = tail.asked.length;
    await tabs[0].close();
    await until("another tab reads", () => tail.asked.length === asked + 1);
    await one("still one stream");
    tail.send("event", { id: "evt_2", name: "a", publisher: "shop" }, "2");
    for (const tab of tabs.slice(1)) await fresh(tab, "2 new");
    const rows = await tabs[1].$$eval("tbody tr", (all) => all.length);
    await tabs[1].bringToFront();
    await tabs[1].click(".list-new button");
    await fresh(tabs[1], "");
    assert.equal(await tabs[1].$$eval("tbody tr", (all) => all.length), rows, "rows move only when asked to");
  });

  it("stop while a tab is hidden, and go on from the last row", async (t) => {
    const page = await open(live, t, "/events");
    await one("a stream");
    tail.send("event", { id: "evt_3", name: "a", publisher: "shop" }, "row-3");
    await fresh(page, "1 new");
    await setHidden(page, true);
    await until("no stream", () => tail.streams.length === 0);
    const had = page.requests.length;
    await setHidden(page, false);
    await one("a stream again");
    assert.equal(tail.asked.at(-1), "row-3");
    await until("the browser tells of its request", () => page.requests.length > had);
    assert.equal(page.requests.length, had + 1);
  });

  it("come back after a break, which is said, and so is a new version", async (t) => {
    const page = await open(live, t, "/tail");
    await one("a stream");
    const said = (word) =>
      page.waitForFunction((word) => document.querySelector(".live")?.textContent === word, {}, word);
    await said("live");
    tail.version = "another";
    tail.streams.forEach((stream) => stream.destroy());
    await said("reconnecting");
    await one("a stream again");
    await said("live");
    await page.waitForFunction(() => document.querySelector(".outdated")?.textContent.includes("new version"));
    tail.send("delivery", { id: "dlv_1", event_name: "<b>x</b>", publisher: "shop", app: "crm", status: "dead" }, "4");
    tail.send("gap", { n: 1920 }, "5");
    await page.waitForSelector("tbody tr");
    assert.match(await page.$eval("tbody tr", (row) => row.textContent), /<b>x<\/b>/);
    assert.match(await page.$eval(".gap", (gap) => gap.textContent), /1,920 rows not shown/);
    await page.keyboard.press("Space");
    tail.send("delivery", { id: "dlv_2", event_name: "held", publisher: "shop", app: "crm", status: "dead" }, "6");
    await page.waitForFunction(() => document.querySelector(".head button")?.textContent === "Go on (1)");
    await page.keyboard.press("Space");
    await page.waitForFunction(() => document.querySelectorAll("tbody tr").length === 2);
    await settled(page);
  });
});
