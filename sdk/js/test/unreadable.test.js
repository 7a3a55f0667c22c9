// Messages that the other side refuses: the failure is reported, and no uncaught error is thrown.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { connect, mount, skip, world } from "./support/browser.js";

/** Runs in a page: returns a value with `levels` levels. */
const nest = (levels) => {
  let value = 1;
  for (let i = 0; i < levels; i++) value = [value];
  return value;
};

describe("unreadable messages", { skip, timeout: 60_000 }, () => {
  const it = world();

  const pair = async (t) => {
    const page = await it.open(t, it.url("host", "/host"));
    const frame = await mount(it, page, it.url("shop", "/miniapp"));
    await connect(frame, { hostOrigin: it.origin("host") });
    for (const side of [page, frame])
      await side.evaluate((nest) => {
        window.uncaught = [];
        window.nest = (0, eval)(`(${nest})`);
        addEventListener("error", ({ message }) => uncaught.push(message));
        addEventListener("unhandledrejection", ({ reason }) => uncaught.push(String(reason)));
      }, String(nest));
    return { page, frame };
  };
  const uncaught = (side) => side.evaluate(() => uncaught);

  test("an answer that cannot be sent is an error on both sides", async (t) => {
    const { page, frame } = await pair(t);
    await page.evaluate(() => {
      host.on("deep", (levels) => nest(levels));
      host.on("large", (length) => "x".repeat(length));
      host.on("loud", () => {
        throw new Error("y".repeat(1e6));
      });
    });
    const ask = (type, payload) =>
      frame.evaluate(
        (type, payload) =>
          bridge.request(type, payload, { timeout: 5000 }).then(
            (value) => typeof value,
            (e) => [e.name, e.error_data?.error_code, e.message.length],
          ),
        type,
        payload,
      );
    assert.equal(await ask("deep", 64), "object");
    assert.deepEqual((await ask("deep", 65)).slice(0, 2), ["InvalidError", 400]);
    assert.equal(await ask("large", 2_000_000), "string");
    assert.deepEqual((await ask("large", 2_200_000)).slice(0, 2), ["TooLargeError", 413]);
    assert.deepEqual(await ask("loud"), ["Error", 500, 1000]);
    assert.deepEqual(await page.evaluate(() => hostLog.events.map(({ ok }) => ok)), [true, false, true, false, false]);
    assert.match(await page.evaluate(() => hostLog.events[1].error), /nested deeper than 64/);
    // The same limit in both directions.
    assert.equal(await frame.evaluate(() => bridge.request("echo", nest(64)).then((v) => typeof v)), "object");
    assert.equal(await frame.evaluate(() => bridge.request("echo", nest(65)).catch((e) => e.name)), "InvalidError");
    assert.deepEqual([...(await uncaught(page)), ...(await uncaught(frame))], []);
  });

  test("an event that cannot be sent is an error for its sender", async (t) => {
    const { page, frame } = await pair(t);
    const names = await page.evaluate(() =>
      [nest(65), "x".repeat(2_200_000)].map((payload) => {
        try {
          host.emit("news", payload);
        } catch (e) {
          return e.name;
        }
      }),
    );
    assert.deepEqual(names, ["InvalidError", "TooLargeError"]);
    await page.evaluate(() => host.emit("news", nest(64)));
    await frame.waitForFunction(() => receivedEvents.length === 1);
    const name = await page.evaluate((origin) => {
      try {
        new sdk.MiniappHost({ iframe: document.createElement("iframe"), origin, init: { payload: nest(65) } });
      } catch (e) {
        return e.name;
      }
    }, it.origin("shop"));
    assert.equal(name, "InvalidError");
  });

  test("a refused answer of a Boxo host rejects its request", async (t) => {
    const page = await it.open(t, it.url("host", "/web-sdk-host"));
    const url = it.url("shop", "/miniapp");
    await page.evaluate((url) => {
      window.host = new Boxo.AppboxoWebSDK({ clientId: "superapp", appId: "shop", userId: "u" });
      const answers = { map: () => ({ a: new Map([[1, 2]]) }), large: () => ({ a: "x".repeat(2_200_000) }) };
      for (const type in answers) host.onEvent(type, async () => answers[type]());
      host.mount({ container: "#m", url });
    }, url);
    const frame = await it.frame(page, url);
    await connect(frame, { hostOrigin: it.origin("host") });
    await frame.evaluate(() => {
      window.uncaught = [];
      addEventListener("error", ({ message }) => uncaught.push(message));
    });
    const ask = (type) =>
      frame.evaluate((type) => bridge.request(type, 1, { timeout: 5000 }).catch((e) => [e.name, e.message]), type);
    assert.deepEqual(await ask("map"), ["InvalidError", '"a" is a Map, not JSON']);
    assert.equal((await ask("large"))[0], "TooLargeError");
    await page.evaluate(() => document.querySelector("iframe").contentWindow.postMessage(new Map(), "*"));
    await frame.waitForFunction(() => warnings.length === 1);
    assert.equal(await frame.evaluate(() => warnings[0].message), "message ignored");
    assert.deepEqual(await uncaught(frame), []);
  });

  test("an invalid id is refused at once", async (t) => {
    const { page, frame } = await pair(t);
    for (const id of ["ord-1", "", "a b c d e", "x".repeat(65), 12345678, ["aaaaaaaaa"]]) {
      const name = await frame.evaluate((id) => bridge.request("echo", 1, { id }).catch((e) => e.name), id);
      assert.equal(name, "TypeError", String(id));
    }
    assert.equal(await frame.evaluate(() => bridge.request("echo", 1, { id: "order-01" })), 1);
    assert.deepEqual(await page.evaluate(() => hostLog.events.map(({ id }) => id)), ["order-01"]);
  });

  test("connecting in a worker fails", async (t) => {
    const page = await it.open(t, it.url("shop", "/miniapp"));
    const result = await page.evaluate(() => {
      const work = `import("${location.origin}/sdk/miniapp.js").then(({ connect }) =>
        connect({ hostOrigin: "https://host.example" })).catch((e) => postMessage([e.name, e.message]))`;
      const url = URL.createObjectURL(new Blob([work], { type: "text/javascript" }));
      return new Promise((resolve) => (new Worker(url, { type: "module" }).onmessage = ({ data }) => resolve(data)));
    });
    assert.deepEqual(result, ["NoHostError", "this page is not in a host's frame"]);
  });
});
