// Every screen, by the menu, the palette and its address; and an address is the whole view, for another person too.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SCREENS } from "../base/screens.js";
import { goBy } from "./support/keyboard.js";
import { call, open, settled, signIn, skip, world } from "./support/world.js";

const LISTED = SCREENS.filter((screen) => !screen.path.includes(":") && !screen.unlisted);
const heading = (page) => page.$eval("h1", (h1) => h1.textContent);
const at = (page, path) => page.waitForFunction((path) => location.pathname === path, {}, path);

/** What a person sees of a view, without times that pass. */
const seen = (page) =>
  page.evaluate(() => ({
    heading: document.querySelector("h1")?.textContent,
    rows: [...document.querySelectorAll("main tbody tr")].map((row) => row.dataset.id ?? row.textContent),
    times: [...document.querySelectorAll("main tbody time")].slice(0, 20).map((time) => time.textContent),
    chosen: [
      ...document.querySelectorAll('main :is([aria-selected="true"], [aria-current], [aria-pressed="true"])'),
    ].map((one) => one.textContent),
    fields: [...document.querySelectorAll("main :is(input, select, textarea)")].map((field) => field.value),
    search: document.querySelector("#search")?.value,
    range: document.querySelector(".range select")?.selectedOptions[0]?.textContent,
    zone: document.querySelector(".zone")?.textContent,
  }));

/** Thirty views with what an address can hold: filters, time ranges, zones, tabs, views of a screen. */
function views(w) {
  const since = new Date(Date.now() - 3_600_000).toISOString().slice(0, 19) + "Z";
  const until = new Date(Date.now() + 60_000).toISOString().slice(0, 19) + "Z";
  const range = `since=${since}&until=${until}`;
  const [event, other] = w.events;
  return [
    `/events?${range}&zone=utc`,
    `/events?q=name:order-*&${range}&zone=local`,
    `/events?q=app:shop%20-name:x&${range}&zone=utc`,
    `/events?q=name:none&${range}&zone=utc`,
    `/events/${event}?zone=utc`,
    `/events/${event}?tab=headers&zone=local`,
    `/events/${event}?tab=attempts&view=times&zone=utc`,
    `/events/${other}?view=list&zone=utc`,
    `/deliveries?q=status:dead&${range}&zone=utc`,
    `/deliveries?q=to:crm%20code:503&${range}&zone=local`,
    `/deliveries?q=to:mailer%20status:delivered&${range}&zone=utc`,
    `/deliveries/${w.dead}?zone=local`,
    `/exchanges?${range}&zone=utc`,
    `/hooks?zone=utc`,
    `/hooks?id=${w.hook}&zone=utc`,
    `/links?view=list&zone=utc`,
    `/explain?app=shop&name=order-paid&zone=utc`,
    `/explain?app=shop&name=order-paid&with=hook~${w.hook}~off&zone=utc`,
    `/explain?event=${event}&zone=utc`,
    `/map?${range}&idle=true&zone=utc`,
    `/map?${range}&focus=crm&depth=2&zone=utc`,
    `/apps?name=m&zone=utc`,
    `/apps/shop?zone=utc`,
    `/apps/mailer?tab=hooks&zone=utc`,
    `/apps/shop?tab=page&form=script&zone=utc`,
    `/apps/crm?tab=activity&zone=local`,
    `/audit?object=app:shop&${range}&zone=utc`,
    `/people?tab=roles&zone=utc`,
    `/settings?find=retry&zone=utc`,
    `/reference?find=lanes&zone=utc`,
  ];
}

describe("screens", { skip, timeout: 300_000 }, () => {
  const w = world();

  it("are all reached by the menu, and back, forward and a reload keep them", async (t) => {
    const page = await open(w, t, "/help");
    const links = await page.$$eval(".side a", (all) => all.map((link) => link.getAttribute("href")));
    assert.deepEqual(
      links.toSorted(),
      LISTED.filter((screen) => screen.group)
        .map((screen) => screen.path)
        .toSorted(),
      "each screen with a group is in the menu once",
    );
    const shown = [];
    for (const path of links) {
      await page.click(`.side a[href="${path}"]`);
      await at(page, path);
      await settled(page);
      shown.push(await heading(page));
    }
    assert.equal(new Set(shown).size, links.length, `each has its own heading: ${shown.join(", ")}`);
    for (const place of [links.length - 2, links.length - 3]) {
      await page.goBack();
      await at(page, links[place]);
      await settled(page);
      assert.equal(await heading(page), shown[place], "back");
    }
    await page.goForward();
    await at(page, links.at(-2));
    await settled(page);
    await page.reload();
    await settled(page);
    assert.equal(await heading(page), shown.at(-2), "forward, then a reload");
  });

  it("are all reached by the palette, and by their address", async (t) => {
    const page = await open(w, t, "/help");
    for (const screen of LISTED) {
      await goBy(page, screen.title);
      await at(page, screen.path);
      await settled(page);
      const shown = await heading(page);
      const other = await open(w, t, screen.path);
      assert.equal(await heading(other), shown);
      await other.close();
    }
  });

  it("show another person the same thirty views by their addresses", async (t) => {
    const { data } = await call(w, "GET", "/api/v1/hooks?app=crm");
    w.hook = data[0].id;
    const within = await w.browser.createBrowserContext();
    t.after(() => within.close());
    await (await signIn(w, within)).close();
    const addresses = views(w);
    assert.equal(new Set(addresses).size, 30);
    let rows = 0;
    for (const address of addresses) {
      const mine = await open(w, t, address);
      const theirs = await open(w, t, address, { within, theme: "dark" });
      const shown = await seen(mine);
      assert.deepEqual(await seen(theirs), shown, address);
      rows += shown.rows.length;
      await Promise.all([mine.close(), theirs.close()]);
    }
    assert.ok(rows > 60, `only ${rows} rows in all: the views are empty`);
  });
});
