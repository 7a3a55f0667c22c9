// The page of `footbridge demo` in a real browser, with the real program.
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

/** Starts the demo and waits until it is open. */
async function start(home) {
  const child = spawn(program, ["demo"], {
    env: { PATH: process.env.PATH, TMPDIR: home },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const demo = { child, ended, output: "" };
  await new Promise((resolve, reject) => {
    child.stdout.setEncoding("utf8").on("data", (text) => {
      demo.output += text;
      if (demo.output.includes("Ctrl-C ends it.")) resolve();
    });
    ended.then((code) => reject(new Error(`the demo ended with ${code}: ${demo.output}`)));
  });
  demo.url = /Open {2}(\S+) /.exec(demo.output)[1];
  demo.secrets = [...new Set(demo.output.match(/demo_[\w-]+|(?<=#setup=)[\w-]+|(?<=Token )[\w+/=]+|(?<=Bearer )[\w-]+/g))];
  return demo;
}

/** The events in the trail, the latest first. */
const trail = (page) =>
  page.$$eval("#groups > .group", (groups) =>
    groups.map((group) => ({
      way: group.dataset.way,
      state: group.dataset.state,
      title: group.querySelector("h3").textContent,
      text: group.querySelector(".state").textContent,
      ids: [...group.querySelectorAll(".ids code")].map((id) => id.textContent),
      hops: [...group.querySelectorAll(".hop")].map((hop) => hop.querySelector(".words").textContent),
      texts: [...group.querySelectorAll("pre")].map((pre) => pre.textContent),
    })),
  );

/** Opens the demo and returns the shop's frame when everything is ready. */
async function open(page, demo) {
  // All of it must be visible: a browser neither draws nor polls hidden frames.
  await page.setViewport({ width: 1280, height: 900 });
  await page.goto(demo.url);
  await page.waitForSelector("#status[data-state=good]");
  // Sent by the shop, so its page is loaded.
  await page.waitForFunction(() => document.getElementById("shop").style.height);
  const shop = page.frames().find((frame) => frame !== page.mainFrame() && frame.url().startsWith("http"));
  await shop.waitForSelector("#buy:not([disabled])");
  return shop;
}

/** Waits until the latest event of the trail has this outcome. */
const ends = (page, state) =>
  page.waitForFunction(
    (state) => document.querySelector("#groups > .group")?.dataset.state === state,
    { timeout: 60_000 },
    state,
  );

/** Returns true if the first element overlaps none of the others. */
const apart = (page, one, ...others) =>
  page.evaluate(
    (one, others) => {
      const box = (e) => e.getBoundingClientRect();
      const a = box(document.querySelector(one));
      return [...document.querySelectorAll(others)].map(box).every((b) => a.bottom <= b.top || b.bottom <= a.top);
    },
    one,
    others.join(),
  );

describe("the demo page", { skip: skip || missing, timeout: 180_000 }, () => {
  let home, demo, browser, page, shop;
  const recorded = { console: [], bodies: [] };

  before(async () => {
    home = await mkdtemp(join(tmpdir(), "footbridge-demo-test-"));
    demo = await start(home);
    browser = await puppeteer.launch({ executablePath: chromium, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
    page = await browser.newPage();
    page.on("console", (message) => recorded.console.push(message.text()));
    page.on("pageerror", (error) => recorded.console.push(`${error}`));
    page.on("response", async (response) => {
      const streams = /event-stream/.test(response.headers()["content-type"] ?? "");
      const about = [response.url(), JSON.stringify(response.headers()), response.request().postData() ?? ""];
      recorded.bodies.push(...about, streams ? "" : await response.text().catch(() => ""));
    });
    shop = await open(page, demo);
  });

  after(async () => {
    await browser?.close();
    demo?.child.kill("SIGINT");
    if (demo) assert.equal(await demo.ended, 0);
    if (home) await rm(home, { recursive: true });
  });

  /** Clicks and returns the resulting event when it is completed. */
  async function click(where, button) {
    const count = (await trail(page)).length;
    await where.click(button);
    await page.waitForFunction((count) => document.querySelectorAll("#groups > .group").length > count, {}, count);
    await page.waitForFunction(() => document.querySelector("#groups > .group").dataset.state !== "running", {
      timeout: 60_000,
    });
    return (await trail(page))[0];
  }

  const behave = async (manner) => {
    const done = page.waitForResponse((response) => response.url().endsWith("/api/shop"));
    await page.click(`#manner input[value=${manner}]`);
    assert.equal((await done).status(), 200);
  };

  /** The shop's text about its last request. */
  const result = async (state) => {
    await shop.waitForSelector(`#result[data-state=${state}]`);
    return shop.$eval("#result", (place) => place.innerText);
  };

  it("shows events between the page's windows, in both directions", async () => {
    const asked = await click(shop, "#ask");
    assert.equal(asked.way, "page");
    assert.equal(asked.hops.length, 2);
    const shown = await result("good");
    assert.match(shown, /Ada is here/);
    assert.ok(shown.includes(asked.ids[0]), shown);

    await page.$eval("#name", (name) => (name.value = "<b>Grace</b>"));
    const notified = await click(page, "#tell button");
    assert.match(
      notified.hops.join(),
      /Superapp’s page → Shop’s page: user_profile_updated.*Shop’s page → Superapp’s page: noted/,
    );
    assert.match(notified.texts[0], /<b>Grace<\/b>/);
    assert.equal(await shop.$eval("#hello", (place) => place.textContent), "Hello, <b>Grace</b>");
  });

  it("shows an exchange from the click to the back end's answer under one id", async () => {
    const bought = await click(shop, "#buy");
    assert.deepEqual(
      bought.hops.map((hop) => hop.replace(/:.*/, "")),
      [
        "Shop’s page → Superapp’s page",
        "Superapp’s page → Superapp’s back end",
        "Superapp’s back end → Superapp’s page",
        "Superapp’s page → Footbridge",
        "Footbridge → Shop’s back end",
        "Shop’s back end → Footbridge",
        "Footbridge → Superapp’s page",
        "Superapp’s page → Shop’s page",
      ],
    );
    assert.match(bought.hops[4], /buy signature checked/);
    const [own, servers] = bought.ids;
    assert.match(servers, /^exc_/);
    const shown = await result("good");
    assert.match(shown, /Ordered: order_125/);
    assert.ok(shown.includes(own), shown);
    assert.match(bought.text, /^answered in \d/);
    // The second request has a ticket already.
    assert.equal((await click(shop, "#buy")).hops.length, 6);
    assert.match(await result("good"), /order_126/);
  });

  it("shows a published event at every back end, including a restarting one, and in both pages", async () => {
    const saved = await click(page, "#publish");
    assert.match(saved.text, /^3 of 3 delivered in .*, 4 attempts$/);
    assert.match(saved.ids.join(), /^evt_[^,]+$/);
    await page.waitForFunction(() => document.querySelector("#groups .hops").childElementCount === 9);
    const hops = (await trail(page))[0].hops;
    for (const hop of [
      /Footbridge → Superapp’s back end: attempt 1 200/,
      /Footbridge → Shop’s back end: attempt 1 200/,
      /Footbridge → Mailer’s back end: attempt 1 503, restarting/,
      /Footbridge → Mailer’s back end: attempt 2 200/,
      /Footbridge → Superapp’s page: live/,
      /Footbridge → Shop’s page: live/,
    ]) {
      assert.equal(hops.filter((one) => hop.test(one)).length, 1, `${hop} in ${hops}`);
    }
    const [id] = saved.ids;
    assert.ok((await shop.$eval("#photos", (place) => place.innerText)).includes(id));
    assert.equal((await page.$$(".ways [data-seen]")).length, 3);
  });

  it("shows failures with their cause", async () => {
    await behave("fails");
    let bought = await click(shop, "#buy");
    assert.equal(bought.state, "bad");
    assert.match(
      bought.hops.join(),
      /Shop’s back end → Footbridge: 500 .*Footbridge → Superapp’s page: 502 EVENT_DELIVERY_FAILED/,
    );
    assert.match(bought.ids[1], /^exc_/);
    assert.match(await result("bad"), /500/);

    await behave("hangs-up");
    bought = await click(shop, "#buy");
    assert.match(bought.hops.join(), /Shop’s back end → Footbridge: hung up .*502 EVENT_DELIVERY_FAILED/);

    const publishing = click(page, "#publish");
    await page.waitForFunction(() => /attempt 1 hung up/.test(document.querySelector("#groups .hops").textContent));
    await behave("works");
    const saved = await publishing;
    assert.match(saved.text, /^3 of 3 delivered/, "nothing is lost");
    assert.match((await click(shop, "#buy")).text, /^answered/);
  });

  it("shows the same traffic in the console, which opens by the link that was printed", async () => {
    const [bought, saved] = [await click(shop, "#buy"), await click(page, "#publish")];
    const [link] = /http:\S+#setup=\S+/.exec(demo.output);
    const operator = await browser.newPage();
    await operator.setViewport({ width: 1280, height: 900 });
    await operator.goto(link);
    await operator.waitForSelector(".frame");
    const story = async (path) => {
      await operator.goto(new URL(path, link).href);
      await operator.waitForSelector(".steps .step");
      return operator.evaluate(() => ({
        lanes: [...document.querySelectorAll(".lane-names b")].map((name) => name.textContent),
        got: [...document.querySelectorAll(".receiver.got b")].map((name) => name.textContent).sort(),
      }));
    };
    assert.deepEqual((await story(`/exchanges/${bought.ids[1]}`)).lanes, ["superapp", "server", "shop"]);
    const { lanes, got } = await story(`/events/${saved.ids[0]}`);
    assert.deepEqual(got, ["mailer", "shop", "superapp"]);
    assert.ok(lanes.includes("server") && lanes.includes("mailer"), `${lanes}`);
    await operator.close();
    await page.bringToFront();
  });

  it("shows events of other windows", async () => {
    const count = (await trail(page)).length;
    const [, block] = /# shop publishes.*\n([^#]*)\n\n/.exec(demo.output);
    spawn("sh", ["-c", block], { stdio: "ignore" });
    await page.waitForFunction((count) => document.querySelectorAll("#groups > .group").length > count, {}, count);
    const [latest] = await trail(page);
    assert.match(latest.title, /order-paid/);

    // Received live before any back end got it, and shown up to its outcome.
    const elsewhere = await browser.newPage();
    await open(elsewhere, demo);
    await elsewhere.click("#publish");
    const ended = () => {
      const { dataset, textContent } = document.querySelector("#groups > .group");
      return /photo-saved.*begun elsewhere/.test(textContent) && dataset.state === "good";
    };
    await page.waitForFunction(ended, { polling: 200 });
    await elsewhere.close();
    await page.bringToFront();
  });

  it("contains no secrets and refuses other windows", async () => {
    assert.ok(demo.secrets.length >= 4, `${demo.secrets}`);
    const pages = recorded.bodies.join("\n");
    assert.match(pages, /tkt_/);
    for (const secret of demo.secrets) assert.ok(!pages.includes(secret), "a secret reached the page");
    assert.deepEqual(
      recorded.console.filter((text) => !/status of 502/.test(text)),
      [],
      "neither errors nor refusals of the policy",
    );
    const json = { "content-type": "application/json" };
    const ticket = (headers) =>
      fetch(new URL("/api/ticket", demo.url), { method: "POST", headers, body: '{"use":"forward"}' });
    const own = new URL(demo.url).origin;
    assert.equal((await ticket({ ...json, origin: own })).status, 200);
    for (const headers of [json, { ...json, origin: "http://evil.test" }, { origin: own }]) {
      assert.equal((await ticket(headers)).status, 403, JSON.stringify(headers));
    }
    const there = await fetch(demo.url.replace("127.0.0.1", "localhost"), { redirect: "manual" });
    assert.equal(there.status, 307);
    assert.equal(there.headers.get("location"), demo.url);
  });

  it("shows a request without a ticket, and the next one with separate times", async () => {
    const page = await browser.newPage();
    let cut = true;
    await page.setRequestInterception(true);
    page.on("request", (request) =>
      cut && request.url().endsWith("/api/ticket") && /forward/.test(request.postData() ?? "")
        ? request.abort()
        : request.continue(),
    );
    const shop = await open(page, demo);
    await shop.click("#buy");
    await ends(page, "bad");
    const [failed] = await trail(page);
    assert.deepEqual(
      failed.hops.map((hop) => hop.replace(/:.*/, "")),
      [
        "Shop’s page → Superapp’s page",
        "Superapp’s page → Superapp’s back end",
        "Superapp’s back end → Superapp’s page",
        "Superapp’s page → Shop’s page",
      ],
    );
    assert.match(failed.hops[2], /no ticket/);
    cut = false;
    // The times of the first request would be far too long.
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const before = Date.now();
    await shop.click("#buy");
    await ends(page, "good");
    const spent = Date.now() - before;
    const times = await page.$$eval("#groups > .group:first-child .when", (all) => all.map((one) => one.textContent));
    const latest = Math.max(...times.map((time) => parseFloat(time.slice(1)) * (/ ms$/.test(time) ? 1 : 1000)));
    assert.equal((await trail(page)).length, 2);
    assert.ok(latest <= spent, `${times} within ${spent} ms`);
    await page.close();
  });

  it("reports when the server is stopped, without covering the page", async (t) => {
    const other = await start(home);
    t.after(() => other.child.kill("SIGKILL"));
    const page = await browser.newPage();
    const uncaught = [];
    page.on("pageerror", (error) => uncaught.push(`${error}`));
    await open(page, other);
    await page.click("#manner input[value=hangs-up]");
    await page.click("#publish");
    await page.waitForFunction(() => /2 of 3 delivered/.test(document.querySelector("#groups .state")?.textContent));
    other.child.kill("SIGINT");
    await other.ended;
    await ends(page, "unknown");
    assert.match((await trail(page))[0].text, /not known/);
    await page.click("#manner input[value=works]");
    await page.waitForFunction(() => document.getElementById("manner-said").textContent);
    assert.equal(await page.$eval("#manner input:checked", (one) => one.value), "hangs-up");
    await page.waitForSelector("#ended:not([hidden])");
    for (const width of [360, 1280]) {
      await page.setViewport({ width, height: 740 });
      await page.evaluate(() => scrollTo(0, 0));
      assert.ok(await apart(page, "#ended", ".group", "#latest", ".intro", ".window"), `at ${width}`);
    }
    assert.deepEqual(uncaught, []);
    await page.close();
  });

  it("resizes the shop's frame to its content", async () => {
    await page.bringToFront();
    for (const width of [360, 1280]) {
      await page.setViewport({ width, height: 900 });
      // The frame follows the page's height a moment later: everything is visible, with little empty space.
      await shop.waitForFunction(
        () =>
          document.documentElement.scrollHeight <= innerHeight + 1 &&
          innerHeight - document.querySelector("main").offsetHeight < 40,
      );
    }
  });

  it("fits a phone and has text for every symbol", async () => {
    await page.setViewport({ width: 360, height: 740 });
    const gap = await page.evaluate(
      () =>
        document.getElementById("groups").getBoundingClientRect().top -
        document.getElementById("clear").getBoundingClientRect().bottom,
    );
    assert.ok(gap >= 8, `${gap} px`);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "no sideways scrolling");
    const nameless = await page.$$eval("button, input, iframe, summary", (all) =>
      all
        .filter((one) => !(one.textContent.trim() || one.title || one.labels?.[0]?.textContent.trim()))
        .map((one) => one.outerHTML),
    );
    assert.deepEqual(nameless, []);
    assert.match(await page.$eval("#said[role=status]", (place) => place.textContent), /\w+: .*hops/);
  });
});
