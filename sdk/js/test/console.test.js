// Console warnings for a page that has not set `onwarning`.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { skip, world } from "./support/browser.js";

describe("mistakes that the console tells", { skip, timeout: 60_000 }, () => {
  const it = world();

  /** A host page with a frame, and its console messages. */
  const open = async (t, origin) => {
    const page = await it.open(t, it.url("host", "/host"));
    const lines = [];
    page.on("console", (message) => lines.push(message.text()));
    await page.evaluate(
      (src, origin) => {
        const iframe = document.createElement("iframe");
        iframe.src = src;
        document.body.append(iframe);
        if (origin) new sdk.MiniappHost({ iframe, origin });
      },
      it.url("shop", "/miniapp"),
      origin,
    );
    const frame = await it.frame(page, it.url("shop", "/miniapp"));
    const connecting = frame.evaluate(
      (hostOrigin) => sdk.connect({ hostOrigin, timeout: 6000 }).then(String, ({ message }) => message),
      it.origin("host"),
    );
    return { lines, connecting };
  };
  const seen = async (lines, text) => {
    const end = Date.now() + 20_000;
    while (!lines.some((line) => line.includes(text))) {
      assert.ok(Date.now() < end, `"${text}" is not among ${JSON.stringify(lines)}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };

  test("a host with the wrong origin gets a console warning", async (t) => {
    const { lines, connecting } = await open(t, it.origin("wrong"));
    await seen(
      lines,
      `"message from another origin ignored","expected":"${it.origin("wrong")}","got":"${it.origin("shop")}"`,
    );
    const reason = await connecting;
    assert.match(reason, /answered within 6000 ms: no MiniappHost for http:..shop/);
  });

  test("a page without a MiniappHost gets a console warning", async (t) => {
    const { lines, connecting } = await open(t);
    await seen(lines, `"a frame has no MiniappHost","origin":"${it.origin("shop")}"`);
    assert.match(await connecting, /^no host at /);
  });
});
