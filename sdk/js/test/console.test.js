// Console warnings for a page that has not set `onwarning`.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { skip, world } from "./support/browser.js";

describe("mistakes that the console tells", { skip, timeout: 60_000 }, () => {
  const it = world();

  /** A host page with a frame, and what its console said. */
  const open = async (t, origin) => {
    const page = await it.open(t, it.url("host", "/host"));
    const said = [];
    page.on("console", (message) => said.push(message.text()));
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
    return { said, connecting };
  };
  const seen = async (said, text) => {
    const end = Date.now() + 20_000;
    while (!said.some((line) => line.includes(text))) {
      assert.ok(Date.now() < end, `"${text}" is not among ${JSON.stringify(said)}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };

  test("a host with the wrong origin gets a console warning", async (t) => {
    const { said, connecting } = await open(t, it.origin("wrong"));
    await seen(
      said,
      `"message from another origin ignored","expected":"${it.origin("wrong")}","got":"${it.origin("shop")}"`,
    );
    const told = await connecting;
    assert.match(told, /answered within 6000 ms: no MiniappHost for http:..shop/);
  });

  test("a page without a MiniappHost gets a console warning", async (t) => {
    const { said, connecting } = await open(t);
    await seen(said, `"a frame has no MiniappHost","origin":"${it.origin("shop")}"`);
    assert.match(await connecting, /^no host at /);
  });
});
