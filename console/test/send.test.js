// Sending as an app and testing receivers, in a real browser against a real server.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, describe, it } from "node:test";
import { HOSTILE } from "./support/answers.js";
import { call, open, settled, skip, until, world } from "./support/world.js";

/** Writes into fields as a person does, and sends the form. */
async function fill(page, values) {
  await page.waitForSelector(`main [name="${Object.keys(values)[0]}"]`);
  await page.evaluate((values) => {
    for (const [name, value] of Object.entries(values)) {
      const field = document.querySelector(`main [name="${name}"]`);
      if (field.type === "checkbox") field.checked = value;
      else field.value = value;
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
  }, values);
  await page.click("main form button[type=submit]");
}

const main = (page) => page.$eval("main", (main) => main.textContent);
const has = (page, text) =>
  page.waitForFunction((text) => document.querySelector("main")?.textContent.includes(text), { timeout: 20_000 }, text);

describe("sending and testing", { skip, timeout: 180_000 }, () => {
  const w = world();
  let receiver, url;

  before(async () => {
    // Every text of it tries to be markup.
    receiver = createServer((request, response) => {
      request.resume();
      const status = request.url.includes("/bad") ? 500 : 200;
      response.writeHead(status, { "content-type": "application/json", "x-hostile": '"><svg onload=window.hit=1>' });
      response.end(
        JSON.stringify({ said: HOSTILE.filter((text) => text !== "\ud800"), exact: "NUMBER" }).replace(
          '"NUMBER"',
          "1.0",
        ),
      );
    });
    await new Promise((resolve) => receiver.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${receiver.address().port}`;
    await call(w, "PATCH", "/api/v1/apps/mailer", { receiver_url: `${url}/exchanges` });
    await call(w, "POST", "/api/v1/apps", { name: "tested", url });
    await call(w, "POST", "/api/v1/links", { host: "shop", miniapp: "mailer" });
  });
  after(() => {
    receiver?.closeAllConnections();
    receiver?.close();
  });
  const clean = async (page) => {
    assert.deepEqual(await page.evaluate(() => [window.hit ?? 0, window.violations, document.title.includes("<")]), [
      0,
      [],
      false,
    ]);
    assert.deepEqual(page.faults, []);
  };

  it("an event is sent as an app, and its story has the mark of a test", async (t) => {
    const page = await open(w, t, "/try?app=shop");
    const body = '{"n": 12345678901234567890, "x": 1.0}';
    await fill(page, { name: "order-paid", body, headers: "x-order: 42" });
    await page.waitForFunction(() => /\/events\/evt_\w+$/.test(location.pathname));
    await settled(page);
    assert.deepEqual(
      await page.$$eval("h1 ~ *, .head *", (all) =>
        all.filter((one) => one.className === "tag").map((one) => one.textContent),
      ),
      ["test"],
    );
    await has(page, "mailer");
    const id = new URL(page.url()).pathname.split("/").at(-1);
    const stored = await fetch(`${w.api}/api/v1/events/${id}`, { headers: { authorization: `Bearer ${w.token}` } });
    const text = await stored.text();
    assert.ok(text.includes(body), `as it was written: ${text}`);
    const { via, test, headers } = JSON.parse(text);
    assert.deepEqual([via, test, headers], ["console", true, { "x-order": "42" }]);
    // A copy of it, changed and not as a test.
    await page.goto(`${w.origin}/try?event=${id}`);
    await settled(page);
    assert.equal(await page.$eval("[name=body]", (field) => field.value), body);
    await fill(page, { body: "{", test: false });
    await has(page, "no JSON");
    await fill(page, { body: '{"copy":true}' });
    await page.waitForFunction(
      (id) => /\/events\/evt_\w+$/.test(location.pathname) && !location.pathname.endsWith(id),
      {},
      id,
    );
    await settled(page);
    assert.equal(await page.$(".head .tag, h1 .tag"), null);
    await clean(page);
  });

  it("an exchange shows its answer as it came, and why there is none", async (t) => {
    const page = await open(w, t, "/try?tab=exchange");
    await fill(page, { app: "shop", to: "mailer", body: '{"event_type": "basket", "payload": 1.0}' });
    await has(page, '"exact":1.0');
    await has(page, HOSTILE[0]);
    const command = await page.$eval(".commands", (all) => all.textContent);
    assert.ok(command.includes("footbridge exchange send shop mailer basket --payload 1.0 --test"), command);
    const story = await page.$eval('main a[href*="/exchanges/exc_"]', (link) => link.getAttribute("href"));
    await fill(page, { direction: "to_host", app: "shop", to: "mailer" });
    await has(page, "403");
    await clean(page);
    await page.goto(w.origin + story);
    await settled(page);
    assert.match(await main(page), /basket/);
    await clean(page);
  });

  it("a hook and a receiver are tested, good ones and failing ones, and what they say is text", async (t) => {
    const hooks = {};
    for (const name of ["good", "bad"]) {
      const hook = { app: "tested", pattern: `shop/${name}`, route: `/${name}` };
      hooks[name] = (await call(w, "POST", "/api/v1/hooks", hook)).id;
    }
    const page = await open(w, t, `/hooks?id=${hooks.good}`);
    await page.evaluate(() =>
      [...document.querySelectorAll("main a")].find((a) => a.textContent === "Test it…").click(),
    );
    await page.waitForFunction(() => location.pathname === "/apps/tested");
    await settled(page);
    await page.waitForSelector("[name=target]");
    assert.equal(await page.$eval("[name=target]", (field) => field.value), hooks.good);
    await fill(page, { body: '{"n": 1.0}' });
    await has(page, "The receiver answered 200: a delivery would be done.");
    await has(page, '"body":{"n": 1.0}');
    await has(page, HOSTILE[1]);
    await has(page, "x-hostile");
    assert.match(await main(page), /address 127\.0\.0\.1/);
    assert.match(await main(page), /v1,\S{8}…/, "the signature is shortened");
    await fill(page, { target: hooks.bad });
    await has(page, "A delivery would be tried again.");
    await clean(page);
    await page.goto(`${w.origin}/apps/mailer?tab=receiver`);
    await settled(page);
    await fill(page, { body: "" });
    await has(page, "the sender of an exchange would get it");
    await clean(page);
    assert.equal((await call(w, "GET", `/api/v1/deliveries?hook=${hooks.good}`)).data.length, 0, "nothing is stored");
  });

  it("fourteen probes show what a receiver lacks, with advice and code", async (t) => {
    const page = await open(w, t, "/receiver-test");
    await fill(page, { url: `${url}/good`, app: "tested", name: "order-paid" });
    await has(page, "of 14 are not as they should be");
    assert.equal(await page.$$eval("tbody tr", (rows) => rows.length), 14);
    const rows = await page.$$eval("tbody tr", (all) =>
      all.map((row) => [row.dataset.id, row.textContent, row.querySelector("pre")?.textContent ?? ""]),
    );
    const failed = rows.filter(([, , code]) => code).map(([n]) => Number(n));
    // It takes everything: what it should refuse are the probes that fail.
    assert.deepEqual(failed, [4, 5, 6, 9, 13]);
    assert.match(rows[3][1], /Anybody could send events to it/);
    assert.match(rows[3][2], /timingSafeEqual/);
    assert.ok(rows[0][1].includes("<img src=x onerror=window.hit=1>"), rows[0][1]);
    // The address has the test, so a colleague sees the same.
    const colleague = await open(w, t, new URL(page.url()).pathname + new URL(page.url()).search);
    await has(colleague, "of 14 are not as they should be");
    await clean(colleague);
    await colleague.close();
    await fill(page, { url: `${url}/bad` });
    await until("the other test", async () => (await main(page)).includes("1 of 14"));
    await fill(page, { url: "ftp://example" });
    await has(page, "url");
    await clean(page);
  });
});
