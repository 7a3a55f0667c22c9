// A native app's web view, simulated for Android and iOS.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { connect, skip, world } from "./support/browser.js";

/** Runs in the page before anything else. */
const simulate = (platform) => {
  window.sentCalls = [];
  const answer = (method, data) =>
    dispatchEvent(new CustomEvent("AppBoxoWebAppEvent", { detail: { type: method, data } }));
  const hear = (method, params) => {
    sentCalls.push(params);
    const { type, payload, request_id } = params;
    if (type === "silent") return;
    if (type === "cancel") return answer(method, { type, payload, request_id, error_type: "canceled" });
    if (type === "push") return answer(method, { type: "news", payload });
    // Some iOS wrappers add an empty error to a success.
    answer(method, { type, payload, request_id, ...(platform === "ios" && { error_type: "" }) });
  };
  const name = "AppBoxoWebAppCustomEvent";
  if (platform === "android") {
    window.AppboxoJs = {
      [name](text) {
        if (this !== window.AppboxoJs) throw new TypeError("injected objects insist on their receiver");
        hear(name, JSON.parse(text));
      },
    };
  } else
    window.webkit = { messageHandlers: { [name]: { postMessage: (params) => hear(name, structuredClone(params)) } } };
};

describe("native hosts", { skip, timeout: 60_000 }, () => {
  const it = world();

  for (const platform of ["android", "ios"])
    test(`${platform}: requests, errors, events and timeouts`, async (t) => {
      const page = await it.browser.newPage();
      t.after(() => page.close());
      await page.evaluateOnNewDocument(simulate, platform);
      await page.goto(it.url("shop", "/miniapp"));
      await page.waitForFunction(() => window.there);
      assert.equal(await connect(page, {}), "native");

      assert.deepEqual(
        await page.evaluate(() => bridge.request("buy", { sku: 1 }).then(({ error_type, ...data }) => data)),
        { type: "buy", payload: { sku: 1 } },
      );
      const [params] = await page.evaluate(() => sentCalls);
      assert.ok(Number.isInteger(params.request_id) && params.request_id > 0 && params.request_id < 2 ** 31);
      assert.deepEqual(Object.keys(params).sort(), ["payload", "request_id", "type"]);
      assert.deepEqual(
        await page.evaluate(() =>
          bridge.request("cancel", 1).catch((e) => [e instanceof Error, e.message, e.error_type, e.payload]),
        ),
        [true, "canceled", "canceled", 1],
      );
      await page.evaluate(() => bridge.send("push", [1]));
      await page.waitForFunction(() => receivedEvents.length === 1);
      assert.deepEqual(await page.evaluate(() => [receivedEvents[0].type, receivedEvents[0].payload]), ["news", [1]]);
      assert.equal(
        await page.evaluate(() => bridge.request("silent", 1, { timeout: 20 }).catch((e) => e.name)),
        "TimeoutError",
      );
      assert.equal(
        await page.evaluate(() => bridge.method("AppBoxoWebAppVibrate").catch((e) => e.name)),
        "NotSupportedError",
      );
      const pending = page.evaluate(() => {
        const p = bridge.request("silent");
        bridge.close();
        return p.catch((e) => e.name);
      });
      assert.equal(await pending, "ClosedError");
    });
});
