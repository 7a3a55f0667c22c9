// A real server with traffic, the console in front of it, and a real browser.
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
import { attention, checks, HOSTILE, now, series, story } from "./answers.js";
import { setupAnswer } from "./setup-answers.js";

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

/** Starts everything for the tests of a file. */
export function world() {
  const it = { receiver: undefined, browser: undefined, home: "", children: [] };
  before(async () => {
    it.home = await mkdtemp(join(tmpdir(), "footbridge-console-test-"));
    it.receiver = await receiver();
    await startServer(it);
    await seed(it);
    it.browser = await puppeteer.launch({
      executablePath: chromium,
      args: ["--no-sandbox", "--disable-dev-shm-usage"],
    });
    await signIn(it, it.browser);
  });
  after(async () => {
    await it.browser?.close();
    for (const child of it.children) {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGINT");
      await ended;
    }
    it.receiver?.closeAllConnections();
    it.receiver?.close();
    await rm(it.home, { recursive: true, force: true });
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

/** Starts the program. */
async function startServer(it) {
  const port = await freePort();
  const config = join(it.home, "footbridge.toml");
  const consolePort = await freePort();
  await writeFile(config, `[console]\nlisten = "127.0.0.1:${consolePort}"\n\n[retry]\nschedule = ["1s"]\n`);
  const database = join(it.home, "fb.db");
  const words = ["serve", "--config", config, "--listen", `127.0.0.1:${port}`, "--database", `sqlite:${database}`];
  it.children.push(
    spawn(program, words, {
      cwd: it.home,
      stdio: ["ignore", "ignore", "inherit"],
      env: { RUST_LOG: "error", PATH: process.env.PATH },
    }),
  );
  it.api = `http://127.0.0.1:${port}`;
  await until("the server is ready", () =>
    fetch(`${it.api}/readyz`).then(
      (answer) => answer.ok,
      () => false,
    ),
  );
  it.token = (await readFile(`${database}.admin-token`, "utf8")).trim();
  it.origin = `http://127.0.0.1:${consolePort}`;
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
  it.events = (await call(it, "GET", "/api/v1/events?publisher=shop")).data.map((event) => event.id);
}

/** Opens a page that records what must not happen: violations of the policy, errors, requests elsewhere. */
export async function open(it, t, path, { width = 1280, theme = "light", canned = false, signedOut = false } = {}) {
  const page = await it.browser.newPage();
  t.after(() => page.isClosed() || page.close());
  page.faults = [];
  page.requests = [];
  page.on("pageerror", (error) => page.faults.push(String(error)));
  page.on("console", (message) => /policy|trusted/i.test(message.text()) && page.faults.push(message.text()));
  page.on("request", (request) => {
    page.requests.push(request.url());
    if (!request.url().startsWith(it.origin)) page.faults.push(`request to ${request.url()}`);
  });
  await page.evaluateOnNewDocument((theme) => {
    localStorage.setItem("footbridge.theme", theme);
    window.violations = [];
    document.addEventListener("securitypolicyviolation", (event) =>
      window.violations.push(`${event.violatedDirective} ${event.blockedURI}`),
    );
  }, theme);
  await page.setViewport({ width, height: 900 });
  if (canned) await answerFrom(page);
  if (signedOut) await refuseSession(page);
  await page.goto(it.origin + path);
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

/** Answers some operations with prepared states. */
async function answerFrom(page) {
  await page.setRequestInterception(true);
  page.on("request", (request) => {
    const { pathname, searchParams } = new URL(request.url());
    const answer =
      { "/api/v1/stats/now": now, "/api/v1/attention": attention }[pathname] ??
      (pathname === "/api/v1/stats/series" && series(searchParams)) ??
      undefined;
    const told =
      answer ||
      (/\/events\/\w+\/story$/.test(pathname) && story) ||
      (/\/exchanges\/\w+\/story$/.test(pathname) && { ...story, checks }) ||
      setupAnswer(request.method(), new URL(request.url()));
    if (told) request.respond({ status: 200, contentType: "application/json", body: JSON.stringify(told) });
    else request.continue();
  });
}

/** The source of axe, which checks how accessible a page is. */
export const axe = () =>
  readFileSync(fileURLToPath(new URL("../../node_modules/axe-core/axe.min.js", import.meta.url)), "utf8");
