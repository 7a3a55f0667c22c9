// A real server with traffic, the console in front of it, and a real browser.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createServer as createSocket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before } from "node:test";
import { fileURLToPath } from "node:url";
import puppeteer from "puppeteer-core";
import { HOSTILE } from "./answers.js";
import { giveClock } from "./clock.js";
import { empty, FAILED, hostile, prepared } from "./states.js";

const program =
  process.env.FOOTBRIDGE_BIN ?? fileURLToPath(new URL("../../../target/debug/footbridge", import.meta.url));
const chromium = [
  process.env.CHROMIUM,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
].find((path) => path && existsSync(path));
if (!chromium && process.env.CI) throw new Error("no Chromium: install Debian's `chromium`, or name one in CHROMIUM");
/** The reason to skip these tests: a machine without a browser, except in CI, or no program. */
export const skip =
  (!chromium && "no Chromium: install Debian's `chromium`, or name one in CHROMIUM") ||
  (!existsSync(program) && `no ${program}: build it, or name one in FOOTBRIDGE_BIN`);

async function freePort() {
  const socket = createSocket();
  await new Promise((resolve) => socket.listen(0, "127.0.0.1", resolve));
  const { port } = socket.address();
  await new Promise((resolve) => socket.close(resolve));
  return port;
}

/** Calls `check` until it answers something. */
export async function until(what, check) {
  for (const end = Date.now() + 30_000; Date.now() < end;) {
    const found = await check();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`this did not happen within 30 s: ${what}`);
}

