// Attacks from other windows, from former miniapp windows, and from a miniapp itself.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { connect, mount, skip, world } from "./support/browser.js";

const custom = "AppBoxoWebAppCustomEvent";

/** Runs in an attacker's window: sends the host the messages of a miniapp, in both protocols. */
const forgeCalls = (target) => {
  const type = "appboxo-js-sdk";
  const params = { type: "echo", payload: "forged", request_id: 1 };
  target.postMessage({ handler: "AppBoxoWebAppCustomEvent", params, type }, "*");
  target.postMessage(
    { handler: "AppBoxoWebAppGetInitData", params: {}, type, footbridge: { wire: 1, nonce: "forged" } },
    "*",
  );
};

/** Runs in an attacker's window: answers every call that a miniapp could have made, and sends it a port. */
const forgeReplies = (target) => {
  for (let request_id = 1; request_id < 200; request_id++) {
    const data = { request_id, payload: "forged" };
    target.postMessage({ type: "appboxo-host-response", handler: "AppBoxoWebAppCustomEvent", data, request_id }, "*");
  }
  const { port1, port2 } = new MessageChannel();
  port1.postMessage({ event: { type: "news", payload: "forged" } });
  target.postMessage({ footbridge: 1, nonce: "forged", init: {} }, "*", [port2]);
};

const addFrame = async (it, page, url) => {
  await page.evaluate((url) => {
    const iframe = document.createElement("iframe");
    iframe.src = url;
    document.body.append(iframe);
  }, url);
  return it.frame(page, url);
};

