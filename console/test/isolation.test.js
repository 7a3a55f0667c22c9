// A hostile app of the same server, against the console and against an app that knows its visitors.
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, before, it } from "node:test";
import { press, shows } from "./support/hand.js";
import { call, settled, skip, until, world } from "./support/world.js";

/** Remembers who asked for what, and shows the visitor. */
const DESK = `
const seen = [];
module.exports = (request, response) => {
  const path = request.url.split("?")[0];
  if (path === "/seen") return void response.end(JSON.stringify(seen));
  const from = new URL(request.url, "http://x").searchParams.get("from");
  seen.push({ from, method: request.method, user: request.user?.name ?? null, cookie: request.headers.cookie ?? "" });
  response.setHeader("content-type", "text/html");
  response.end("<title>desk</title><main>Hello " + (request.user?.name ?? "stranger") + "</main>" +
    "<script>fetch('?from=own-script-" + (from ?? "") + "')</script>");
};`;

/** Sets the console's cookie names, and tells what cookies it gets. */
const EVIL = `
module.exports = (request, response) => {
  response.setHeader("content-type", "text/html");
  const ours = ["fb_console=evil; Path=/", "fb_console_app=evil; Path=/", "__Host-fb=evil; Path=/; Secure"];
  response.setHeader("set-cookie", [...ours, "mine=1"]);
  response.end("<title>evil</title><pre>" + (request.headers.cookie ?? "") + "</pre>");
};`;