/** A receiver: below `/fail` it answers 503 with a text that tries to be markup. */
async function receiver() {
  const server = createServer((request, response) => {
    request.resume();
    const fails = request.url.includes("/fail");
    response.writeHead(fails ? 503 : 200, { "content-type": "text/html" });
    response.end(fails ? HOSTILE[0] : "{}");
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

/**
 * Starts everything for the tests of a file; a `fresh` server has no traffic, and nobody is signed in. `level` is how
 * much the program writes; what is more than errors is kept in `log`. With `apps`, installed apps are started, and learn
 * who visits them. `more` is called for further lines of the configuration.
 */
export function world({ fresh = false, level = "error", apps = false, more = () => "" } = {}) {
  const it = { receiver: undefined, browser: undefined, home: "", child: undefined, faults: [], level, log: "" };
  before(async () => {
    it.home = await mkdtemp(join(tmpdir(), "footbridge-console-test-"));
    it.receiver = await receiver();
    await configure(it, apps, more());
    await startServer(it);
    if (!fresh) await seed(it);
    it.browser = await puppeteer.launch({
      executablePath: chromium,
      args: ["--no-sandbox", "--disable-dev-shm-usage"],
    });
    if (!fresh) await signIn(it, it.browser);
  });
  after(async () => {
    await it.browser?.close();
    await stopServer(it);
    it.receiver?.closeAllConnections();
    it.receiver?.close();
    await rm(it.home, { recursive: true, force: true });
    // In all of the file's tests, also in those that look at something else.
    assert.deepEqual(it.faults, [], "errors of scripts, violations of the policy, or requests to other hosts");
  });
  return it;
}

/** Signs a browser in by a link, as `footbridge console` does. @returns the page that it leads to */
export async function signIn(it, browser) {
  const { url } = await call(it, "POST", "/api/v1/sign-in-links", {});
  const page = await browser.newPage();
  await page.goto(url);
  await page.waitForSelector(".frame");
  return page;
}

/** Chooses the addresses, which stay the same when the program starts again. */
async function configure(it, apps, more) {
  const [port, consolePort] = [await freePort(), await freePort()];
  const config = join(it.home, "footbridge.toml");
  // Another host name than that of the console.
  it.appsUrl = `http://localhost:${port}`;
  const visited = apps ? `apps_url = "${it.appsUrl}"\n` : "";
  const user = apps && process.getuid() === 0 ? '[runtime]\nuser = "root"\n' : "";
  const listen = `[console]\nlisten = "127.0.0.1:${consolePort}"\n${visited}`;
  const limits = `[retry]\nschedule = ["1s"]\n\n[limits]\nevent_body = "2MiB"\n`;
  await writeFile(config, `${listen}\n${limits}${user}${more}`);
  it.database = join(it.home, "fb.db");
  it.words = ["serve", "--config", config, "--listen", `127.0.0.1:${port}`, "--database", `sqlite:${it.database}`];
  it.api = `http://127.0.0.1:${port}`;
  it.origin = `http://127.0.0.1:${consolePort}`;
}

/** Stops the program in good order. */
export async function stopServer(it) {
  const child = it.child;
  if (!child || child.exitCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGINT");
  await ended;
}

/** Starts the program, and waits until it serves. */
export async function startServer(it) {
  it.child = spawn(program, it.words, {
    cwd: it.home,
    stdio: ["ignore", "ignore", it.level === "error" ? "inherit" : "pipe"],
    env: { RUST_LOG: it.level, PATH: process.env.PATH },
  });
  it.child.stderr?.setEncoding("utf8").on("data", (text) => (it.log += text));
  await until("the server is ready", () =>
    fetch(`${it.api}/readyz`).then(
      (answer) => answer.ok,
      () => false,
    ),
  );
  it.token = (await readFile(`${it.database}.admin-token`, "utf8")).trim();
}

/** An API call as the administrator. */
export async function call(it, method, path, body) {
  const headers = { authorization: `Bearer ${it.token}`, "content-type": "application/json" };
  const answer = await fetch(it.api + path, { method, headers, ...(body && { body: JSON.stringify(body) }) });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return answer.status === 204 ? null : answer.json();
}

/** Apps, hooks, events whose bodies try to be markup, and one delivery that is dead. */
async function seed(it) {
  const url = `http://127.0.0.1:${it.receiver.address().port}`;
  const shop = await call(it, "POST", "/api/v1/apps", { name: "shop", url });
  for (const name of ["mailer", "crm"]) await call(it, "POST", "/api/v1/apps", { name, url });
  await call(it, "POST", "/api/v1/hooks", { app: "mailer", pattern: "shop/order-paid", route: "/good" });
  await call(it, "POST", "/api/v1/hooks", { app: "crm", pattern: "shop/order-paid", route: "/fail" });
  for (const text of HOSTILE) {
    const body = { [text]: { text, list: [1, { text }] } };
    const headers = { "x-bolt-app-token": shop.token, "content-type": "application/json" };
    // A lone surrogate exists in JSON as an escape only.
    await fetch(`${it.api}/api/events/order-paid`, { method: "POST", headers, body: JSON.stringify({ body }) });
  }
  const dead = await until(
    "a delivery is dead",
    async () => (await call(it, "GET", "/api/v1/deliveries?status=dead")).data[0],
  );
  it.dead = dead.id;
  it.shop = shop.token;
  it.events = (await call(it, "GET", "/api/v1/events?publisher=shop")).data.map((event) => event.id);
}

/**
 * Opens a page that records what must not happen: violations of the policy, errors, requests elsewhere.
 * `canned` is how prepared answers look: true or "full", "empty", "failed", "hostile".
 */
export async function open(it, t, path, how = {}) {
  const { width = 1280, theme = "light", canned = false, signedOut = false, clock = false, within = it.browser } = how;
  const page = await within.newPage();
  t.after(() => page.isClosed() || page.close());
  page.faults = [];
  page.requests = [];
  const wrong = (text) => {
    page.faults.push(text);
    it.faults.push(`${path}: ${text}`);
  };
  page.on("pageerror", (error) => wrong(String(error)));
  page.on("console", (message) => /policy|trusted|violat/i.test(message.text()) && wrong(message.text()));
  page.on("request", (request) => {
    page.requests.push(request.url());
    if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(it.origin))
      wrong(`request to ${request.url()}`);
  });
  await page.evaluateOnNewDocument((theme) => {
    localStorage.setItem("footbridge.theme", theme);
    window.violations = [];
    document.addEventListener("securitypolicyviolation", (event) => {
      window.violations.push(`${event.violatedDirective} ${event.blockedURI}`);
      console.warn(`violation of the policy: ${event.violatedDirective} ${event.blockedURI}`);
    });
  }, theme);
  if (clock) await giveClock(page);
  await page.setViewport({ width, height: 900 });
  if (canned) await answerFrom(it, page, canned === true ? "full" : canned);
  if (signedOut) await refuseSession(page);
  page.answer = await page.goto(it.origin + path);
  await settled(page);
  return page;
}

/** Waits until a screen is there and nothing is loading any more. */
export const settled = (page) =>
  page.waitForFunction(
    () => document.querySelector("main h1, main .empty, main .fault") && !document.querySelector('[aria-busy="true"]'),
    { timeout: 20_000 },
  );

/** Answers as if nobody were signed in. */
async function refuseSession(page) {
  await page.setRequestInterception(true);
  const refused = { code: "unauthorized", title: "Not signed in", detail: "There is no session." };
  page.on("request", (request) => {
    const asked = new URL(request.url()).pathname;
    if (asked === "/api/v1/session")
      request.respond({ status: 401, contentType: "application/problem+json", body: JSON.stringify(refused) });
    else request.continue();
  });
}

/** Answers operations with prepared states. */
async function answerFrom(it, page, state) {
  await page.setRequestInterception(true);
  const turn = { n: 0 };
  page.on("request", async (request) => {
    const url = new URL(request.url());
    if (!url.pathname.startsWith("/api/") || url.pathname === "/api/v1/session" || url.pathname === "/api/v1/tail")
      return request.continue();
    const respond = (status, body) =>
      request.respond({ status, contentType: "application/json", body: JSON.stringify(body) }).catch(() => {});
    if (state === "failed") return respond(500, FAILED);
    const answer = state === "empty" ? empty(request.method(), url) : prepared(request.method(), url);
    if (state !== "hostile") return answer ? respond(200, answer) : request.continue();
    const real = answer ?? (await call(it, request.method(), url.pathname + url.search).catch(() => null));
    return real ? respond(200, hostile(real, turn)) : request.continue();
  });
}

/** The source of axe, which checks how accessible a page is. */
export const axe = () =>
  readFileSync(fileURLToPath(new URL("../../node_modules/axe-core/axe.min.js", import.meta.url)), "utf8");
