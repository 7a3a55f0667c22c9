// The path of an operator, in a real browser with the real program: an app, its credentials, a hook, its lane, recovery.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { call, open, settled, skip, until, world } from "./support/world.js";

/** Presses the button with this text, in the dialog if one is open. */
async function press(page, text) {
  const found = await page.waitForFunction(
    (text) => {
      const within = document.querySelector("dialog[open]") ?? document;
      return [...within.querySelectorAll("button, a.button")].find((one) => one.textContent === text && !one.disabled);
    },
    {},
    text,
  );
  await found.asElement().click();
}

/** Writes into the field of the open dialog, instead of what it has. */
async function fill(page, name, text) {
  const field = await page.waitForSelector(`dialog[open] [name="${name}"], main [name="${name}"]`);
  await field.click({ clickCount: 3 });
  await field.type(text);
}

const said = (page, text) =>
  page.waitForFunction((text) => document.querySelector(".toasts")?.textContent.includes(text), {}, text);
const shows = (page, text) =>
  page.waitForFunction((text) => document.querySelector("main")?.textContent.includes(text), {}, text);
const closed = (page) => page.waitForFunction(() => !document.querySelector("dialog[open]"));

describe("the path of an operator", { skip, timeout: 300_000 }, () => {
  const w = world();

  it("adds an app, whose credentials are shown once and never again", async (t) => {
    const page = await open(w, t, "/apps");
    await press(page, "Add an app…");
    await fill(page, "name", "packer");
    await fill(page, "url", w.api);
    await press(page, "Add");
    await page.waitForSelector("dialog .secret");
    const secrets = await page.$$eval("dialog .secret code", (all) => all.map((one) => one.textContent));
    assert.ok(secrets.length >= 2 && secrets.every((one) => one.length > 10), `${secrets}`);
    // The first try to leave without having stored them is answered by a warning.
    await page.keyboard.press("Escape");
    await page.waitForSelector("dialog .warn");
    await press(page, "I stored it");
    await page.waitForFunction(
      () => location.pathname === "/apps/packer" && document.querySelector("h1")?.textContent === "packer",
    );
    await settled(page);
    const whole = await page.evaluate(
      () => document.documentElement.outerHTML + location.href + JSON.stringify(history.state),
    );
    for (const secret of secrets) assert.ok(!whole.includes(secret));
    assert.equal((await call(w, "GET", "/api/v1/apps/packer")).url, w.api);
    assert.deepEqual(page.faults, []);
  });

  it("changes, disables and removes an app; removal wants the name typed", async (t) => {
    const page = await open(w, t, "/apps/packer");
    await press(page, "Settings…");
    await fill(page, "private", "box-closed");
    await press(page, "Save");
    await closed(page);
    assert.deepEqual((await call(w, "GET", "/api/v1/apps/packer")).private, ["box-closed"]);
    await press(page, "Disable…");
    await press(page, "Disable");
    await shows(page, "off");
    await press(page, "Remove…");
    await fill(page, "typed", "packe");
    await press(page, "Remove");
    assert.ok(await page.$("dialog[open] :invalid"), "a wrong name removes nothing");
    assert.equal((await call(w, "GET", "/api/v1/apps/packer")).enabled, false);
    await fill(page, "typed", "packer");
    await press(page, "Remove");
    await page.waitForFunction(() => location.pathname === "/apps");
    await said(page, "packer is removed");
  });

  it("adds, changes, disables and removes a hook, and says why a wrong one is refused", async (t) => {
    const page = await open(w, t, "/hooks");
    await press(page, "Add a hook…");
    await fill(page, "app", "mailer");
    await fill(page, "pattern", "shop/order/sent");
    await fill(page, "route", "/good");
    await press(page, "Add");
    await page.waitForSelector("dialog .fault");
    await fill(page, "pattern", "shop/order-sent");
    await press(page, "Add");
    await page.waitForFunction(() => /^\?id=hook_/.test(location.search));
    const id = new URL(page.url()).searchParams.get("id");
    const hook = () => call(w, "GET", `/api/v1/hooks/${id}`);
    assert.equal((await hook()).event, "order-sent");
    await press(page, "Change…");
    await (await page.waitForSelector('dialog[open] [name="ordered"]')).click();
    await press(page, "Save");
    await closed(page);
    assert.equal((await hook()).ordered, true);
    await press(page, "Disable…");
    await press(page, "Disable");
    await until("the hook is off", async () => !(await hook()).enabled);
    await closed(page);
    await press(page, "Remove…");
    await press(page, "Remove");
    await page.waitForFunction(() => location.pathname === "/hooks" && !location.search);
    await assert.rejects(hook(), /404/);
  });

  it("pauses and resumes a lane with a reason, and the audit names both", async (t) => {
    const { data } = await call(w, "GET", "/api/v1/hooks?app=mailer");
    const id = data[0].id;
    const lane = () => call(w, "GET", `/api/v1/lanes/${id}`);
    const page = await open(w, t, `/hooks?id=${id}`);
    await press(page, "Pause…");
    await fill(page, "reason", "<b>stock</b> count");
    await press(page, "Pause");
    await said(page, "The lane is paused");
    await shows(page, "<b>stock</b> count");
    assert.equal((await lane()).state, "paused");
    await press(page, "Resume…");
    await press(page, "Resume");
    await said(page, "The lane moves again");
    assert.equal((await lane()).paused, null);
    const audit = await open(w, t, `/audit?object=hook:${id}`);
    await shows(audit, "lane.resume");
    assert.match(await audit.$eval("tbody", (rows) => rows.textContent), /lane\.pause/);
    assert.deepEqual(page.faults, []);
  });

  it("links a host and a miniapp in the matrix, and takes the link away", async (t) => {
    const page = await open(w, t, "/links");
    await press(page, "Add a link…");
    await fill(page, "host", "shop");
    await fill(page, "miniapp", "crm");
    await press(page, "Add");
    await closed(page);
    const cell = await page.waitForSelector(".matrix button");
    assert.match(await cell.evaluate((one) => one.ariaLabel), /shop and crm: on/);
    await cell.click();
    await press(page, "Disable…");
    await page.waitForFunction(() => document.querySelectorAll("dialog[open]").length === 2);
    await page.evaluate(() => [...document.querySelectorAll("dialog[open]")].at(-1).querySelector(".main").click());
    await until("the link is off", async () => !(await call(w, "GET", "/api/v1/links/shop/crm")).enabled);
    await call(w, "DELETE", "/api/v1/links/shop/crm");
  });

  it("explains who would get an event, in an address that can be passed on", async (t) => {
    const page = await open(w, t, "/explain");
    await fill(page, "app", "shop");
    await fill(page, "name", "order-paid");
    await press(page, "Explain");
    await shows(page, "2 would get it");
    assert.match(page.url(), /app=shop&name=order-paid/);
    const other = await open(w, t, page.url().slice(w.origin.length));
    await shows(other, "2 would get it");
  });

  it("draws the map from real traffic, and its table has the same pairs", async (t) => {
    const page = await open(w, t, "/map");
    await page.waitForSelector(".map .curve");
    const pairs = await page.$$eval("main tbody tr", (all) => all.map((row) => row.dataset.id.split(" ")[0]));
    const drawn = new Set(pairs);
    assert.ok(drawn.has("shop~crm") && drawn.has("shop~mailer"), pairs.join(" "));
    assert.equal((await page.$$(".map .curve")).length, drawn.size);
    await page.$eval(".map .said", (node) => node.focus());
    await page.keyboard.press("ArrowRight");
    assert.match(await page.evaluate(() => document.activeElement.getAttribute("aria-label")), /hears/);
  });
});
