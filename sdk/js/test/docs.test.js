// The documentation that the server serves, in a real browser, with the real program.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import puppeteer from "puppeteer-core";
import { chromium, skip } from "./support/browser.js";

const program =
  process.env.FOOTBRIDGE_BIN ?? fileURLToPath(new URL("../../../target/debug/footbridge", import.meta.url));
const missing = !existsSync(program) && `no ${program}: build it, or name one in FOOTBRIDGE_BIN`;

/** Starts a server in a folder of its own and waits until it listens. */
async function start(folder) {
  const child = spawn(program, ["serve", "--listen", "127.0.0.1:0"], {
    cwd: folder,
    env: { PATH: process.env.PATH, FOOTBRIDGE_CONSOLE__LISTEN: "off" },
    stdio: ["ignore", "pipe", "ignore"],
  });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  let output = "";
  const url = await new Promise((resolve, reject) => {
    child.stdout.setEncoding("utf8").on("data", (text) => {
      output += text;
      const found = /listening on (http:\/\/\S+)\n/.exec(output);
      if (found) resolve(found[1]);
    });
    ended.then((code) => reject(new Error(`the server ended with ${code}: ${output}`)));
  });
  return { child, ended, url };
}

describe("the documentation", { skip: skip || missing }, () => {
  let folder, server, browser;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "footbridge-docs-"));
    server = await start(folder);
    browser = await puppeteer.launch({ executablePath: chromium, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
  });
  after(async () => {
    await browser?.close();
    server?.child.kill();
    await server?.ended;
    if (folder) await rm(folder, { recursive: true });
  });

  it("fits a phone on every page, follows the system's dark mode, and loads nothing that its policy forbids", async (t) => {
    const page = await browser.newPage();
    t.after(() => page.close());
    const problems = [];
    page.on("console", (message) => problems.push(message.text()));
    page.on("requestfailed", (request) => problems.push(request.url()));
    await page.goto(`${server.url}/docs/`);
    const links = await page.$$eval("#contents a", (links) => links.map((link) => link.href));
    assert.ok(links.length > 40, `${links.length} pages`);
    const show = async (width, scheme, link) => {
      await page.setViewport({ width, height: 800 });
      await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
      await page.goto(link);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      assert.ok(wide <= 0, `${link} is ${wide} pixels wider than ${width}`);
      return page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    };
    const light = await show(1280, "light", links.at(0));
    for (const link of links) assert.notEqual(await show(360, "dark", link), light);
    assert.deepEqual(problems, []);
  });

  it("works without JavaScript: search, result, next page", async (t) => {
    const page = await browser.newPage();
    t.after(() => page.close());
    await page.setJavaScriptEnabled(false);
    await page.goto(`${server.url}/docs/`);
    await page.type("input[type=search]", "idempotency key");
    await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
    assert.equal(new URL(page.url()).pathname, "/docs/search");
    await Promise.all([page.waitForNavigation(), page.click(".found a")]);
    const found = page.url();
    assert.match(found, /\/docs\/[a-z-/]+#/);
    await Promise.all([page.waitForNavigation(), page.click("a[rel=next]")]);
    assert.notEqual(page.url(), found);
  });
});
