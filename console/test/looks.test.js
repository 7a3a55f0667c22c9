// Times in other zones, plots and the map without eyes, large type, narrow windows, no motion, forced colours.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SETUP } from "./support/setup-answers.js";
import { call, open, settled, skip, world } from "./support/world.js";

/** Screens that have tables, plots, drawings, forms and tabs. */
const screens = (w) => [
  "/",
  "/tail",
  "/events",
  `/events/${w.events[0]}`,
  "/deliveries",
  `/deliveries/${w.dead}`,
  "/exchanges",
  "/reference",
  "/reference?op=apps_create",
  "/help",
  ...SETUP,
];

/** Everything that can be used, by its words; what a narrow window puts elsewhere counts when it is there. */
const usable = (page) =>
  page.evaluate(() =>
    [
      ...document.querySelectorAll(
        ":is(main, .top) :is(a, button, input, select, textarea, summary, td, dd, [tabindex])",
      ),
    ]
      .filter((one) => one.checkVisibility({ visibilityProperty: true }) && one.getClientRects().length > 0)
      .map((one) => [one.tagName, one.getAttribute("aria-label") ?? one.textContent.trim().slice(0, 40)])
      .filter(([, words]) => words)
      .map((parts) => parts.join(" ")),
  );

describe("how it looks", { skip, timeout: 300_000 }, () => {
  const w = world();

  it("tells times in the zone of the person, also over a change of the clock, and on the axes", async (t) => {
    const time = (await call(w, "GET", `/api/v1/events/${w.events[0]}`)).time;
    const page = await open(w, t, "/help");
    const text = async (zone, path, selector) => {
      await page.emulateTimezone(zone);
      await page.goto(w.origin + path);
      await settled(page);
      await page.waitForSelector(selector);
      return page.$$eval(selector, (all) => all.map((one) => one.textContent));
    };
    const local = (zone) =>
      new Intl.DateTimeFormat("sv", { timeZone: zone, dateStyle: "short", timeStyle: "medium" }).format(new Date(time));
    for (const [zone, offset] of [
      ["Asia/Kathmandu", "+05:45"],
      ["America/St_Johns", "−03:30"],
    ]) {
      const [shown] = await text(zone, `/events/${w.events[0]}?zone=local`, "main .sub time");
      assert.equal(shown, `${local(zone)}${time.slice(19, 23)} ${offset}`);
      const [utc] = await text(zone, `/events/${w.events[0]}?zone=utc`, "main .sub time");
      assert.equal(utc, `${time.slice(0, 10)} ${time.slice(11, 23)} UTC`);
      const [passed] = await text(zone, `/events/${w.events[0]}?zone=ago`, "main .sub time");
      assert.match(passed, /^(now|\d+ (s|min) ago)$/);
    }
    // The night in which the clocks of Berlin show the hour from two to three twice.
    const [since, until] = ["2026-10-24T23:30:00Z", "2026-10-25T02:00:00Z"];
    const axis = async (zone, shown) => {
      const all = await text(zone, `/?since=${since}&until=${until}&zone=${shown}`, ".plot .axis text");
      return all.slice(0, all.length / 3);
    };
    await page.setRequestInterception(true);
    page.on("request", (request) => {
      const url = new URL(request.url());
      if (url.pathname !== "/api/v1/stats/series") return request.continue();
      const points = Array.from({ length: 31 }, (_, n) => n);
      const body = {
        metric: url.searchParams.get("metric"),
        from: since,
        until,
        step_ms: 300_000,
        unit: "count",
        lines: [{ labels: {}, points }],
      };
      request.respond({ contentType: "application/json", body: JSON.stringify(body) });
    });
    const berlin = await axis("Europe/Berlin", "local");
    assert.deepEqual(berlin, ["02:00", "02:00", "03:00"]);
    assert.deepEqual(await axis("Asia/Kathmandu", "local"), ["06:00", "07:00"], "hours of that zone");
    assert.deepEqual(await axis("Asia/Kathmandu", "utc"), ["00:00", "01:00", "02:00"]);
  });

  it("has in the table of a plot what the drawing has, and tells the value at the cursor", async (t) => {
    const page = await open(w, t, "/", { canned: true });
    await page.waitForSelector(".plot svg");
    const drawn = await page.$eval(".plot", (plot) => {
      const max = Number(plot.querySelector(".max").textContent.replaceAll(",", ""));
      const values = [...plot.querySelectorAll(".curve")].map((curve) =>
        [...curve.getAttribute("d").matchAll(/[ML][\d.]+ ([\d.]+)/g)].map(([, y]) =>
          Math.round(((120 - y) / 120) * max),
        ),
      );
      const table = [...plot.querySelectorAll("thead th")].slice(1).map((_, n) =>
        [...plot.querySelectorAll("tbody tr")]
          .map((row) => row.querySelectorAll("td")[n].textContent.replaceAll(",", ""))
          .filter((text) => text !== "no value")
          .map(Number),
      );
      return { values, table, max };
    });
    assert.equal(drawn.values.length, 3);
    for (const [n, values] of drawn.values.entries()) {
      assert.equal(values.length, drawn.table[n].length);
      values.forEach((value, place) => assert.ok(Math.abs(value - drawn.table[n][place]) <= drawn.max / 200 + 1));
    }
    await page.$eval(".plot svg", (plot) => plot.focus());
    assert.equal(await page.evaluate(() => document.activeElement.tagName), "svg", "a plot can have the focus");
    await page.keyboard.press("End");
    await page.keyboard.press("ArrowLeft");
    const last = await page.$eval(".plot tbody tr:last-child th", (cell) => cell.textContent);
    await page.waitForFunction(
      (last) => {
        const told = document.querySelector(".plot .told").textContent;
        return told && !told.startsWith(last);
      },
      {},
      last,
    );
    const told = await page.$eval(".plot .told", (line) => [line.textContent, line.getAttribute("role")]);
    assert.match(told[0], /UTC: page \d+, publish \d+, exchange \d+$/);
    assert.equal(told[1], "status");
    const row = await page.$eval(".plot tbody tr:nth-last-child(2)", (one) => one.textContent);
    assert.ok(row.startsWith(told[0].split("UTC")[0]), `${row} and ${told[0]}`);
  });

  it("keeps everything at 200 % and at 390 px", async (t) => {
    for (const path of screens(w)) {
      const page = await open(w, t, path, { canned: true });
      // Also what is not needed before a screen is shown. One request may be open: the stream.
      await page.waitForNetworkIdle({ idleTime: 100, concurrency: 1 });
      const wide = await usable(page);
      for (const width of [640, 390]) {
        await page.setViewport({ width, height: 700, deviceScaleFactor: width === 640 ? 2 : 1 });
        assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width, `${path} is wider`);
        const narrow = await usable(page);
        const lost = wide.filter((one) => !narrow.includes(one));
        assert.deepEqual(lost, [], `${path} at ${width} px`);
      }
      await page.close();
    }
  });

  it("moves nothing for who wants no motion", async (t) => {
    const page = await open(w, t, "/", { canned: true });
    await page.emulateMediaFeatures([{ name: "prefers-reduced-motion", value: "reduce" }]);
    for (const path of ["/", "/map", "/recover/job_0f7m2k9x4c1aa"]) {
      await page.goto(w.origin + path);
      await settled(page);
      const moving = await page.evaluate(() => [
        ...document.getAnimations().map((one) => one.effect?.target?.className),
        ...[...document.querySelectorAll("*")]
          .filter((one) =>
            getComputedStyle(one)
              .transitionDuration.split(", ")
              .some((each) => each !== "0s"),
          )
          .map((one) => one.className),
      ]);
      assert.deepEqual(moving, [], path);
    }
  });

  it("shows what is chosen, and every share, in forced colours", async (t) => {
    const page = await open(w, t, "/", { canned: true });
    const session = await page.createCDPSession();
    await session.send("Emulation.setEmulatedMedia", { features: [{ name: "forced-colors", value: "active" }] });
    const colours = (selector, property) =>
      page.$$eval(selector, (all, property) => all.map((one) => getComputedStyle(one)[property]), property);
    const shares = await colours(".share", "backgroundColor");
    assert.equal(new Set(shares).size, shares.length, `each share has a colour of its own: ${shares}`);
    const ground = (await colours("body", "backgroundColor"))[0];
    assert.ok(!shares.includes(ground));
    const look = (selector) =>
      page.$eval(selector, (one) => {
        const { outlineStyle, outlineColor, backgroundColor, borderLeftWidth } = getComputedStyle(one);
        return [outlineStyle, outlineColor, backgroundColor, borderLeftWidth].join(" ");
      });
    for (const [path, chosen, other] of [
      ["/", '.side a[aria-current="page"]', ".side a:not([aria-current])"],
      ["/people?tab=roles", '[role="tab"][aria-selected="true"]', '[role="tab"][aria-selected="false"]'],
      [`/events/${w.events[0]}`, '[aria-pressed="true"]', '[aria-pressed="false"]'],
      ["/links", ".choices a[aria-current]", ".choices a:not([aria-current])"],
    ]) {
      await page.goto(w.origin + path);
      await settled(page);
      await page.waitForSelector(chosen);
      assert.notEqual(await look(chosen), await look(other), `${path}: ${chosen}`);
    }
    await page.focus(".side a");
    assert.notEqual((await colours(".side a:focus", "outlineStyle"))[0], "none");
  });
});
