// The console in a real browser, with the real program.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HOSTILE } from "./support/answers.js";
import { SETUP } from "./support/setup-answers.js";
import { call, open, settled, signIn, skip, until, world } from "./support/world.js";

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; " +
  "form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

/** The screens, with an address for each. */
const screens = (w) => [
  "/",
  "/tail",
  "/events",
  `/events/${w.events[0]}`,
  "/deliveries",
  `/deliveries/${w.dead}`,
  "/exchanges",
  "/reference",
  "/reference?op=apps_create",
  "/help",
  "/nowhere",
  ...SETUP,
];

const rows = (page) => page.$$eval("tbody tr", (all) => all.map((row) => row.dataset.id));
const heading = (page) => page.$eval("h1", (h1) => h1.textContent);

describe("the console", { skip, timeout: 300_000 }, () => {
  const w = world();

  it("has its policy at every address, breaks it nowhere, and asks only for what the API describes", async (t) => {
    const { paths } = await (await fetch(`${w.api}/openapi.json`)).json();
    const known = Object.keys(paths).map((path) => new RegExp(`^${path.replace(/\{\w+\}/g, "[^/]+")}$`));
    const unknown = new Set();
    for (const path of screens(w)) {
      const page = await open(w, t, path, { canned: true });
      const answer = page.answer.headers();
      assert.equal(answer["content-security-policy"], POLICY, path);
      assert.deepEqual([page.faults, await page.evaluate(() => window.violations)], [[], []], path);
      for (const url of page.requests) {
        const asked = new URL(url).pathname;
        if (asked.startsWith("/api/") && !known.some((one) => one.test(asked))) unknown.add(asked);
      }
      await page.close();
    }
    assert.deepEqual([...unknown], []);
  });

  it("shows texts that try to be markup as texts", async (t) => {
    for (const [place, id] of w.events.entries()) {
      const text = HOSTILE[w.events.length - 1 - place];
      const page = await open(w, t, `/events/${id}`);
      await page.waitForSelector(".tree");
      const shown = await page.$eval(".tree", (tree) => tree.textContent);
      const written = JSON.stringify(text).slice(1, -1);
      assert.ok(shown.includes(text) || shown.includes(written), `${written} in ${shown}`);
      const found = await page.evaluate(() => [
        window.hit ?? 0,
        document.title,
        document.querySelectorAll("main img, main script, main svg[onload]").length,
      ]);
      assert.deepEqual(found, [0, "order-paid · Footbridge", 0]);
      assert.deepEqual(page.faults, []);
      await page.close();
    }
    for (const text of HOSTILE) {
      const page = await open(w, t, `/events?q=${encodeURIComponent(text.toWellFormed?.() ?? text)}`);
      assert.deepEqual([await page.evaluate(() => window.hit ?? 0), page.faults], [0, []], text);
      await page.close();
    }
    const page = await open(w, t, `/deliveries/${w.dead}`);
    assert.equal(await page.evaluate(() => window.hit), undefined);
  });

  it("shows such texts on every screen, in every member of every answer", async (t) => {
    const shown = new Set();
    let places = 0;
    for (const path of screens(w)) {
      const page = await open(w, t, path, { canned: "hostile" });
      const found = await page.evaluate((texts) => {
        const within = document.body.textContent;
        return {
          hit: window.hit ?? 0,
          title: document.title,
          made: document.querySelectorAll("body :is(img, script, iframe, object, embed, [onload], [onerror])").length,
          links: [...document.querySelectorAll("[href], [src], [action]")]
            .map((one) => one.getAttribute("href") ?? one.getAttribute("src") ?? one.getAttribute("action"))
            .filter(
              (address) => /^\s*(javascript|data|vbscript):/i.test(address) && !address.startsWith("data:image/svg"),
            ),
          members: Object.keys(Object.prototype).length,
          texts: texts.filter((text) => within.includes(text)),
        };
      }, HOSTILE);
      const { texts, title, ...rest } = found;
      assert.deepEqual(rest, { hit: 0, made: 0, links: [], members: 0 }, path);
      assert.match(title, / · Footbridge$|^Footbridge$/, path);
      for (const text of texts) shown.add(text);
      places += texts.length > 0 ? 1 : 0;
      await page.close();
    }
    // A text with NUL or half a character cannot come in an answer of the server; payloads have those.
    assert.ok(shown.size >= HOSTILE.length - 2, `only these were seen: ${[...shown].join(" ")}`);
    assert.ok(places >= 25, `only ${places} screens showed one`);
  });

  it("keeps the view in the address: reload, back, forward, another browser", async (t) => {
    const page = await open(w, t, "/deliveries?since=1h&zone=local");
    const before = await rows(page);
    assert.equal(before.length, 2 * HOSTILE.length);
    await page.click("tbody tr:nth-child(3) a.row-link");
    await page.waitForFunction(() => location.pathname.startsWith("/deliveries/dlv_"));
    await settled(page);
    const [name, address] = [await heading(page), page.url()];
    assert.match(address, /since=1h&zone=local$/);
    await page.goBack();
    await page.waitForSelector("tbody tr");
    assert.deepEqual(await rows(page), before);
    await page.waitForFunction(() => document.activeElement.closest("tr"));
    assert.equal(
      await page.evaluate(() => document.activeElement.closest("tr").dataset.id),
      before[2],
      "the row has the focus again",
    );
    await page.goForward();
    await page.waitForFunction((name) => document.querySelector("h1")?.textContent === name, {}, name);
    await page.reload();
    await settled(page);
    assert.equal(await heading(page), name);
    const colleague = await signIn(w, await w.browser.createBrowserContext());
    t.after(() => colleague.close());
    assert.equal(new URL(colleague.url()).hash, "", "the code of the link does not stay in the address");
    await colleague.goto(address.replace(/\/dlv_\w+/, ""));
    await colleague.waitForSelector("tbody tr");
    assert.deepEqual(await rows(colleague), before);
  });

  it("retries a delivery with the keyboard alone, and gives the focus back", async (t) => {
    const page = await open(w, t, "/");
    const tries = async () => (await call(w, "GET", `/api/v1/deliveries/${w.dead}`)).attempts;
    const had = await tries();
    await page.keyboard.press("g");
    await page.keyboard.press("d");
    await page.waitForSelector("tbody tr");
    const place = (await rows(page)).indexOf(w.dead);
    for (let n = 0; n <= place; n += 1) await page.keyboard.press("j");
    await page.keyboard.press("Enter");
    await page.waitForFunction((id) => location.pathname.endsWith(id), {}, w.dead);
    await page.waitForSelector("button.main");
    await page.focus("button.main");
    await page.keyboard.press("r");
    await page.waitForSelector("dialog[open]");
    for (let n = 0; n < 10; n += 1) {
      if (await page.evaluate(() => document.activeElement?.textContent === "Retry")) break;
      await page.keyboard.press("Tab");
    }
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => !document.querySelector("dialog[open]"));
    await until("another attempt", async () => (await tries()) > had);
    assert.match(await page.evaluate(() => document.activeElement?.textContent ?? ""), /Retry/);
    assert.match(await page.$eval(".toasts", (toasts) => toasts.textContent), /done/);
  });

  it("uses single keys outside fields only, and not at all if a person says so", async (t) => {
    const page = await open(w, t, "/help");
    await page.keyboard.press("/");
    await page.keyboard.type("g e?");
    assert.deepEqual(
      await page.evaluate(() => [document.activeElement.id, document.activeElement.value, location.pathname]),
      ["search", "g e?", "/help"],
    );
    await page.keyboard.press("Escape");
    await page.keyboard.press("Escape");
    await page.evaluate(() => localStorage.setItem("footbridge.keys", "off"));
    await page.reload();
    await settled(page);
    await page.keyboard.press("g");
    await page.keyboard.press("e");
    await page.keyboard.down("Control");
    await page.keyboard.press("k");
    await page.keyboard.up("Control");
    await page.waitForSelector("dialog[open] input");
    assert.equal(await page.evaluate(() => location.pathname), "/help");
    await page.keyboard.type(w.events[0]);
    await page.keyboard.press("Enter");
    await page.waitForFunction((id) => location.pathname === `/events/${id}`, {}, w.events[0]);
  });

  it("says what went wrong, and what it means, when the server does not answer", async (t) => {
    const page = await open(w, t, "/deliveries/dlv_0000000000000");
    assert.match(await page.$eval(".fault", (fault) => fault.textContent), /not_found/);
    assert.equal(await page.$eval(".fault a", (link) => link.getAttribute("href")), "/docs/errors/not_found");
    await page.setOfflineMode(true);
    await page.click(".fault button");
    await page.waitForFunction(() => document.querySelector(".fault")?.textContent.includes("no_answer"));
  });

  it("needs at most 40 requests for the first screen", async (t) => {
    const page = await open(w, t, "/", { canned: true });
    await page.waitForSelector(".plot svg");
    assert.ok(page.requests.length <= 40, `${page.requests.length} requests: ${page.requests.join(" ")}`);
  });
});
