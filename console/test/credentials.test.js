// The rotation of a credential in a real browser, with real requests that use the old and the new value.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { call, open, skip, world } from "./support/world.js";

const TOKEN = 'section[aria-label^="App token"]';

/** Presses a button of the dialog that is open, or of a part of the page. */
async function press(page, text, within = "dialog[open]") {
  const found = await page.waitForFunction(
    (text, within) =>
      [...document.querySelectorAll(`${within} button`)].find((one) => one.textContent === text && !one.disabled),
    {},
    text,
    within,
  );
  await found.asElement().click();
}

/** Chooses an overlap in the dialog that is open. */
async function choose(page, overlap) {
  const name = 'dialog[open] select[name="overlap"]';
  await page.waitForSelector(name);
  await page.select(name, overlap);
}

const shows = (page, text) =>
  page.waitForFunction((within, text) => document.querySelector(within)?.textContent.includes(text), {}, TOKEN, text);
const closed = (page) => page.waitForFunction(() => !document.querySelector("dialog[open]"));

/** Everything in the page that could hold a value. */
const whole = (page) =>
  page.evaluate(() =>
    [
      document.documentElement.outerHTML,
      ...[...document.querySelectorAll("input, textarea, select")].map((one) => one.value),
      location.href,
      document.title,
      JSON.stringify(history.state),
      JSON.stringify({ ...localStorage }),
      JSON.stringify({ ...sessionStorage }),
      ...performance.getEntries().map((one) => one.name),
    ].join("\n"),
  );

describe("the rotation of a credential", { skip, timeout: 180_000 }, () => {
  const w = world({ level: "trace" });

  it("shows the new value once, counts both in the overlap, and ends the old one early", async (t) => {
    const { token: old } = await call(w, "POST", "/api/v1/apps", { name: "turner" });
    /** Publishes with a token, and returns the status. */
    const use = async (token) => {
      const headers = { "x-bolt-app-token": token, "content-type": "application/json" };
      const answer = await fetch(`${w.api}/api/events/turned`, { method: "POST", headers, body: "{}" });
      return answer.status;
    };
    assert.equal(await use(old), 200);
    const page = await open(w, t, "/apps/turner?tab=credentials");
    await shows(page, `${old.slice(0, 8)}…`);
    await shows(page, "used 1×");

    await press(page, "Rotate…", TOKEN);
    await choose(page, "1h");
    await press(page, "Rotate");
    await page.waitForSelector("dialog .secret code");
    const made = await page.$eval("dialog .secret code", (one) => one.textContent);
    assert.match(made, /^fbt_.{43}$/);
    // The first try to leave without having stored it is answered by a warning.
    await page.keyboard.press("Escape");
    await page.waitForSelector("dialog .warn");
    await press(page, "I stored it");
    await closed(page);

    assert.deepEqual([await use(old), await use(old), await use(made)], [200, 200, 200]);
    await page.waitForFunction(
      (within) => {
        const [now, before] = ["> .row.soft", ".overlap"].map(
          (part) => document.querySelector(`${within} ${part}`)?.textContent ?? "",
        );
        return now.includes("used 1×") && before.includes("used 2×") && before.includes("ends in 59 min");
      },
      {},
      TOKEN,
    );
    await press(page, "Extend…", `${TOKEN} .overlap`);
    await choose(page, "7d");
    await press(page, "Extend");
    await closed(page);
    await shows(page, "ends in 6 d");

    await press(page, "End the old one now…", `${TOKEN} .overlap`);
    await press(page, "End the old one now");
    await closed(page);
    await page.waitForFunction((within) => !document.querySelector(`${within} .overlap`), {}, TOKEN);
    assert.deepEqual([await use(old), await use(made)], [401, 200]);

    const audit = await open(w, t, "/audit?object=app:turner");
    await audit.waitForFunction(() => document.querySelector("main tbody")?.textContent.includes("app.end_overlap"));
    const rows = await audit.$eval("main tbody", (body) => body.textContent);
    for (const action of ["app.rotate", "app.extend_overlap"]) assert.ok(rows.includes(action), rows);
    const { entries } = await (await page.createCDPSession()).send("Page.getNavigationHistory");
    const api = ["/api/v1/audit?limit=250", "/api/v1/apps/turner/credentials", "/api/v1/apps/turner"];
    const seen = [
      ...(await Promise.all([page, audit].map(whole))),
      ...[...page.requests, ...audit.requests, JSON.stringify(entries)],
      ...(await Promise.all(api.map(async (path) => JSON.stringify(await call(w, "GET", path))))),
    ];
    for (const text of seen) assert.ok(!text.includes(made) && !text.includes(old), text.slice(0, 200));
    assert.ok(!w.log.includes(made) && !w.log.includes(old), "the log has no value");
  });

  it("says that the use of a signing secret cannot be seen", async (t) => {
    await call(w, "POST", "/api/v1/apps/turner/credentials/signing_secret/rotate", { overlap: "24h" });
    const page = await open(w, t, "/apps/turner?tab=credentials");
    const signing = 'section[aria-label^="Signing secret"]';
    const text = await page.$eval(signing, (one) => one.textContent);
    assert.ok(text.includes("its use cannot be seen") && text.includes("Test the receiver"), text);
    assert.ok(!text.includes("used "), text);
  });
});
