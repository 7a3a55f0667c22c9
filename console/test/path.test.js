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

/** Writes into the field of the open dialog, or of the screen if none is open, instead of what it has. */
async function fill(page, name, text) {
  const field = await page.waitForSelector(`:is(dialog[open], body:not(:has(dialog[open])) main) [name="${name}"]`);
  await field.click();
  await page.keyboard.down("Control");
  await page.keyboard.press("a");
  await page.keyboard.up("Control");
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

  it("recovers dead deliveries: what would happen, a job at a pace, its stop, what is left", async (t) => {
    const dead = async () => (await call(w, "GET", "/api/v1/deliveries?status=dead&limit=250")).data.length;
    const headers = { "x-bolt-app-token": w.shop, "content-type": "application/json" };
    for (let n = 0; n < 20; n += 1)
      await fetch(`${w.api}/api/events/order-paid`, { method: "POST", headers, body: `{"body":{"n":${n}}}` });
    const count = await until("all are dead", async () => {
      const pending = (await call(w, "GET", "/api/v1/deliveries?status=pending")).data.length;
      return pending === 0 && dead();
    });
    const page = await open(w, t, "/recover?q=status:dead to:crm");
    assert.equal(await page.$eval(".big", (one) => one.textContent), String(count));
    await shows(page, `503 ×${count}`);
    await shows(page, `order-paid ×${count}`);
    await fill(page, "pace", "2");
    await fill(page, "stop_after", "100");
    await fill(page, "reason", "<i>the receiver is back</i>");
    await press(page, `Retry ${count}`);
    await page.waitForFunction(() => location.pathname.startsWith("/recover/job_"));
    const id = new URL(page.url()).pathname.split("/").at(-1);
    const job = () => call(w, "GET", `/api/v1/jobs/${id}`);
    await until("it has begun", async () => (await job()).done > 0);
    await page.waitForFunction(() => Number(document.querySelector("progress")?.value) > 0);
    await press(page, "Stop…");
    await press(page, "Stop");
    const began = Date.now();
    const stopped = await until("it is stopped", async () => {
      const now = await job();
      return now.state === "stopped" && now;
    });
    assert.ok(Date.now() - began <= 2000, "it stops within two seconds");
    assert.ok(stopped.done < count, "not all were tried");
    await shows(page, "stopped");
    await shows(page, "<i>the receiver is back</i>");
    await press(page, "What is left…");
    await page.waitForFunction(() => location.pathname === "/recover" && document.querySelector(".big"));
    assert.match(page.url(), /kind=retry/);
    const [row] = (await call(w, "GET", "/api/v1/audit?action=job.*")).data;
    assert.deepEqual(row.object, { kind: "job", id }, "the audit has the job");
    assert.deepEqual(page.faults, []);
  });

  it("tries a change out without making it, then makes it", async (t) => {
    const [hook] = (await call(w, "GET", "/api/v1/hooks?app=crm")).data;
    await call(w, "PATCH", `/api/v1/hooks/${hook.id}`, { enabled: false });
    const enabled = async () => (await call(w, "GET", `/api/v1/hooks/${hook.id}`)).enabled;
    const page = await open(w, t, "/explain?app=shop&name=order-paid");
    await shows(page, "1 would get it");
    await press(page, "What if it were on?");
    await shows(page, "Would add: crm. Would lose: nobody.");
    assert.equal(await enabled(), false, "nothing is changed by asking");
    await press(page, "A hook…");
    await page.waitForSelector("dialog[open]");
    await fill(page, "app", "shop");
    await fill(page, "pattern", "*/order-paid");
    await press(page, "Try");
    await shows(page, "new hook */order-paid to shop /events");
    assert.match(page.url(), /with=hook~/);
    const other = await open(w, t, page.url().slice(w.origin.length));
    await shows(other, "new hook */order-paid to shop /events");
    await other.close();
    await page.bringToFront();
    await page.click('[aria-label^="Without: new hook"]');
    await shows(page, "Would add: crm. Would lose: nobody.");
    await press(page, "Do it…");
    await press(page, "Do it");
    await until("the hook is on", enabled);
    await shows(page, "2 would get it");
    assert.deepEqual(page.faults, []);
  });

  it("shows the settings in force with their source, and what the doctor finds", async (t) => {
    const page = await open(w, t, "/settings");
    const row = (key) => page.$eval(`tr[data-id="${key}"]`, (one) => [...one.cells].map((cell) => cell.textContent));
    assert.deepEqual(await row("retry.schedule"), ["retry.schedule", "1s", "file"]);
    assert.equal((await row("listen"))[2], "flag");
    const { settings } = await call(w, "GET", "/api/v1/settings");
    assert.equal((await page.$$("tbody tr")).length, settings.length, "all of them");
    assert.ok(!(await page.content()).includes(w.token), "a secret is never shown");
    await page.type('input[type="search"]', "retry");
    await page.waitForFunction(() =>
      [...document.querySelectorAll("tbody tr")].every((one) => /retry/.test(one.dataset.id)),
    );
    await page.click("#tab-doctor");
    const { data } = await call(w, "GET", "/api/v1/doctor");
    await page.waitForFunction((count) => document.querySelectorAll("tbody tr").length === count, {}, data.length);
    const shown = await page.$$eval("tbody tr", (rows) => rows.map((one) => one.dataset.id));
    assert.deepEqual(shown.toSorted(), data.map((one) => one.check).toSorted());
    assert.deepEqual(page.faults, []);
  });

  it("tries an operation of the API out, with the rights of the person", async (t) => {
    const page = await open(w, t, "/reference?find=apps_create");
    await page.click('a[href*="op=apps_create"]');
    await page.waitForFunction(() => document.querySelector("h1")?.textContent === "POST /api/v1/apps");
    const body = await page.$eval("textarea", (area) => JSON.parse(area.value));
    assert.deepEqual(Object.keys(body), ["name"], "the members that it needs");
    await fill(page, "(body)", '{"name":"by-hand"}');
    await press(page, "Send");
    await press(page, "Send it");
    await shows(page, "HTTP 201");
    assert.equal((await call(w, "GET", "/api/v1/apps/by-hand")).name, "by-hand");
    await page.$eval(".commands", (one) => (one.open = true));
    const curl = await page.$eval(".commands pre", (one) => one.textContent);
    assert.match(curl, /-X POST .*"Authorization: Bearer \$FOOTBRIDGE_ADMIN_TOKEN".*\{"name":"by-hand"\}/);
    const wrong = await open(w, t, "/reference?op=deliveries_show");
    await fill(wrong, "id", "dlv_0");
    await press(wrong, "Send");
    await shows(wrong, "HTTP 404");
    await call(w, "DELETE", "/api/v1/apps/by-hand");
    // An operation for apps needs their credential, which the console does not have.
    const foreign = await open(w, t, "/reference?op=post_event");
    await foreign.$eval(".commands", (one) => (one.open = true));
    assert.match(await foreign.$eval(".commands pre", (one) => one.textContent), /"X-Bolt-App-Token: \$TOKEN"/);
    assert.deepEqual([...page.faults, ...wrong.faults, ...foreign.faults], []);
  });
});
