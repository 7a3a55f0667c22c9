// What can be known without a browser.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { address } from "../base/api.js";
import { readStream } from "../base/live.js";
import { SCREENS, screenOf, screenOfId } from "../base/screens.js";
import { full, span, stamp, tick } from "../base/time.js";
import { readQuery, writeQuery } from "../base/url.js";
import { toField, toIso } from "../frame/exact.js";
import { completed, hintsFor } from "../frame/hints.js";
import { curl, quote } from "../parts/commands.js";
import { differences, found, pathOf, valueText, visible } from "../parts/payload/model.js";
import { memberText, parse } from "../parts/payload/parse.js";
import { linePath, nearest, ticks, top } from "../parts/plot.js";
import { lanesOf, rowsOf } from "../parts/story/model.js";
import { terms, valueOf, withTerm } from "../parts/terms.js";
import { inOrder, isOff, shares } from "../screens/overview/model.js";
import { best } from "../screens/palette/model.js";
import { setupCode, withoutCode } from "../screens/sign-in/model.js";
import { add, EMPTY, MOST, release } from "../screens/tail/model.js";

describe("payloads", () => {
  const text = '{"a": {"big": 12345678901234567890.50, "__proto__": [1, {"x": "\\u0000<b>"}]}, "a": null, "e": []}';

  it("keep values as they were written, and members of any name, also twice", () => {
    const nodes = parse(text);
    assert.deepEqual(
      nodes.map(({ key, text }) => [key, text]),
      [
        [null, ""],
        ["a", ""],
        ["big", "12345678901234567890.50"],
        ["__proto__", ""],
        [0, "1"],
        [1, ""],
        ["x", '"\\u0000<b>"'],
        ["a", "null"],
        ["e", ""],
      ],
    );
    assert.equal(pathOf(nodes, 6), "a.__proto__[1].x");
    assert.equal(valueText(nodes, 6), "\u0000<b>");
    assert.equal(valueText(nodes, 0), text.replaceAll(" ", ""));
    assert.deepEqual(visible(nodes, new Set([1]), 100), [0, 1, 7, 8]);
    assert.deepEqual(found(nodes, "PROTO"), [3]);
  });

  it("can be 10,000 levels deep, and wrong ones are refused", () => {
    const deep = parse("[".repeat(10_000) + "]".repeat(10_000));
    assert.equal(deep.length, 10_000);
    assert.equal(deep.at(-1).depth, 9999);
    assert.equal(deep[0].end, 10_000);
    for (const wrong of ["", "{", "[1", "[1}", "{1:2}", '{"a" 1}', "[1] 2", "nul", '"a', "[1,]", '{"a":1,}']) {
      assert.equal(parse(wrong), null, wrong);
    }
    for (const value of ["1", '"a"', "null", " [ ] ", "{ }"]) assert.ok(parse(value), value);
    assert.equal(parse("[1,2,3]", 2), null, "more nodes than allowed");
  });

  it("are cut out of an answer byte for byte", () => {
    const answer = `{"id":"e","headers":{"body":"no"},"body" : ${text} ,"x":1}`;
    assert.equal(memberText(answer, "body"), text);
    assert.equal(memberText('{"body":"a,}\\"b"}', "body"), '"a,}\\"b"');
    assert.equal(memberText('{"a":1}', "body"), null);
  });

  it("differ where values differ", () => {
    assert.deepEqual(differences(parse('{"a":1,"b":[2,3]}'), parse('{"a":1.0,"b":[2],"c":{}}')), [
      { path: "a", one: "1", other: "1.0" },
      { path: "b[1]", one: "3", other: null },
      { path: "c", one: null, other: "{}" },
    ]);
  });
});

describe("the search", () => {
  it("has terms, with quotes around blanks", () => {
    assert.deepEqual(terms('app:pay  -error:"time out \\" x" id'), ["app:pay", '-error:"time out \\" x"', "id"]);
    assert.equal(valueOf('error:"a \\" b"', "error"), 'a " b');
    assert.equal(withTerm("app:pay status:dead x", "status", "pending"), "app:pay x status:pending");
    assert.equal(withTerm("-status:dead x", "status", null), "x");
    assert.equal(withTerm("", "name", 'a "b'), 'name:"a \\"b"');
  });

  it("is completed while it is written", () => {
    assert.deepEqual(
      hintsFor("app:pay st").map(([key]) => key),
      ["status:"],
    );
    assert.equal(completed("app:pay -st", "status:"), "app:pay -status:");
    assert.deepEqual(hintsFor("app:pay"), []);
  });

  it("knows ids", () => {
    assert.equal(screenOfId(" evt_0f7m2k9x4c1aa "), "/events/evt_0f7m2k9x4c1aa");
    assert.equal(screenOfId("evt_<img>"), null);
    assert.equal(screenOfId("constructor_a"), null);
  });
});

