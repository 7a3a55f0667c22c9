// Live rows in a real browser: how many streams there are, and what happens after a break.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer, request } from "node:http";
import { after, before, describe, it } from "node:test";
import { open, settled, signIn, skip, until, world } from "./support/world.js";

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

/** The processes that draw pages. */
async function processes(browser) {
  const session = await browser.target().createCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  await session.detach();
  return processInfo.filter(({ type }) => type === "renderer").map(({ id }) => id);
}

/** The memory of a process in bytes. What processes share counts in part. */
async function memory(id) {
  const rollup = await readFile(`/proc/${id}/smaps_rollup`, "utf8");
  return 1024 * Number(/^Pss: +(\d+)/m.exec(rollup)[1]);
}

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

  it("cost a tab less than 150 MB in a minute of 10,000 events a second", async (t) => {
    // A profile of its own has a process of its own.
    const before = await processes(w.browser);
    const within = await w.browser.createBrowserContext();
    t.after(() => within.close());
    await signIn(w, within);
    const page = await open(live, t, "/tail", { within });
    await one("a stream");
    // What the server sends in that minute: 200 rows a second, and the number of the others.
    let missed = 0;
    for (let seconds = 0; seconds < 60; seconds += 5) {
      for (let n = 0; n < 1000; n += 1) {
        const id = `evt_${seconds}_${n}`;
        tail.send("event", { id, name: "order-paid", publisher: "shop", deliveries: 2, via: "api" }, id);
      }
      tail.send("gap", { n: 49_000 }, `gap-${seconds}`);
      missed += 49_000;
      await page.waitForFunction(
        (text) => document.querySelector(".gap")?.textContent.startsWith(`${text} rows`),
        {},
        missed.toLocaleString("en"),
      );
    }
    assert.equal(await page.$$eval("tbody tr", (rows) => rows.length), 300);
    assert.match(await page.$eval("main", (main) => main.textContent), /1700 older rows are kept/);
    // What can be thrown away is not what the tab needs.
    const session = await page.createCDPSession();
    await session.send("HeapProfiler.collectGarbage");
    const own = (await processes(w.browser)).filter((id) => !before.includes(id));
    const size = Math.max(...(await Promise.all(own.map(memory))));
    const { JSHeapUsedSize: heap } = await page.metrics();
    t.diagnostic(`${Math.round(size / 1e6)} MB, of them ${Math.round(heap / 1e6)} MB of scripts`);
    assert.ok(size > 1e6 && size < 150e6, `${size} bytes`);
  });
});
