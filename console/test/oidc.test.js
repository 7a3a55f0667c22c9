// The sign-in at a real provider of OpenID Connect, through its own pages.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { press } from "./support/hand.js";
import { provider } from "./support/provider.js";
import { call, signIn, skip, until, world } from "./support/world.js";

const CALLBACK = "/api/v1/oidc/callback";

describe("the sign-in at a provider", { skip, timeout: 300_000 }, () => {
  const idp = provider();
  before(() => idp.listen());
  const w = world({
    more: () => `[oidc]
issuer = "${idp.issuer}"
client_id = "footbridge"
client_secret = "a-secret+of:at-least-32-characters"
name = "the office"
scopes = ["profile", "email", "groups"]
roles = ["admins = owner", "staff = viewer"]
`,
  });
  after(() => idp.close());

  const ana = (more) => {
    const mail = { email: "ana@example.com", email_verified: true };
    idp.users = { 77: { name: "Ana Lee", preferred_username: "ana", ...mail, ...more } };
  };
  const serve = (options) => idp.serve(w.origin + CALLBACK, options);

  /** A browser without any session. */
  async function fresh(t) {
    const context = await w.browser.createBrowserContext();
    t.after(() => context.close());
    return context.newPage();
  }

  /** Goes through the pages of the provider until they lead back. */
  async function agree(page) {
    while (page.url().startsWith(idp.issuer)) {
      if (await page.$('input[name="login"]')) {
        await page.type('input[name="login"]', "77");
        await page.type('input[name="password"]', "any");
      }
      await Promise.all([page.waitForNavigation(), page.click('button[type="submit"]')]);
    }
  }

  /** Begins at this address of the console, and goes through the provider. */
  async function goThrough(page, path = "/events?q=app:shop") {
    await page.goto(w.origin + path);
    const link = await page.waitForSelector(".sign-in a.button.wide");
    assert.equal(await link.evaluate((one) => one.textContent), "Sign in with the office");
    await Promise.all([page.waitForNavigation(), link.click()]);
    await agree(page);
    return page;
  }
  const who = (page) => page.evaluate(() => fetch("/api/v1/session").then((answer) => answer.json()));
  /** True if the browser has a session; the page of a refusal asks nothing itself. */
  const hasSession = async (page) =>
    (await page.browserContext().cookies()).some(({ name, value }) => name === "fb_console" && value !== "");
  const said = (page) => page.$eval("body", (body) => body.textContent);

  /** Goes through the provider, but keeps what the browser would bring back: its address, and the cookie that waits. */
  async function stopBefore(t) {
    const page = await fresh(t);
    await page.goto(w.origin);
    await page.waitForSelector(".sign-in a.button.wide");
    let back;
    await page.setRequestInterception(true);
    page.on("request", (request) => {
      if (!request.url().startsWith(w.origin + CALLBACK)) return void request.continue();
      back = request.url();
      request.respond({ status: 200, contentType: "text/html", body: "stopped" });
    });
    await Promise.all([page.waitForNavigation(), page.click(".sign-in a.button.wide")]);
    await agree(page);
    const cookie = (await page.browserContext().cookies()).find(({ name }) => name === "fb_console_oidc");
    return { back: new URL(back), parts: cookie.value.split(".") };
  }
  /** Brings it back, perhaps changed. */
  async function bring({ back, parts }) {
    const headers = { cookie: `fb_console_oidc=${parts.join(".")}` };
    const answer = await fetch(back, { headers, redirect: "manual" });
    const cookies = answer.headers.getSetCookie().filter((set) => set.startsWith("fb_console="));
    return { status: answer.status, text: await answer.text(), signedIn: cookies.length > 0 };
  }

  for (const inToken of [false, true]) {
    const where = inToken ? "in the ID token" : "at the userinfo";
    it(`gives the role of the groups ${where}, and goes on where it began`, async (t) => {
      ana({ groups: ["staff", "others"] });
      serve({ inToken });
      const page = await goThrough(await fresh(t));
      await page.waitForFunction(() => location.pathname === "/events" && location.search.includes("app:shop"));
      const { user } = await who(page);
      assert.deepEqual([user.name, user.display_name, user.role], ["ana", "Ana Lee", "viewer"]);
    });
  }

  for (const alg of ["ES256", "EdDSA"]) {
    it(`takes ID tokens with ${alg}`, async (t) => {
      ana({ groups: ["admins"] });
      serve({ alg });
      assert.equal((await who(await goThrough(await fresh(t), "/"))).user.role, "owner");
    });
  }

  it("takes a token with a new key of the provider", async (t) => {
    ana({ groups: ["staff"] });
    idp.rotate();
    serve();
    // Keys are fetched anew when a token names an unknown one, though not more often than every few seconds.
    await until("the new key counts", async () => hasSession(await goThrough(await fresh(t), "/")));
  });

  it("refuses an ID token with the secret of the client as its key", async (t) => {
    ana({ groups: ["admins"] });
    serve({ alg: "HS256" });
    const page = await goThrough(await fresh(t), "/");
    assert.match(await said(page), /algorithm/);
    assert.equal(await hasSession(page), false);
  });

  it("refuses who has no group that a rule names, and names the claims without their values", async (t) => {
    serve();
    for (const groups of [["unknown-group"], undefined]) {
      ana({ groups });
      const page = await goThrough(await fresh(t), "/");
      const text = await said(page);
      assert.match(text, /nothing gives you a role here/);
      assert.match(text, /\[oidc\] roles/);
      assert.match(text, groups ? /has no value that a rule names/ : /is missing/);
      assert.ok(text.includes("`preferred_username`") && !/ana@example|unknown-group/.test(text), text);
      assert.equal(await hasSession(page), false);
    }
  });

  it("takes the role away with the group, at the next sign-in", async (t) => {
    serve();
    ana({ groups: ["admins"] });
    const first = await goThrough(await fresh(t), "/");
    assert.equal((await who(first)).user.role, "owner");
    ana({ groups: ["staff"] });
    const second = await goThrough(await fresh(t), "/");
    assert.equal((await who(second)).user.role, "viewer");
    assert.equal((await who(first)).user, undefined, "the session with the old role has ended");
    ana({ groups: [] });
    assert.match(await said(await goThrough(await fresh(t), "/")), /nothing gives you a role here/);
  });

  it("refuses what is of another sign-in: state, nonce, verifier, issuer, and a code that was used", async (t) => {
    ana({ groups: ["staff"] });
    serve();
    const changes = {
      state: (one) => one.back.searchParams.set("state", "x".repeat(43)),
      nonce: (one) => (one.parts[1] = "x".repeat(43)),
      verifier: (one) => (one.parts[2] = "x".repeat(43)),
      issuer: (one) => one.back.searchParams.set("iss", "https://id.example.com"),
      code: (one) => one.back.searchParams.set("code", "x".repeat(43)),
    };
    for (const [name, change] of Object.entries(changes)) {
      const one = await stopBefore(t);
      change(one);
      const { status, signedIn, text } = await bring(one);
      assert.ok([400, 403].includes(status) && !signedIn, `${name}: ${status} ${text}`);
    }
    const good = await stopBefore(t);
    assert.deepEqual(await bring(good).then(({ status, signedIn }) => [status, signedIn]), [302, true]);
    const again = await bring(good);
    assert.deepEqual([again.status, again.signedIn], [403, false], "a code is used once");
  });

  it("says so when somebody cancels at the provider", async (t) => {
    serve();
    const page = await fresh(t);
    await page.goto(w.origin);
    const link = await page.waitForSelector(".sign-in a.button.wide");
    await Promise.all([page.waitForNavigation(), link.click()]);
    const cancel = await page.$("a[href*=abort]");
    await Promise.all([page.waitForNavigation(), cancel.click()]);
    assert.match(await said(page), /the provider refused: access_denied/);
  });

  it("leaves the way by the admin token when the provider is down", async (t) => {
    idp.goDown();
    // What was fetched before is used for an hour, so only a code shows it.
    const page = await fresh(t);
    await page.goto(w.origin);
    const link = await page.waitForSelector(".sign-in a.button.wide");
    await Promise.all([page.waitForNavigation(), link.click()]);
    const context = await w.browser.createBrowserContext();
    t.after(() => context.close());
    const admin = await signIn(w, context);
    assert.equal((await who(admin)).user.name, "admin");
  });

  it("is tested from the settings, which changes nothing", async (t) => {
    ana({ groups: ["staff"], preferred_username: "tester" });
    serve();
    const context = await w.browser.createBrowserContext();
    t.after(() => context.close());
    const page = await signIn(w, context);
    const before = (await call(w, "GET", "/api/v1/users")).data;
    await page.goto(`${w.origin}/settings`);
    await Promise.all([
      page.waitForNavigation({ waitUntil: "load" }),
      press(page, "Test the sign-in with the office", "main"),
    ]);
    await agree(page);
    const text = await said(page);
    assert.match(text, /the role `viewer`.*`preferred_username`.*This was a test/s);
    assert.doesNotMatch(text, /tester|ana@example/);
    await page.goto(w.origin);
    assert.equal((await who(page)).user.name, "admin");
    assert.deepEqual((await call(w, "GET", "/api/v1/users")).data, before);
  });
});