describe("times", () => {
  const now = Date.parse("2026-11-30T12:00:00Z");

  it("are right in any zone, also across a change of the clock", () => {
    process.env.TZ = "Asia/Kathmandu";
    assert.equal(full("2026-11-30T11:04:07.120Z", "local", now), "2026-11-30 16:49:07.120 +05:45");
    assert.equal(stamp("2026-11-30T19:00:00Z", "local", now), "2026-12-01 00:45:00.000");
    process.env.TZ = "Europe/Berlin";
    assert.equal(full("2026-10-25T00:59:59.000Z", "local", now), "2026-10-25 02:59:59.000 +02:00");
    assert.equal(full("2026-10-25T01:00:00.000Z", "local", now), "2026-10-25 02:00:00.000 +01:00");
    assert.equal(toIso("2026-07-01T10:00:00", false), "2026-07-01T08:00:00.000Z");
    assert.equal(toField("2026-07-01T08:00:00.000Z", false), "2026-07-01T10:00:00");
    assert.equal(tick(Date.parse("2026-07-01T08:00:00Z"), 3_600_000, "utc", now), "08:00");
    delete process.env.TZ;
  });

  it("are shortened today, and told as a length", () => {
    assert.equal(stamp("2026-11-30T11:04:07.120Z", "utc", now), "11:04:07.120");
    assert.equal(stamp("2026-11-29T11:04:07.120Z", "utc", now), "2026-11-29 11:04:07.120");
    assert.equal(stamp("2026-11-30T11:04:07.120Z", "ago", now), "55 min ago");
    assert.equal(stamp("<b>", "utc", now), "<b>");
    assert.deepEqual(
      [12, 1234, 84_000, 7_500_000, 90_000_000].map((ms) => span(ms)),
      ["12 ms", "1.2 s", "1 min 24 s", "2 h 5 min", "1 d 1 h"],
    );
  });
});

describe("addresses", () => {
  it("have every screen once, and its parameters", () => {
    assert.equal(screenOf("/events/evt_1").params.id, "evt_1");
    assert.equal(screenOf("/events/a%2Fb").params.id, "a/b");
    assert.equal(screenOf("/events/%E0").params.id, "%E0");
    assert.equal(screenOf("/nowhere"), null);
    assert.equal(new Set(SCREENS.map((screen) => screen.path)).size, SCREENS.length);
    const keys = SCREENS.flatMap((screen) => screen.key ?? []);
    assert.equal(new Set(keys).size, keys.length, "two screens have the same key");
    for (const screen of SCREENS) assert.equal(screenOf(screen.path.replaceAll(":", ""))?.screen, screen, screen.path);
  });

  it("hold any text", () => {
    const query = { q: 'a:"<b> & é" +', since: "2026-11-30T11:04:00Z" };
    assert.deepEqual(readQuery(writeQuery(query)), query);
    assert.equal(writeQuery({ a: null, b: undefined, c: "" }), "");
    const options = { params: { id: "a/../b" }, query: { q: "a b", cursor: null } };
    assert.equal(address("/api/v1/events/{id}", options), "/api/v1/events/a%2F..%2Fb?q=a+b");
  });

  it("lose the code of a sign-in link", () => {
    assert.equal(setupCode("#setup=abcdefghijklmnop_-1"), "abcdefghijklmnop_-1");
    assert.equal(setupCode("#setup=<img>"), null);
    assert.equal(withoutCode("http://a/#setup=abc"), "http://a/");
  });

  it("are told as curl that a shell reads as one word", () => {
    assert.equal(quote("it's $HOME"), "'it'\\''s $HOME'");
    const call = { path: "/api/v1/events", query: { q: "a:b c" } };
    assert.match(curl(call), /"\$FOOTBRIDGE_SERVER"'\/api\/v1\/events\?q=a%3Ab\+c'$/);
  });
});

