// The four pairings of Footbridge and Boxo hosts and miniapps, in a real browser with Boxo's unmodified packages.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { connect, mount, skip, world } from "./support/browser.js";

const custom = "AppBoxoWebAppCustomEvent";
const values = [null, true, false, 0, -1.5, "", "text", "ünï😀\u0000", [], [1, [2]], {}, { a: { b: [null] } }];

describe("pairings", { skip, timeout: 60_000 }, () => {
  const it = world();

  const ours = async (t, options) => {
    const page = await it.open(t, it.url("host", "/host"));
    const frame = await mount(it, page, it.url("shop", "/miniapp"), options);
    assert.equal(await connect(frame, { hostOrigin: it.origin("host") }), "footbridge");
    return { page, frame };
  };

  const theirMiniapp = async (t, options) => {
    const page = await it.open(t, it.url("host", "/host"));
    return { page, frame: await mount(it, page, it.url("shop", "/js-sdk-miniapp"), options) };
  };

  const theirHost = async (t, path) => {
    const page = await it.open(t, it.url("host", "/web-sdk-host"));
    const url = it.url("shop", path);
    await page.evaluate(
      (url, origin) => {
        window.host = new Boxo.AppboxoWebSDK({
          clientId: "superapp",
          appId: "shop",
          userId: "u",
          allowedOrigins: [origin],
          debug: false,
        });
        host.onEvent("echo", async (type, payload) => payload);
        host.onEvent("fail", async () => {
          throw new Error("out of stock");
        });
        host.mount({ container: "#m", url });
      },
      url,
      it.origin("shop"),
    );
    return { page, frame: await it.frame(page, url) };
  };

  test("Footbridge host and miniapp: every JSON value is returned unchanged", async (t) => {
    const { frame } = await ours(t);
    const back = await frame.evaluate(
      async (values) => Promise.all(values.map((v) => bridge.request("echo", v))),
      values,
    );
    assert.deepEqual(back, values);
    assert.deepEqual(await frame.evaluate(() => bridge.init), {
      app_id: "shop",
      client_id: "superapp",
      payload: "",
      sandbox_mode: false,
      data: { handlers: [custom, "AppBoxoWebAppGetInitData"], capabilities: [custom, "AppBoxoWebAppGetInitData"] },
    });
  });

  test("Footbridge host and miniapp: errors keep name, message and Boxo's format", async (t) => {
    const { page, frame } = await ours(t);
    await page.evaluate(() => {
      host.on("fail", () => {
        throw new RangeError("out of stock");
      });
      host.on("cancel", () => {
        throw { error_type: "canceled", payload: { by: "user" } };
      });
      host.on("picky", (p) => p, { validate: (p, { type }) => type === "picky" && typeof p?.sku === "number" });
      host.method("AppBoxoWebAppLogin", (params) => ({ token: params.scope }));
    });
    const ask = (type, payload) =>
      frame.evaluate(
        (type, payload) =>
          bridge.request(type, payload).then(
            (value) => ({ value }),
            (e) => ({
              error: e instanceof Error,
              name: e.name,
              message: e.message,
              type: e.error_type,
              code: e.error_data?.error_code,
              payload: e.payload,
            }),
          ),
        type,
        payload,
      );
    assert.deepEqual(await ask("fail"), {
      error: true,
      name: "RangeError",
      message: "out of stock",
      type: "client_error",
      code: 500,
    });
    assert.deepEqual(await ask("cancel"), {
      error: true,
      name: "Error",
      message: "canceled",
      type: "canceled",
      payload: { by: "user" },
    });
    assert.deepEqual(await ask("picky", { sku: 1 }), { value: { sku: 1 } });
    assert.equal((await ask("picky", { sku: "1" })).code, 400);
    assert.equal((await ask("nobody")).code, 404);
    assert.deepEqual(await frame.evaluate(() => bridge.method("AppBoxoWebAppLogin", { scope: "s" })), { token: "s" });
  });

  test("Footbridge host and miniapp: events in both directions have one id, and an unhandled send warns", async (t) => {
    const { page, frame } = await ours(t);
    const pushed = await page.evaluate(() => host.emit("news", [1]));
    await frame.waitForFunction(() => receivedEvents.length === 1);
    assert.deepEqual(await frame.evaluate(() => receivedEvents), [{ payload: [1], type: "news", id: pushed }]);

    const asked = await frame.evaluate(() => {
      const pending = bridge.request("echo", 1);
      return pending.then(() => pending.id);
    });
    const sent = await frame.evaluate(() => bridge.send("nobody"));
    await page.waitForFunction(() => hostLog.events.length === 1);
    const [event] = await page.evaluate(() => hostLog.events);
    assert.deepEqual([event.id, event.type, event.ok], [asked, "echo", true]);
    assert.match(sent, /^pev_\w{8,28}$/);
    await frame.waitForFunction(() => warnings.length === 1);
    assert.match(await frame.evaluate(() => warnings[0].message), /no handler for "nobody"/);
  });

  test("Footbridge host and miniapp: a cancelled or late request ends on both sides", async (t) => {
    const { page, frame } = await ours(t);
    await page.evaluate(() => {
      window.ended = [];
      host.on(
        "slow",
        (payload, { signal }) =>
          new Promise(() => signal.addEventListener("abort", () => ended.push(signal.reason.name))),
      );
    });
    const names = await frame.evaluate(async () => {
      const control = new AbortController();
      const one = bridge.request("slow", 1, { signal: control.signal });
      const two = bridge.request("slow", 2, { timeout: 20 });
      control.abort();
      return Promise.all([one, two].map((p) => p.catch((e) => e.name)));
    });
    assert.deepEqual(names, ["AbortError", "TimeoutError"]);
    const name = await frame.evaluate(() => bridge.request("slow", () => {}).catch((e) => e.name));
    assert.equal(name, "TypeError");
    await page.waitForFunction(() => ended.length === 2);
  });

  test("Footbridge host, js-sdk: promises resolve or reject and never hang", async (t) => {
    const { page, frame } = await theirMiniapp(t);
    await page.evaluate(() => {
      host.on("fail", () => {
        throw new TypeError("out of stock");
      });
      host.on("cancel", () => {
        throw { type: "cancel", payload: null, error_type: "canceled" };
      });
      host.method("AppBoxoWebAppPay", ({ amount }) => ({ status: "success", amount }));
    });
    const ask = (type, payload) =>
      frame.evaluate(
        (method, type, payload) =>
          appboxoSDK.sendPromise(method, { type, payload }).then(
            (value) => ({ value }),
            (error) => ({ error }),
          ),
        custom,
        type,
        payload,
      );
    for (const value of values) {
      const object = value && typeof value === "object" && !Array.isArray(value);
      assert.deepEqual(await ask("echo", value), { value: object ? value : { type: "echo", payload: value } });
    }
    assert.deepEqual(await ask("fail"), {
      error: {
        error_type: "client_error",
        error_data: { error_code: 500, error_reason: "out of stock", error_description: "TypeError: out of stock" },
      },
    });
    assert.deepEqual(await ask("cancel"), { error: { type: "cancel", payload: null, error_type: "canceled" } });
    assert.equal((await ask("nobody")).error.error_data.error_code, 404);
    const other = await frame.evaluate(() =>
      appboxoSDK.sendPromise("AppBoxoWebAppVibrate", {}).catch((e) => e.error_type),
    );
    assert.equal(other, "client_error");
    const pay = await frame.evaluate(() =>
      appboxoSDK.sendPromise("AppBoxoWebAppPay", { transactionToken: "t1", amount: 3 }),
    );
    assert.deepEqual(pay, { transactionToken: "t1", status: "success", amount: 3 });
  });

  test("Footbridge host, js-sdk: init data, sends, events and ids", async (t) => {
    const { page, frame } = await theirMiniapp(t, { init: { payload: "p" } });
    assert.deepEqual(await frame.evaluate(() => appboxoSDK.getInitData()), {
      app_id: "shop",
      client_id: "superapp",
      payload: "p",
      sandbox_mode: false,
      data: { handlers: [custom, "AppBoxoWebAppGetInitData"], capabilities: [custom, "AppBoxoWebAppGetInitData"] },
    });
    // As in Boxo's documentation: send, and look for the method in the messages.
    await frame.evaluate((custom) => {
      window.seen = [];
      appboxoSDK.subscribe(({ detail }) => detail.type === custom && seen.push(detail));
      appboxoSDK.send(custom, { type: "echo", payload: { n: 1 }, event_id: "my-own-id" });
    }, custom);
    await frame.waitForFunction(() => seen.length === 1);
    assert.deepEqual(await frame.evaluate(() => [seen[0].data, seen[0].event_id]), [{ n: 1 }, "my-own-id"]);
    assert.equal(await page.evaluate(() => hostLog.events.at(-1).id), "my-own-id");

    const id = await page.evaluate(() => host.emit("news", "text"));
    await frame.waitForFunction(() => seen.length === 2);
    assert.deepEqual(await frame.evaluate(() => seen[1]), {
      type: custom,
      handler: custom,
      data: { type: "news", payload: "text" },
      event_id: id,
    });
  });

  test("Footbridge host, js-sdk that only listens: events wait for its page", async (t) => {
    const page = await it.open(t, it.url("host", "/host"));
    const url = it.url("shop", "/js-sdk-miniapp");
    const mounted = mount(it, page, url);
    await page.waitForFunction(() => window.host);
    await page.evaluate(() => host.emit("news", 1));
    const frame = await mounted;
    await frame.waitForFunction(() => receivedMessages.length === 1);
    await page.evaluate(() => host.emit("news", 2));
    await frame.waitForFunction(() => receivedMessages.length === 2);
    assert.deepEqual(await frame.evaluate(() => receivedMessages.map(({ data }) => data.payload)), [1, 2]);
  });

  test("one id from the miniapp's call to the server, with either SDK", async (t) => {
    const forward = (page) => page.evaluate(() => host.forward("buy", { ticket: () => "t1", to: "exchange" }));
    const check = ({ key, ...answer }, id) => {
      assert.deepEqual(answer, {
        authorization: "Ticket t1",
        id,
        to: "exchange",
        type: "buy",
        payload: { sku: 1 },
        app_id: "shop",
        client_id: "superapp",
      });
      assert.ok(key.startsWith(`${id}.`));
    };

    const one = await ours(t);
    await forward(one.page);
    const [id, answer] = await one.frame.evaluate(async () => {
      const pending = bridge.request("buy", { sku: 1 });
      return [pending.id, await pending];
    });
    check(answer, id);
    await one.page.waitForFunction(() => hostLog.events.length === 1);
    const [event] = await one.page.evaluate(() => hostLog.events);
    assert.deepEqual([event.id, event.serverId, event.ok], [id, "exc_1", true]);

    // js-sdk creates no ids, but passes on a given one and shows the host's.
    const two = await theirMiniapp(t);
    await forward(two.page);
    const ask = (params) =>
      two.frame.evaluate((custom, params) => appboxoSDK.sendPromise(custom, params), custom, params);
    check(await ask({ type: "buy", payload: { sku: 1 }, event_id: "click-0001" }), "click-0001");
    // An invalid id counts as none.
    const made = new Set();
    for (const event_id of [undefined, undefined, null, 12345678, ["click-0001"], "no id"]) {
      const { id } = await ask({ type: "buy", payload: { sku: 1 }, event_id });
      assert.match(id, /^pev_\w{8,28}$/);
      assert.equal(await two.frame.evaluate(() => receivedMessages.at(-1).event_id), id);
      made.add(id);
    }
    assert.equal(made.size, 6);
  });

  test("Footbridge miniapp, web-sdk: answers are the same as with js-sdk", async (t) => {
    const { frame } = await theirHost(t, "/miniapp");
    assert.equal(await connect(frame, { hostOrigin: it.origin("host") }), "web-sdk");
    assert.equal(await frame.evaluate(() => bridge.init.app_id), "shop");
    const asJsSdk = async (frame, payload) => frame.evaluate((payload) => bridge.request("echo", payload), payload);
    assert.deepEqual(await asJsSdk(frame, { sku: 1 }), { sku: 1 });
    assert.deepEqual(await asJsSdk(frame, "ok"), { 0: "o", 1: "k" });
    assert.deepEqual(await asJsSdk(frame, ["a"]), { 0: "a" });
    assert.deepEqual(await asJsSdk(frame, 7), {});
    const error = await frame.evaluate(() =>
      bridge.request("fail").catch((e) => [e.message, e.error_type, e.error_data.error_code]),
    );
    assert.deepEqual(error, ["out of stock", "client_error", 500]);
    assert.match(await frame.evaluate(() => bridge.request("nobody").catch((e) => e.message)), /nobody/);
    assert.equal(
      await frame.evaluate(() => bridge.request("fail", null, { timeout: 1e4 }).catch((e) => e instanceof Error)),
      true,
    );
  });

  test("Footbridge miniapp, web-sdk: events of the host, and failed sends", async (t) => {
    const { page, frame } = await theirHost(t, "/miniapp");
    await connect(frame, { hostOrigin: it.origin("host") });
    await frame.evaluate(() => {
      bridge.on("appboxo-theme-change", ({ theme }) => receivedEvents.push(theme));
      bridge.on("AppBoxoWebAppLogout", ({ action }) => receivedEvents.push(action));
    });
    await page.evaluate(() => {
      host.setTheme("dark");
      host.logout();
    });
    await frame.waitForFunction(() => receivedEvents.length === 2);
    assert.deepEqual(await frame.evaluate(() => receivedEvents), ["dark", "logout"]);
    await frame.evaluate(() => {
      bridge.send("echo", { a: 1 });
      bridge.send("nobody");
    });
    await frame.waitForFunction(() => warnings.length === 1);
  });

  test("Footbridge miniapp, web-sdk that starts later: the host is found", async (t) => {
    const page = await it.open(t, it.url("host", "/web-sdk-host"));
    const url = it.url("shop", "/miniapp");
    await page.evaluate((url) => {
      window.iframe = document.createElement("iframe");
      iframe.src = url;
      document.body.append(iframe);
    }, url);
    const frame = await it.frame(page, url);
    const connected = connect(frame, { hostOrigin: it.origin("host") });
    await page.evaluate(() => {
      window.host = new Boxo.AppboxoWebSDK({ clientId: "superapp", appId: "shop", userId: "u" });
      host.setIframe(iframe);
      host.initialize();
    });
    assert.equal(await connected, "web-sdk");
  });

  test("web-sdk and js-sdk work together, which checks the test setup", async (t) => {
    const { frame } = await theirHost(t, "/js-sdk-miniapp");
    const value = await frame.evaluate(
      (custom) => appboxoSDK.sendPromise(custom, { type: "echo", payload: { sku: 1 } }),
      custom,
    );
    assert.deepEqual(value, { sku: 1 });
  });
});