describe("a hostile app on the same server", { skip, timeout: 300_000 }, () => {
  const w = world({ apps: true });

  before(async () => {
    await install("desk", DESK, true);
    await install("evil", EVIL, false);
    await call(w, "POST", "/api/v1/users", { name: "ana", role: "owner" });
  });

  async function install(name, code, system) {
    const dir = join(w.home, name);
    await mkdir(dir);
    await writeFile(join(dir, "server.js"), code);
    const manifest = { name, version: "1.0.0", bolt: { main: "server.js", system } };
    await writeFile(join(dir, "package.json"), JSON.stringify(manifest));
    await call(w, "POST", "/api/apps/local", { path: dir });
  }

  /** A browser in which Ana is signed in to the console, with a page that shows it. */
  async function signedIn(t) {
    const context = await w.browser.createBrowserContext();
    t.after(() => context.close());
    const page = await context.newPage();
    await page.goto((await call(w, "POST", "/api/v1/sign-in-links", { user: "ana" })).url);
    await page.waitForSelector(".frame");
    return { context, console: page };
  }
  async function evilPage(context) {
    const page = await context.newPage();
    // The second time, so that what the app sets would be sent.
    await page.goto(`${w.api}/x/evil/`);
    await page.goto(`${w.api}/x/evil/`);
    return page;
  }
  const isSignedIn = (page) =>
    page.evaluate(() => fetch("/api/v1/session").then(async (answer) => answer.ok && (await answer.json()).user.name));
  const seen = () => fetch(`${w.api}/x/desk/seen`).then((answer) => answer.json());

  it("cannot read, set or send the cookie of the console, nor script it", async (t) => {
    const { context, console } = await signedIn(t);
    const evil = await evilPage(context);
    assert.equal(await evil.$eval("pre", (pre) => pre.textContent), "mine=1", "its server gets none of our cookies");
    assert.equal(await evil.evaluate(() => document.cookie), "mine=1");
    const cookies = await context.cookies();
    const ours = cookies.filter(({ name }) => /^(fb_|__Host-fb)/.test(name) && !name.startsWith("fb_page_"));
    const kinds = ours.map(({ name, httpOnly, sameSite }) => [name, httpOnly, sameSite]);
    assert.deepEqual(kinds, [["fb_console", true, "Strict"]]);

    const tried = await evil.evaluate(async (origin) => {
      const outcome = (promise) =>
        promise.then(
          (answer) => `${answer.type} ${answer.status}`,
          () => "refused",
        );
      const users = `${origin}/api/v1/users`;
      const headers = { "content-type": "application/json" };
      const user = JSON.stringify({ name: "mallory", role: "owner", password: "mallory mallory" });
      const include = { credentials: "include" };
      const frame = Object.assign(document.createElement("iframe"), { src: origin });
      document.body.append(frame);
      await new Promise((resolve) => (frame.onload = resolve));
      let framed = "read";
      try {
        frame.contentDocument.body.textContent.length;
        framed = frame.contentDocument.body.textContent === "" ? "empty" : "read";
      } catch {
        framed = "closed";
      }
      const opened = window.open(origin);
      await new Promise((resolve) => setTimeout(resolve, 300));
      let scripted = "read";
      try {
        opened?.document.body.append("x");
      } catch {
        scripted = "closed";
      }
      const form = Object.assign(document.createElement("form"), {
        method: "post",
        action: users,
        enctype: "text/plain",
        target: "_blank",
      });
      const name = `${user.slice(0, -1)},"email":"`;
      form.append(Object.assign(document.createElement("input"), { name, value: '"}' }));
      document.body.append(form);
      form.submit();
      return {
        read: await outcome(fetch(`${origin}/api/v1/session`, include)),
        json: await outcome(fetch(users, { ...include, method: "POST", body: user, headers })),
        plain: await outcome(fetch(users, { ...include, mode: "no-cors", method: "POST", body: user })),
        beacon: navigator.sendBeacon(users, user),
        framed,
        scripted,
      };
    }, w.origin);
    const outcomes = [tried.read, tried.json, tried.framed, tried.scripted];
    assert.deepEqual(outcomes, ["refused", "refused", "closed", "closed"]);
    await until("the form has been answered", async () => (await context.pages()).length > 2);
    assert.equal(await isSignedIn(console), "ana", "nothing of that signed anybody out");
    const { data } = await call(w, "GET", "/api/v1/users");
    assert.deepEqual(
      data.map(({ name }) => name),
      ["ana"],
    );

    // A script may set a cookie of the same name for a longer path. Then neither counts: nobody becomes somebody else.
    await evil.evaluate(() => {
      document.cookie = "fb_console=evil; path=/";
      document.cookie = "fb_console=evil; path=/api";
    });
    assert.equal(await isSignedIn(console), false);
    await evil.evaluate(() => (document.cookie = "fb_console=; path=/api; max-age=0"));
    assert.equal(await isSignedIn(console), "ana", "the cookie of the console itself could not be replaced");
  });

  it("cannot act as the visitor of another app, which gets to know the visitor by asking", async (t) => {
    const { context, console } = await signedIn(t);
    const page = await context.newPage();
    await page.goto(`${w.appsUrl}/x/desk/`);
    assert.match(await page.$eval("main", (main) => main.textContent), /stranger/);
    await page.goto(`${w.appsUrl}/login?success=/x/desk/%3Ffrom=login`);
    await shows(page, "System apps at this address learn who you are");
    assert.ok(page.url().startsWith(`${w.origin}/apps-sign-in?state=`), page.url());
    await press(page, "Continue as ana");
    await page.waitForFunction(() => document.title === "desk");
    assert.equal(page.url(), `${w.appsUrl}/x/desk/?from=login`);
    assert.match(await page.$eval("main", (main) => main.textContent), /Hello ana/);
    assert.equal(await page.evaluate(() => document.cookie), "");
    await until("its own script asked", async () => (await seen()).some(({ from }) => from === "own-script-login"));

    const evil = await evilPage(context);
    const there = await evil.evaluate(async (apps) => {
      const desk = (from) => `${apps}/x/desk/?from=evil-${from}`;
      const include = { credentials: "include" };
      await fetch(desk("cors"), include).catch(() => {});
      await fetch(desk("no-cors"), { ...include, mode: "no-cors" }).catch(() => {});
      await fetch(desk("post"), { ...include, mode: "no-cors", method: "POST", body: "x" }).catch(() => {});
      await new Promise((resolve) => {
        const image = new Image();
        image.onload = image.onerror = resolve;
        image.src = desk("image");
      });
      const frame = Object.assign(document.createElement("iframe"), { src: desk("frame") });
      document.body.append(frame);
      await new Promise((resolve) => (frame.onload = resolve));
      const how = { method: "post", action: desk("form"), target: "_blank" };
      const form = Object.assign(document.createElement("form"), how);
      document.body.append(form);
      form.submit();
      const opened = window.open(desk("window"));
      await new Promise((resolve) => setTimeout(resolve, 500));
      let scripted = "read";
      try {
        opened?.document.body.append("x");
      } catch {
        scripted = "closed";
      }
      // Under the name of the apps' origin, this app does not exist.
      const own = await fetch(`${apps}/x/evil/`, { mode: "no-cors" }).then((answer) => answer.type);
      return { scripted, own, cookie: document.cookie };
    }, w.appsUrl);
    assert.deepEqual([there.scripted, there.cookie], ["closed", "mine=1"]);
    assert.equal((await fetch(`${w.appsUrl}/x/evil/`)).status, 404);
    await until("the form came", async () => (await seen()).some(({ from }) => from === "evil-form"));
    const all = (await seen()).filter(({ from }) => from?.includes("evil-"));
    // What opens as a page of its own, which the user sees, acts as the user: the page of a link, the script of a page.
    const known = new Set(all.filter(({ user }) => user).map(({ from }) => from));
    const visible = ["evil-window", "own-script-evil-window", "own-script-evil-form"];
    assert.deepEqual([...known].filter((from) => !visible.includes(from)), []);
    for (const from of ["no-cors", "post", "image", "form"])
      assert.ok(all.some((one) => one.from === `evil-${from}`), `${from} did not arrive`);
    assert.ok(!all.some(({ from }) => from === "own-script-evil-frame"), "the frame stays empty");
    assert.ok((await seen()).every(({ cookie }) => !/fb_/.test(cookie)), "no app gets a cookie of ours");

    // Out in the console is out here.
    await console.evaluate(() =>
      fetch("/api/v1/session", { method: "DELETE", headers: { "content-type": "application/json" } }),
    );
    await page.reload();
    assert.match(await page.$eval("main", (main) => main.textContent), /stranger/);
    await settled(console).catch(() => {});
  });

  it("cannot sign the visitor out; the page for it asks, and ends the session everywhere", async (t) => {
    const { context, console } = await signedIn(t);
    const page = await context.newPage();
    await page.goto(`${w.appsUrl}/login?success=/x/desk/`);
    await press(page, "Continue as ana");
    await page.waitForFunction(() => document.title === "desk");
    const evil = await evilPage(context);
    await evil.evaluate(async (apps) => {
      await fetch(`${apps}/logout`, { method: "POST", mode: "no-cors", credentials: "include" }).catch(() => {});
      await fetch(`${apps}/logout`, { mode: "no-cors", credentials: "include" }).catch(() => {});
    }, w.appsUrl);
    assert.equal(await isSignedIn(console), "ana");
    await page.bringToFront();
    await page.goto(`${w.appsUrl}/logout?success=/x/desk/`);
    await Promise.all([page.waitForNavigation(), page.click("button")]);
    assert.equal(page.url(), `${w.appsUrl}/x/desk/`);
    assert.match(await page.$eval("main", (main) => main.textContent), /stranger/);
    assert.equal(await isSignedIn(console), false);
  });
});