describe("plots", () => {
  it("have round tops, breaks for missing values and ticks on round times", () => {
    assert.deepEqual(
      [[0], [3], [101], [0.4], [null]].map((points) => top([points])),
      [1, 5, 200, 0.5, 1],
    );
    const area = { width: 100, height: 10, max: 10 };
    assert.equal(linePath([0, 10, null, 5, null], area), "M0.0 10.0L25.0 0.0M75.0 5.0h1");
    assert.deepEqual(ticks(1000, 3_600_000, 4), [900_000, 1_800_000, 2_700_000, 3_600_000]);
    assert.deepEqual([nearest(-1, 10), nearest(0.5, 11), nearest(2, 10)], [0, 5, 9]);
  });
});

describe("the overview", () => {
  const account = { accepted: 10, delivered: 8, unanswered: 0, pending: 1, dead: 1, cancelled: 0 };

  it("shows trouble first, and says when the account does not add up", () => {
    const app = { app: "a", says: 1, hears: 1, dead: 0, waiting: 0 };
    const rows = inOrder([
      { ...app, app: "calm" },
      { ...app, app: "waits", waiting: 3 },
      { ...app, app: "broken", dead: 1 },
    ]);
    assert.deepEqual(
      rows.map((row) => row.app),
      ["broken", "waits", "calm"],
    );
    assert.equal(isOff(account), false);
    assert.equal(isOff({ ...account, dead: 2 }), true);
    assert.deepEqual(
      shares(account).map((one) => one.share),
      [0.8, 0, 0.1, 0.1, 0],
    );
  });
});

describe("a story", () => {
  const part = (id, kind, name) => ({ id, kind, name, state: null });
  const step = (at, from, to) => ({
    at,
    from,
    to,
    ms: 2,
    kind: "attempt",
    outcome: "ok",
    text: "",
    excerpt: null,
    ref: null,
  });

  it("has a lane for each part, and one for all beyond the ninth", () => {
    const parts = Array.from({ length: 30 }, (_, n) => part(`p${n}`, "app", `app${n}`));
    const { lanes, place } = lanesOf(parts);
    assert.equal(lanes.length, 9);
    assert.equal(lanes[8].name, "22 more");
    assert.equal(place.get("p29"), 8);
    const story = {
      participants: parts,
      steps: [step("2026-01-01T00:00:00.010Z", "p0", "p29"), step("2026-01-01T00:00:00.000Z", "p1", "p0")],
    };
    assert.deepEqual(
      rowsOf(story).map(({ from, to, after }) => [from, to, after]),
      [
        [0, 8, 10],
        [1, 0, 0],
      ],
    );
  });
});

describe("live rows", () => {
  const stream = (...texts) => new Blob(texts).stream();

  it("are read however they are cut, and what is no JSON is left out", async () => {
    const rows = [];
    const text =
      'event: event\r\nid: 1\r\ndata: {"a":\ndata: 1}\n\n: ping\n\nevent: log\ndata: {\n\nevent: gap\ndata: {"n":2}\n\n';
    await readStream(stream(...text), (row) => rows.push(row));
    assert.deepEqual(rows, [
      { event: "event", id: "1", data: { a: 1 } },
      { event: "gap", id: "", data: { n: 2 } },
    ]);
  });

  it("are held back in a pause, counted when missed, and limited", () => {
    const row = (n) => ({
      event: "event",
      id: "",
      data: { id: `evt_${n}`, name: "n", publisher: "p", time: "t", deliveries: n },
    });
    let tail = add(EMPTY, row(1), false);
    tail = add(tail, row(2), true);
    tail = add(tail, { event: "gap", id: "", data: { n: 7 } }, false);
    assert.deepEqual([tail.lines.length, tail.held.length, tail.missed], [1, 1, 7]);
    assert.deepEqual(
      release(tail).lines.map((line) => line.screen),
      ["/events/evt_2", "/events/evt_1"],
    );
    for (let n = 0; n < MOST + 5; n += 1) tail = add(tail, row(n), false);
    assert.equal(tail.lines.length, MOST);
  });
});

describe("the palette", () => {
  it("puts the best first", () => {
    const choices = [{ title: "Deliveries", words: "dead" }, { title: "Dead ends" }, { title: "Events" }];
    assert.deepEqual(
      best(choices, "dead").map((one) => one.title),
      ["Dead ends", "Deliveries"],
    );
    assert.equal(best(choices, "").length, 3);
  });
});
