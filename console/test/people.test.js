// Users, roles, tokens and sessions in a real browser with the real program.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { closed, fill, press, row, shows, tick, whole } from "./support/hand.js";
import { call, open, settled, skip, until, world } from "./support/world.js";

describe("people", { skip, timeout: 300_000 }, () => {
  const w = world();
  const named = async (kind, name) => {
    const { data } = await call(w, "GET", `/api/v1/${kind}?limit=250`);
    return data.find((one) => one.name === name || one.user === name);
  };

  /** A browser of its own that a link signs in. */
  async function browserOf(t, url) {
    const context = await w.browser.createBrowserContext();
    t.after(() => context.close());
    const page = await context.newPage();
    await page.goto(url);
    await page.waitForSelector(".frame");
    return page;
  }
  const linkFor = async (user) => (await call(w, "POST", "/api/v1/sign-in-links", { user })).url;

  it("make a user, who signs in by a link that is shown once and sees what the role allows", async (t) => {
    const page = await open(w, t, "/people?tab=users");
    await press(page, "Add a user…");
    await fill(page, "name", "ben");
    await fill(page, "display_name", "<b>Ben</b>");
    await (await page.waitForSelector('dialog[open] [name="role"]')).select("viewer");
    await fill(page, "password", "short");
    await press(page, "Add");
    await page.waitForSelector("dialog .fault");
    await fill(page, "password", "long enough for once");
    await press(page, "Add");
    await closed(page);
    const ben = await until("the user is there", () => named("users", "ben"));
    assert.deepEqual([ben.display_name, ben.role, ben.has_password], ["<b>Ben</b>", "viewer", true]);
    const line = await row(page, ben.id);
    assert.match(await page.$eval(line, (one) => one.textContent), /<b>Ben<\/b>/);
    await press(page, "Link…", line);
    await press(page, "Make the link");
    const link = await (await page.waitForSelector("dialog .secret code")).evaluate((one) => one.textContent);
    await press(page, "I stored it");
    await closed(page);
    assert.ok(!(await whole(page)).includes(link.split("#setup=")[1]));
    const theirs = await browserOf(t, link);
    assert.ok(!theirs.url().includes("#setup="), "the code leaves the address");
    await theirs.goto(`${w.origin}/people`);
    await settled(theirs);
    const tabs = await theirs.$$eval("main [role=tab]", (all) => all.map((one) => one.textContent));
    assert.deepEqual(tabs, ["Tokens", "Sessions"]);
    assert.deepEqual(page.faults, []);
  });

  it("make a role for some apps, and who gets it sees these only", async (t) => {
    const page = await open(w, t, "/people?tab=roles");
    await press(page, "Add a role…");
    await fill(page, "name", "desk");
    for (const permission of ["overview.read", "events.read", "apps.read"]) await tick(page, permission);
    await fill(page, "apps", "mailer");
    await press(page, "Add");
    await closed(page);
    const role = await until("the role is there", () => named("roles", "desk"));
    assert.deepEqual([role.apps, role.permissions.length, role.builtin], [["mailer"], 3, false]);
    assert.match(await page.$eval(await row(page, "desk"), (one) => one.textContent), /mailer/);
    assert.equal(await page.$$eval('tr[data-id="owner"] button', (all) => all.length), 0, "built-in roles stay");

    const ben = await named("users", "ben");
    const users = await open(w, t, "/people?tab=users");
    await press(users, "Change…", await row(users, ben.id));
    await (await users.waitForSelector('dialog[open] [name="role"]')).select("desk");
    await press(users, "Save");
    await closed(users);
    await until("the role is given", async () => (await named("users", "ben")).role === "desk");
    const theirs = await browserOf(t, await linkFor("ben"));
    await theirs.goto(`${w.origin}/apps`);
    await shows(theirs, "mailer");
    assert.doesNotMatch(await theirs.$eval("main tbody", (rows) => rows.textContent), /crm|shop/);
    // A link to somebody else's app shows that there is none, and neither a button nor a body.
    await theirs.goto(`${w.origin}/apps/shop`);
    await theirs.waitForSelector("main .fault");
    await theirs.goto(`${w.origin}/events/${w.events[0]}`);
    await settled(theirs);
    assert.equal(await theirs.evaluate(() => document.body.textContent.includes("onerror")), false, "no body");
  });

  it("make a token that is shown once, and is refused when it is removed", async (t) => {
    const page = await open(w, t, "/people?tab=tokens");
    await press(page, "Make a token…");
    await fill(page, "name", "backup <script>");
    await tick(page, "apps.read");
    await press(page, "Make");
    const shown = await page.waitForSelector("dialog .secret code");
    const token = await shown.evaluate((one) => one.textContent);
    assert.match(token, /^fbk_/);
    await press(page, "I stored it");
    await closed(page);
    const made = await until("the token is there", () => named("tokens", "backup <script>"));
    const line = await row(page, made.id);
    assert.ok(!(await whole(page)).includes(token), "the token is in the page after it was shown");
    const use = (path) => fetch(w.api + path, { headers: { authorization: `Bearer ${token}` } });
    assert.deepEqual([(await use("/api/v1/apps")).status, (await use("/api/v1/events")).status], [200, 403]);
    const audit = JSON.stringify(await call(w, "GET", "/api/v1/audit?limit=250"));
    assert.ok(audit.includes("api_token.create") && !audit.includes(token));
    await press(page, "Remove…", line);
    await page.waitForSelector("dialog[open]");
    if (await page.$("dialog[open] input")) await page.type("dialog[open] input", "backup <script>");
    await press(page, "Remove");
    await closed(page);
    assert.equal((await use("/api/v1/apps")).status, 401);
    assert.deepEqual(page.faults, []);
  });

  it("end the session of another browser, which is signed out at once and says so", async (t) => {
    const theirs = await browserOf(t, await linkFor("ben"));
    await theirs.goto(`${w.origin}/tail`);
    await theirs.waitForFunction(() => document.querySelector(".live")?.textContent === "live");
    const page = await open(w, t, "/people?tab=sessions");
    const { data } = await call(w, "GET", "/api/v1/sessions?limit=250");
    const newest = data.filter((one) => one.user === "ben").sort((a, b) => (a.made_at < b.made_at ? 1 : -1))[0];
    await press(page, "End…", await row(page, newest.id));
    await press(page, "End");
    await closed(page);
    // Nothing was pressed there: the open stream ends, and the page asks who this is.
    await theirs.waitForSelector(".sign-in", { timeout: 20_000 });
    assert.match(await theirs.$eval(".sign-in", (one) => one.textContent), /session has ended/);
    assert.match(theirs.url(), /\/tail$/, "the address stays, to go on from there");
  });
});
