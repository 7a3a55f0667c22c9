// js-sdk miniapps, which announce neither their start nor their end: early messages, reloads and removal.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { mount, skip, world } from "./support/browser.js";

const custom = "AppBoxoWebAppCustomEvent";
const path = "/js-sdk-miniapp";

describe("lifecycle of js-sdk miniapps", { skip, timeout: 60_000 }, () => {
  const it = world();

  /** A frame without a host. */
  const frameOnly = async (page, url) => {
    await page.evaluate((url) => {
      window.came = 0;
      addEventListener("message", () => came++);
      window.iframe = document.createElement("iframe");
      iframe.src = url;
      document.body.append(iframe);
    }, url);
    return it.frame(page, url);
  };
  const makeHost = (page, site) =>
    page.evaluate((origin) => {
      window.warnings = [];
      window.host = new sdk.MiniappHost({ iframe, origin });
      host.onwarning = (warning) => warnings.push(warning);
      host.on("echo", (payload) => payload);
    }, it.origin(site));
  /** Sends a request and stores its result in `window.answers`. */
  const ask = (frame, type, payload) =>
    frame.evaluate(
      (custom, type, payload) => {
        window.answers ??= [];
        const answer = appboxoSDK.sendPromise(custom, { type, payload: (0, eval)(`(${payload})`) });
        answers.push(
          answer.then(
            (value) => value,
            (e) => e.error_data.error_code,
          ),
        );
      },
      custom,
      type,
      payload,
    );
  const answers = (frame) => frame.evaluate(() => Promise.all(answers));
  const payloads = (frame) =>
    frame.evaluate(
      (custom) => receivedMessages.filter(({ type }) => type === custom).map(({ data }) => data.payload),
      custom,
    );
  /** A handler that waits; `aborted` holds the reasons of its aborted calls. */
  const slow = (page) =>
    page.evaluate(() => {
      window.finish = [];
      window.aborted = [];
      host.on("slow", (payload, { signal }) => {
        signal.addEventListener("abort", () => aborted.push([payload, signal.reason.name]));
        return new Promise((resolve) => finish.push(resolve));
      });
    });
  const reload = async (page, frame, url) => {
    await Promise.all([frame.waitForNavigation(), frame.evaluate(() => void setTimeout(() => location.reload()))]);
    return it.frame(page, url);
  };

  test("early messages are handled up to the limit; calls over it get an error", async (t) => {
    const page = await it.open(t, it.url("host", "/host"));
    const frame = await frameOnly(page, it.url("shop", path));
    await ask(frame, "echo", '{ large: "x".repeat(200_000) }');
    await ask(frame, "echo", '"x".repeat(300_000)');
    await ask(frame, "echo", "[[[]]]".replace("[]", "[".repeat(70) + "]".repeat(70)));
    for (let i = 0; i < 110; i++) await ask(frame, "echo", `{ n: ${i} }`);
    await frame.evaluate((custom) => appboxoSDK.send(custom, { type: "echo", payload: 1 }), custom);
    await page.waitForFunction(() => came === 114);
    await makeHost(page, "shop");
    const all = await answers(frame);
    assert.equal(all[0].large.length, 200_000);
    assert.deepEqual(all.slice(1, 3), [413, 400]);
    assert.deepEqual(all[99], { n: 96 });
    assert.deepEqual(all.slice(100), Array(13).fill(429));
    // A refused call without an id causes a warning.
    await page.waitForFunction(() => warnings.length > 0);
    assert.match(await page.evaluate(() => warnings[0].message), /too many messages before the MiniappHost/);
  });

  test("messages of a window without a host are stored up to a limit", async (t) => {
    const page = await it.open(t, it.url("host", "/host"));
    const frame = await frameOnly(page, it.url("shop", path));
    for (let i = 0; i < 8; i++) await ask(frame, "echo", '{ large: "x".repeat(200_000) }');
    await page.waitForFunction(() => came === 8);
    await makeHost(page, "shop");
    const all = await answers(frame);
    assert.deepEqual(all.slice(6), [429, 429]);
    assert.ok(all.slice(0, 6).every(({ large }) => large));
  });

  test("events for a removed frame wait until it is back, and its calls end", async (t) => {
    const page = await it.open(t, it.url("host", "/host"));
    const url = it.url("shop", path);
    let frame = await mount(it, page, url);
    await slow(page);
    await ask(frame, "slow", "1");
    await page.waitForFunction(() => finish.length === 1);
    await page.evaluate(() => hostLog.iframe.remove());
    await page.waitForFunction(() => aborted.length === 1);
    assert.deepEqual(await page.evaluate(() => aborted), [[1, "AbortError"]]);
    await page.evaluate(() => {
      host.emit("news", "while away");
      document.body.append(hostLog.iframe);
      host.emit("news", "while loading");
    });
    frame = await it.frame(page, url);
    await page.evaluate(() => host.emit("news", "later"));
    await frame.waitForFunction(() => receivedMessages.length === 3);
    assert.deepEqual(await payloads(frame), ["while away", "while loading", "later"]);
    assert.deepEqual(await page.evaluate(() => hostLog.warnings), []);
  });

  test("events for a removed frame with a Footbridge miniapp wait too", async (t) => {
    const page = await it.open(t, it.url("host", "/host"));
    const url = it.url("shop", "/miniapp");
    const open = (frame) =>
      frame.evaluate(async (hostOrigin) => {
        window.receivedEvents = [];
        const bridge = new sdk.Bridge({ hostOrigin });
        bridge.on("news", (payload) => receivedEvents.push(payload));
        await bridge.ready;
      }, it.origin("host"));
    await open(await mount(it, page, url));
    await page.evaluate(() => {
      hostLog.iframe.remove();
      host.emit("news", "while away");
      hostLog.iframe.src += "?again";
      document.body.append(hostLog.iframe);
      host.emit("news", "while loading");
    });
    const frame = await it.frame(page, url + "?again");
    await open(frame);
    await frame.waitForFunction(() => receivedEvents.length === 2);
    assert.deepEqual(await frame.evaluate(() => receivedEvents), ["while away", "while loading"]);
  });

  test("events for a frame that the host navigates wait for the new page", async (t) => {
    const page = await it.open(t, it.url("host", "/host"));
    const url = it.url("shop", path);
    const before = await mount(it, page, url);
    // After this message the load of the page has been handled.
    await page.evaluate(() => host.emit("news", "first"));
    await before.waitForFunction(() => receivedMessages.length === 1);
    await page.evaluate(() => {
      hostLog.iframe.src += "?again";
      host.emit("news", "while it loads");
    });
    const frame = await it.frame(page, url + "?again");
    await frame.waitForFunction(() => receivedMessages.length === 1);
    assert.deepEqual(await payloads(frame), ["while it loads"]);
  });

  test("a reload ends the calls of the previous page, and their answers are dropped", async (t) => {
    const page = await it.open(t, it.url("host", "/host"));
    const url = it.url("shop", path);
    // One call while the page is parsed, as usual, so that its ids are known to be consecutive.
    const frame = await mount(it, page, it.url("shop", "/early"), { on: ["early", "echo"] });
    await slow(page);
    await frame.evaluate(() => early);
    // The load event may have overtaken an earlier message.
    await page.evaluate(() => hostLog.iframe.dispatchEvent(new Event("load")));
    await ask(frame, "slow", "1");
    await page.waitForFunction(() => finish.length === 1);
    await page.evaluate((url) => {
      hostLog.iframe.src = url;
    }, url);
    const next = await it.frame(page, url);
    await page.waitForFunction(() => aborted.length === 1);
    await page.evaluate(() => {
      finish[0]({ secret: 1 });
      host.emit("news", "last");
    });
    await next.waitForFunction(() => receivedMessages.length > 0);
    assert.deepEqual(await payloads(next), ["last"]);
    assert.equal(await next.evaluate(() => receivedMessages.length), 1);
  });

  test("a page that starts again with id 1 ends the calls of the previous page", async (t) => {
    const page = await it.open(t, it.url("host", "/host"));
    const url = it.url("shop", path);
    let frame = await mount(it, page, url);
    await slow(page);
    await ask(frame, "echo", "{}");
    await ask(frame, "slow", "2");
    await page.waitForFunction(() => finish.length === 1);
    frame = await reload(page, frame, url);
    await ask(frame, "echo", "{ n: 1 }");
    assert.deepEqual(await answers(frame), [{ n: 1 }]);
    assert.deepEqual(await page.evaluate(() => aborted), [[2, "AbortError"]]);
    await page.evaluate(() => finish[0]({ secret: 1 }));
    await ask(frame, "echo", "{ n: 2 }");
    assert.deepEqual((await answers(frame))[1], { n: 2 });
    assert.equal(await frame.evaluate(() => receivedMessages.some(({ data }) => data.secret)), false);
  });

  test("calls that were pending at a load end at the next load", async (t) => {
    const page = await it.open(t, it.url("host", "/host"));
    const url = it.url("shop", path);
    let frame = await mount(it, page, url);
    await slow(page);
    await ask(frame, "slow", "1");
    await page.waitForFunction(() => finish.length === 1);
    frame = await reload(page, frame, url);
    assert.deepEqual(await page.evaluate(() => aborted), []);
    await reload(page, frame, url);
    await page.waitForFunction(() => aborted.length === 1);
  });

  test("a call made while a page is parsed survives the load of that page", async (t) => {
    const page = await it.open(t, it.url("host", "/host"));
    const url = it.url("shop", "/early");
    await page.evaluate(
      (url, origin) => {
        window.iframe = document.createElement("iframe");
        iframe.src = url;
        document.body.append(iframe);
        window.finish = [];
        window.host = new sdk.MiniappHost({ iframe, origin });
        host.on("early", () => new Promise((resolve) => finish.push(resolve)));
      },
      url,
      it.origin("shop"),
    );
    let frame = await it.frame(page, url);
    await page.waitForFunction(() => finish.length === 1);
    // The same after a reload.
    frame = await reload(page, frame, url);
    await page.waitForFunction(() => finish.length === 2);
    await page.evaluate(() => {
      finish[0]({ who: "before" });
      finish[1]({ who: "now" });
    });
    assert.deepEqual(await frame.evaluate(() => early), { who: "now" });
  });

  test("a same-origin miniapp that loaded first and only listens gets events", async (t) => {
    const page = await it.open(t, it.url("host", "/host"));
    const frame = await frameOnly(page, it.url("host", path));
    await makeHost(page, "host");
    await page.evaluate(() => host.emit("news", 1));
    await frame.waitForFunction(() => receivedMessages.length === 1);
    assert.deepEqual(await payloads(frame), [1]);
    // An empty frame does not count as loaded.
    await page.evaluate(
      (url, origin) => {
        window.iframe = document.createElement("iframe");
        document.body.append(iframe);
        window.host = new sdk.MiniappHost({ iframe, origin });
        host.emit("news", 2);
        iframe.src = url;
      },
      it.url("host", path + "?2"),
      it.origin("host"),
    );
    const next = await it.frame(page, it.url("host", path + "?2"));
    await next.waitForFunction(() => receivedMessages.length === 1);
    assert.deepEqual(await payloads(next), [2]);
  });
});