describe("hostile windows", { skip, timeout: 60_000 }, () => {
  const it = world();

  for (const site of ["evil", "shop"])
    test(`a sibling frame of ${site === "evil" ? "another origin" : "the miniapp's own origin"} can neither send nor forge messages`, async (t) => {
      const page = await it.open(t, it.url("host", "/host"));
      const frame = await mount(it, page, it.url("shop", "/miniapp"));
      await connect(frame, { hostOrigin: it.origin("host") });
      const sibling = await addFrame(it, page, it.url(site, "/plain"));
      await page.evaluate(() => host.on("slow", () => new Promise((resolve) => (window.finish = resolve))));
      await frame.evaluate(() => {
        window.answer = bridge.request("slow");
      });
      await page.waitForFunction(() => window.finish);

      await sibling.evaluate(`(${forgeCalls})(parent)`);
      await sibling.evaluate(`(${forgeReplies})(parent.frames[0])`);
      await page.waitForFunction(() => hostLog.warnings.length >= 2);
      await frame.waitForFunction(() => warnings.length >= 50);
      assert.deepEqual(await page.evaluate(() => hostLog.warnings[0]), {
        message: "message from another window ignored",
        expected: "the miniapp's frame",
        got: it.origin(site),
        missed: 0,
      });
      assert.equal(await frame.evaluate(() => warnings[0].expected), "the host's window");

      await page.evaluate(() => finish("genuine"));
      assert.equal(await frame.evaluate(() => answer), "genuine");
      assert.deepEqual(await frame.evaluate(() => receivedEvents), []);
      assert.deepEqual(await page.evaluate(() => hostLog.events.map(({ type }) => type)), ["slow"]);
      assert.deepEqual(await sibling.evaluate(() => receivedMessages), []);
    });

  test("forged replies do not reach a Footbridge miniapp in a web-sdk host", async (t) => {
    const page = await it.open(t, it.url("host", "/web-sdk-host"));
    const url = it.url("shop", "/miniapp");
    await page.evaluate((url) => {
      window.host = new Boxo.AppboxoWebSDK({ clientId: "superapp", appId: "shop", userId: "u" });
      host.onEvent("slow", () => new Promise((resolve) => (window.finish = resolve)));
      host.mount({ container: "#m", url });
    }, url);
    const frame = await it.frame(page, url);
    await connect(frame, { hostOrigin: it.origin("host") });
    const sibling = await addFrame(it, page, it.url("evil", "/plain"));
    await frame.evaluate(() => {
      window.answer = bridge.request("slow");
    });
    await page.waitForFunction(() => window.finish);
    await sibling.evaluate(`(${forgeReplies})(parent.frames[0])`);
    await frame.waitForFunction(() => warnings.length >= 50);
    await page.evaluate(() => finish({ genuine: true }));
    assert.deepEqual(await frame.evaluate(() => answer), { genuine: true });
    assert.deepEqual(await frame.evaluate(() => receivedEvents), []);
  });

  test("an opener can neither send nor forge messages", async (t) => {
    const opener = await it.open(t, it.url("evil", "/plain"));
    const opened = new Promise((resolve) => opener.once("popup", resolve));
    await opener.evaluate(
      (url) => {
        window.victim = window.open(url);
      },
      it.url("host", "/host"),
    );
    const page = await opened;
    t.after(() => page.close());
    await page.waitForFunction(() => window.there);
    const frame = await mount(it, page, it.url("shop", "/miniapp"));
    await connect(frame, { hostOrigin: it.origin("host") });
    await opener.evaluate(`(${forgeCalls})(victim)`);
    await opener.evaluate(`(${forgeReplies})(victim.frames[0])`);
    await page.waitForFunction(() => hostLog.warnings.length >= 2);
    await frame.waitForFunction(() => warnings.length >= 50);
    assert.equal(await frame.evaluate(() => bridge.request("echo", 1)), 1);
    assert.equal(await page.evaluate(() => hostLog.events.length), 1);
    assert.deepEqual(await opener.evaluate(() => receivedMessages), []);
  });

  for (const path of ["/miniapp", "/js-sdk-miniapp"])
    test(`a frame that navigated away gets no event and no answer (${path})`, async (t) => {
      const page = await it.open(t, it.url("host", "/host"));
      const frame = await mount(it, page, it.url("shop", path));
      await page.evaluate(() =>
        host.on("slow", (_, { signal }) => new Promise((resolve) => (window.finish = resolve))),
      );
      if (path === "/miniapp") {
        await connect(frame, { hostOrigin: it.origin("host") });
        await frame.evaluate(() => void bridge.request("slow").catch(() => {}));
      } else await frame.evaluate((custom) => void appboxoSDK.sendPromise(custom, { type: "slow" }), custom);
      await page.waitForFunction(() => window.finish);

      const away = it.url("evil", "/plain");
      await page.evaluate((away) => {
        hostLog.iframe.src = away;
      }, away);
      const evil = await it.frame(page, away);
      await page.evaluate(() => {
        finish("secret");
        host.emit("news", "secret");
        hostLog.iframe.contentWindow.postMessage("last", "*");
      });
      await evil.waitForFunction(() => receivedMessages.includes("last"));
      assert.deepEqual(await evil.evaluate(() => receivedMessages), ["last"]);
      // Its messages are ignored too, although the window is the right one.
      await evil.evaluate(`(${forgeCalls})(parent)`);
      await page.waitForFunction(() => hostLog.warnings.length >= 2);
      assert.deepEqual(await page.evaluate(() => hostLog.warnings[0]), {
        message: "message from another origin ignored",
        expected: it.origin("shop"),
        got: it.origin("evil"),
        missed: 0,
      });
      assert.equal(await page.evaluate(() => hostLog.events.filter(({ type }) => type === "echo").length), 0);
    });

  test("the origin null is never accepted", async (t) => {
    const page = await it.open(t, it.url("host", "/host"));
    await mount(it, page, it.url("shop", "/early"), { sandbox: "allow-scripts" });
    await page.waitForFunction(() => hostLog.warnings.length === 1);
    const [warning] = await page.evaluate(() => hostLog.warnings);
    assert.match(warning.got, /^null: a sandbox without "allow-same-origin"\?$/);
    for (const origin of ["null", "*", "https://shop.example/app", "shop.example", "file:///x"]) {
      const message = await page.evaluate((origin) => {
        try {
          new sdk.MiniappHost({ iframe: hostLog.iframe, origin });
        } catch (e) {
          return e.message;
        }
      }, origin);
      assert.match(message, /^origin must be one origin such as/);
    }
  });

  test("a Footbridge miniapp sends nothing to a page that is not its host and fails at once", async (t) => {
    const page = await it.open(t, it.url("evil", "/plain"));
    const frame = await addFrame(it, page, it.url("shop", "/miniapp"));
    const ask = (hostOrigin) =>
      frame.evaluate((hostOrigin) => sdk.connect({ hostOrigin }).catch((e) => [e.name, e.message]), hostOrigin);
    assert.deepEqual(await ask(it.origin("host")), [
      "NoHostError",
      `this page is embedded by ${it.origin("evil")}, not by ${it.origin("host")}`,
    ]);
    assert.deepEqual((await ask("*"))[0], "TypeError");
    assert.deepEqual((await ask(undefined))[0], "TypeError");
    assert.deepEqual(await page.evaluate(() => receivedMessages), []);
    // No host answers.
    const late = await frame.evaluate(
      (hostOrigin) => sdk.connect({ hostOrigin, timeout: 50 }).catch((e) => e.message),
      it.origin("evil"),
    );
    assert.match(late, /^no host at http:\/\/evil.test:\d+ answered within 50 ms: no MiniappHost for http:/);
    const top = await it.open(t, it.url("shop", "/miniapp"));
    assert.equal(
      await top.evaluate(() => sdk.connect({ hostOrigin: "https://host.example" }).catch((e) => e.message)),
      "this page is not in a host's frame",
    );
  });

  test("only plain data passes, and no key changes a prototype", async (t) => {
    const page = await it.open(t, it.url("host", "/host"));
    const frame = await mount(it, page, it.url("shop", "/js-sdk-miniapp"));
    await page.evaluate(() => {
      // A handler that checks nothing.
      const merge = (into, from) => {
        for (const key in from)
          into[key] = Object(from[key]) === from[key] ? merge(into[key] ?? {}, from[key]) : from[key];
        return into;
      };
      host.on("merge", (payload) => Object.keys(merge({}, payload)));
    });
    const ask = (type, make) =>
      frame.evaluate(
        (custom, type, make) =>
          appboxoSDK.sendPromise(custom, { type, payload: (0, eval)(`(${make})`)() }).then(
            (r) => r.payload,
            (e) => e.error_data.error_code,
          ),
        custom,
        type,
        String(make),
      );
    const keys = await ask("merge", () =>
      JSON.parse('{"a":1,"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}'),
    );
    assert.deepEqual(keys, ["a", "constructor"]);
    assert.equal(await page.evaluate(() => ({}).polluted), undefined);
    await page.waitForFunction(() => hostLog.warnings.length === 2);
    for (const name of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
      assert.equal(await ask(name, () => 1), 404);
      const other = await frame.evaluate(
        (name) => appboxoSDK.sendPromise(name, {}).catch((e) => e.error_data.error_code),
        name,
      );
      assert.equal(other, 404);
    }
    const refused = {
      400: [
        () => new Map([[1, 1]]),
        () => new Blob(["x"]),
        () => new Uint8Array(8),
        () => ({ big: 1n }),
        () => {
          let deep = [];
          for (let i = 0; i < 99; i++) deep = [deep];
          return deep;
        },
      ],
      413: [
        () => "x".repeat(300_000),
        () => {
          const all = new Array(4e9 / 2);
          return all;
        },
        () => {
          let bomb = ["x"];
          for (let i = 0; i < 50; i++) bomb = [bomb, bomb];
          return bomb;
        },
      ],
    };
    for (const [code, makes] of Object.entries(refused))
      for (const make of makes) assert.equal(await ask("echo", make), Number(code), String(make));
    assert.equal(
      await ask("echo", () => {
        const a = [];
        a.push(a);
        return a;
      }),
      400,
    );
  });

  for (const path of ["/miniapp", "/js-sdk-miniapp"])
    test(`10 000 messages in a second block neither the host nor another miniapp (${path})`, async (t) => {
      const page = await it.open(t, it.url("host", "/host"));
      const noisy = await mount(it, page, it.url("shop", path), { id: "noisy", on: [] });
      const quiet = await mount(it, page, it.url("quiet", "/miniapp"), { id: "quiet" });
      await connect(quiet, { hostOrigin: it.origin("host") });
      if (path === "/miniapp") await connect(noisy, { hostOrigin: it.origin("host") });
      await page.evaluate(() => {
        window.handled = 0;
        window.start = performance.now();
        noisy.on("ping", () => void handled++);
      });
      await noisy.evaluate((custom) => {
        const hail = () =>
          window.bridge
            ? bridge.send("ping", { n: 1 })
            : parent.postMessage(
                { handler: custom, params: { type: "ping", payload: { n: 1 } }, type: "appboxo-js-sdk" },
                "*",
              );
        const start = performance.now();
        let sent = 0;
        window.flood = new Promise((resolve) => {
          const more = () => {
            const due = Math.min(10_000, (performance.now() - start) * 10);
            while (sent < due) (hail(), sent++);
            if (sent < 10_000) setTimeout(more);
            else resolve(performance.now() - start);
          };
          more();
        });
      }, custom);
      const slowest = await quiet.evaluate(async () => {
        let slowest = 0;
        for (let i = 0; i < 20; i++) {
          const start = performance.now();
          await bridge.request("echo", i);
          slowest = Math.max(slowest, performance.now() - start);
        }
        return slowest;
      });
      // Milliseconds on an idle machine; with an unbounded queue it would take far longer than this.
      assert.ok(slowest < 5000, `the other miniapp waited ${slowest} ms`);
      await noisy.evaluate(() => flood);
      const [handled, warnings, seconds] = await page.evaluate(() => [
        handled,
        noisyLog.warnings.length,
        (performance.now() - start) / 1000,
      ]);
      assert.ok(handled >= 1000 && handled <= 1000 + 500 * seconds, `${handled} were handled in ${seconds} s`);
      assert.ok(warnings <= 50 + 10 * seconds, `${warnings} warnings in ${seconds} s`);
    });
});
