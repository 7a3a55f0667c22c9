// Start order, reloads, removal and closing of hosts and miniapps: no event is lost or mixed up, and no call hangs.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { connect, mount, skip, world } from "./support/browser.js";

const custom = "AppBoxoWebAppCustomEvent";

describe("lifecycle", { skip, timeout: 60_000 }, () => {
  const it = world();

  const frameOnly = async (page, url) => {
    await page.evaluate((url) => {
      window.iframe = document.createElement("iframe");
      iframe.src = url;
      document.body.append(iframe);
    }, url);
    return it.frame(page, url);
  };
  const makeHost = (page, origin, types = ["echo"]) =>
    page.evaluate(
      (origin, types) => {
        window.host = new sdk.MiniappHost({ iframe, origin });
        for (const type of types) host.on(type, (payload) => payload);
      },
      origin,
      types,
    );
  const settled = (frame, promise) => frame.evaluate(`${promise}.then((value) => value, (e) => e.name)`);

  test("messages of a js-sdk miniapp from before its host was created are not lost", async (t) => {
    const page = await it.open(t, it.url("host", "/host"));
    const frame = await frameOnly(page, it.url("shop", "/early"));
    await makeHost(page, it.origin("shop"), ["early"]);
    assert.deepEqual(await frame.evaluate(() => early), { n: 1 });
  });

  test("a Footbridge miniapp finds a host created later, and early messages of both arrive in order", async (t) => {
    const page = await it.open(t, it.url("host", "/host"));
    const frame = await frameOnly(page, it.url("shop", "/miniapp"));
    await frame.evaluate((hostOrigin) => {
      window.bridge = new sdk.Bridge({ hostOrigin });
      window.receivedEvents = [];
      bridge.on("news", (n) => receivedEvents.push(n));
      for (let n = 0; n < 5; n++) bridge.send("count", n);
      window.answer = bridge.request("echo", "early");
    }, it.origin("host"));
    await page.evaluate((origin) => {
      window.counted = [];
      window.host = new sdk.MiniappHost({ iframe, origin });
      host.on("count", (n) => void counted.push(n));
      host.on("echo", (payload) => payload);
      for (let n = 0; n < 5; n++) host.emit("news", n);
    }, it.origin("shop"));
    assert.equal(await frame.evaluate(() => answer), "early");
    assert.deepEqual(await page.evaluate(() => counted), [0, 1, 2, 3, 4]);
    await frame.waitForFunction(() => receivedEvents.length === 5);
    assert.deepEqual(await frame.evaluate(() => receivedEvents), [0, 1, 2, 3, 4]);
  });

  test("a hundred events wait for the handshake; beyond that the oldest is dropped and named", async (t) => {
    const page = await it.open(t, it.url("host", "/host"));
    const url = it.url("shop", "/miniapp");
    const waiting = mount(it, page, url);
    await page.waitForFunction(() => window.host);
    await page.evaluate(() => {
      for (let n = 0; n < 101; n++) host.emit("news", n);
    });
    const frame = await waiting;
    await connect(frame, { hostOrigin: it.origin("host") });
    await frame.waitForFunction(() => receivedEvents.length === 100);
    assert.deepEqual(await frame.evaluate(() => [receivedEvents[0].payload, receivedEvents[99].payload]), [1, 100]);
    const error = await frame.evaluate((hostOrigin) => {
      const bridge = new sdk.Bridge({ hostOrigin });
      try {
        for (let n = 0; n < 101; n++) bridge.send("count", n);
      } catch (e) {
        return e.name;
      } finally {
        bridge.close();
      }
    }, it.origin("host"));
    assert.equal(error, "BusyError");
  });

  test("a miniapp that reloads connects again; its old calls end, and events wait for it", async (t) => {
    const page = await it.open(t, it.url("host", "/host"));
    const url = it.url("shop", "/miniapp");
    let frame = await mount(it, page, url);
    await connect(frame, { hostOrigin: it.origin("host") });
    await page.evaluate(() => {
      window.ended = 0;
      host.on("slow", (_, { signal }) => new Promise(() => signal.addEventListener("abort", () => ended++)));
    });
    await frame.evaluate(() => {
      void bridge.request("slow");
      return bridge.request("echo");
    });
    await Promise.all([frame.waitForNavigation(), frame.evaluate(() => void setTimeout(() => location.reload()))]);
    await page.waitForFunction(() => ended === 1);
    await page.evaluate(() => host.emit("news", "while away"));
    frame = await it.frame(page, url);
    assert.equal(await connect(frame, { hostOrigin: it.origin("host") }), "footbridge");
    assert.equal(await frame.evaluate(() => bridge.request("echo", 2)), 2);
    await frame.waitForFunction(() => receivedEvents.length === 1);

    // Then to a js-sdk page of the same origin, and back.
    const other = it.url("shop", "/js-sdk-miniapp");
    await page.evaluate((other) => {
      hostLog.iframe.src = other;
    }, other);
    frame = await it.frame(page, other);
    assert.deepEqual(
      await frame.evaluate((custom) => appboxoSDK.sendPromise(custom, { type: "echo", payload: { n: 3 } }), custom),
      { n: 3 },
    );
    await page.evaluate((url) => {
      hostLog.iframe.src = url;
    }, url);
    frame = await it.frame(page, url);
    await connect(frame, { hostOrigin: it.origin("host") });
    assert.equal(await frame.evaluate(() => bridge.request("echo", 4)), 4);
  });

  test("a late answer to the previous page does not reach the new page", async (t) => {
    const page = await it.open(t, it.url("host", "/host"));
    const url = it.url("shop", "/js-sdk-miniapp");
    let frame = await mount(it, page, url);
    await page.evaluate(() => {
      window.finish = [];
      host.on("slow", () => new Promise((resolve) => finish.push(resolve)));
    });
    const ask = () =>
      frame.evaluate((custom) => {
        window.answer = appboxoSDK.sendPromise(custom, { type: "slow" });
      }, custom);
    await ask();
    await page.waitForFunction(() => finish.length === 1);
    await Promise.all([frame.waitForNavigation(), frame.evaluate(() => void setTimeout(() => location.reload()))]);
    frame = await it.frame(page, url);
    await ask();
    await page.waitForFunction(() => finish.length === 2);
    await page.evaluate(async () => {
      finish[0]({ who: "before" });
      await null;
      finish[1]({ who: "now" });
    });
    assert.deepEqual(await frame.evaluate(() => answer), { who: "now" });
  });

  test("close() at the host rejects the miniapp's requests, and the frame can get a new host", async (t) => {
    const page = await it.open(t, it.url("host", "/host"));
    const url = it.url("shop", "/miniapp");
    const frame = await mount(it, page, url);
    await connect(frame, { hostOrigin: it.origin("host") });
    await page.evaluate(() => host.on("slow", () => new Promise(() => {})));
    await frame.evaluate(() => {
      window.reason = new Promise((resolve) => (bridge.onclose = resolve));
      window.answer = bridge.request("slow");
      return bridge.request("echo");
    });
    await page.evaluate(() => host.close());
    assert.equal(await settled(frame, "answer"), "ClosedError");
    assert.equal(await frame.evaluate(() => reason.then((e) => e.message)), "the host was closed");
    assert.equal(await settled(frame, "bridge.request('echo')"), "ClosedError");
    assert.equal(
      await page.evaluate(() => {
        try {
          host.emit("news");
        } catch (e) {
          return e.name;
        }
      }),
      "ClosedError",
    );

    await page.evaluate((origin) => {
      window.host = new sdk.MiniappHost({ iframe: hostLog.iframe, origin });
      host.on("echo", (payload) => payload);
    }, it.origin("shop"));
    await connect(frame, { hostOrigin: it.origin("host") });
    assert.equal(await frame.evaluate(() => bridge.request("echo", 1)), 1);
  });

  test("close() at the host rejects the pending calls of js-sdk", async (t) => {
    const page = await it.open(t, it.url("host", "/host"));
    const frame = await mount(it, page, it.url("shop", "/js-sdk-miniapp"));
    await page.evaluate(() => host.on("slow", () => new Promise(() => (window.asked = true))));
    await frame.evaluate((custom) => {
      window.answer = appboxoSDK.sendPromise(custom, { type: "slow" });
    }, custom);
    await page.waitForFunction(() => window.asked);
    await page.evaluate(() => host.close());
    assert.equal(await frame.evaluate(() => answer.catch((e) => e.error_data.error_reason)), "the host was closed");
  });

  test("close() at the miniapp rejects its requests and aborts them at the host", async (t) => {
    const page = await it.open(t, it.url("host", "/host"));
    const frame = await mount(it, page, it.url("shop", "/miniapp"));
    await connect(frame, { hostOrigin: it.origin("host") });
    await page.evaluate(() =>
      host.on(
        "slow",
        (_, { signal }) =>
          new Promise(() => {
            window.asked = true;
            signal.addEventListener("abort", () => (window.ended = signal.reason.message));
          }),
      ),
    );
    await frame.evaluate(() => {
      window.answer = bridge.request("slow");
    });
    await page.waitForFunction(() => window.asked);
    await frame.evaluate(() => bridge.close());
    assert.equal(await settled(frame, "answer"), "ClosedError");
    await page.waitForFunction(() => window.ended === "the miniapp closed the bridge");
    await connect(frame, { hostOrigin: it.origin("host") });
    assert.equal(await frame.evaluate(() => bridge.request("echo", 1)), 1);
  });

  test("miniapps in one page do not receive each other's events, also after one is mounted again", async (t) => {
    const page = await it.open(t, it.url("host", "/host"));
    const url = it.url("shop", "/miniapp");
    const one = await mount(it, page, url, { id: "one", on: [] });
    await connect(one, { hostOrigin: it.origin("host") });
    const two = await mount(it, page, it.url("quiet", "/js-sdk-miniapp"), { id: "two", on: [] });
    await page.evaluate(() => {
      one.on("who", () => "one");
      two.on("who", () => ({ who: "two" }));
    });
    assert.equal(await one.evaluate(() => bridge.request("who")), "one");
    const asTwo = () => two.evaluate((custom) => appboxoSDK.sendPromise(custom, { type: "who" }), custom);
    assert.deepEqual(await asTwo(), { who: "two" });
    await page.evaluate(() => {
      one.emit("news", 1);
      two.emit("news", 2);
    });
    await one.waitForFunction(() => receivedEvents.length === 1);
    await two.waitForFunction(() => receivedMessages.some((m) => m.data?.payload === 2));
    assert.deepEqual(await one.evaluate(() => receivedEvents.map(({ payload }) => payload)), [1]);
    assert.equal(await two.evaluate(() => receivedMessages.some((m) => m.data?.payload === 1)), false);

    await page.evaluate(() => {
      one.close();
      oneLog.iframe.remove();
    });
    assert.deepEqual(await asTwo(), { who: "two" });
    // Another address: the frame that was removed may still be listed under the first one.
    const again = await mount(it, page, it.url("shop", "/miniapp?again"), { id: "again" });
    await connect(again, { hostOrigin: it.origin("host") });
    assert.equal(await again.evaluate(() => bridge.request("echo", 1)), 1);
    assert.deepEqual(await page.evaluate(() => [twoLog.warnings, againLog.warnings]), [[], []]);
  });
});
