// What the screens for set-up, recovery and people compute, without a browser.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { passed, plain, settled, snippet } from "../screens/app/model.js";
import { changes, openSecrets, rowsOf } from "../screens/apps/model.js";
import { differing, screenOf } from "../screens/audit/model.js";
import { operationOf, readChanges, switchOf, writeChanges } from "../screens/explain/model.js";
import { changes as hookChanges, newHook } from "../screens/hooks/model.js";
import { matrix, stateOf } from "../screens/links/model.js";
import { layout, near, pairs } from "../screens/map/model.js";
import { roleBody, tokenBody } from "../screens/people/model.js";
import { jobOf, remaining, searchOf } from "../screens/recover/model.js";
import { eventOf, exchangeOf, headersOf, like, partsOf, withRaw } from "../screens/try/model.js";
import { HOSTILE } from "./support/answers.js";

const app = (name, more = {}) => ({
  name,
  url: null,
  receiver_url: null,
  receiver_enabled: true,
  token_prefix: "Token",
  private: [],
  enabled: true,
  secrets: {},
  ...more,
});
const edge = (from, to, count, more = {}) => ({
  from,
  to,
  name: "x",
  way: "publish",
  count,
  failed: 0,
  dead: 0,
  last_at: null,
  ...more,
});

describe("apps", () => {
  it("come with trouble first, then traffic, then the name", () => {
    const now = [
      { app: "a", dead: 0, waiting: 0, says: 1, hears: 1 },
      { app: "b", dead: 2, waiting: 0, says: 0, hears: 0 },
      { app: "c", dead: 0, waiting: 9, says: 0, hears: 0 },
    ];
    const names = rowsOf(
      ["d", "a", "e", "c", "b"].map((name) => app(name)),
      now,
      "",
    ).map((row) => row.app.name);
    assert.deepEqual(names, ["b", "c", "a", "d", "e"]);
    assert.deepEqual(
      rowsOf([app("Shop"), app("x")], [], " SHO").map((row) => row.app.name),
      ["Shop"],
    );
  });

  it("are changed by what differs alone; an empty field takes a value away", () => {
    const old = app("a", { url: "http://a", private: ["p"] });
    const same = {
      url: "http://a",
      receiver_url: "",
      miniapp_url: "",
      ca_file: "",
      token_prefix: "Token",
      private: "p",
      receiver_enabled: "true",
    };
    assert.deepEqual(changes(old, same), {});
    assert.deepEqual(changes(old, { ...same, url: "", private: " a, b ", receiver_enabled: "" }), {
      url: null,
      private: ["a", "b"],
      receiver_enabled: false,
    });
    assert.deepEqual(changes(old, { ...same, private: "" }), { private: null });
  });

  it("tell which credentials need a person, and how far an overlap is", () => {
    assert.deepEqual(
      openSecrets(
        app("a", {
          secrets: { token: { unseen: true }, secret_key: { previous_valid_until: "2026-01-01T00:00:00Z" } },
        }),
      ),
      { unseen: 1, overlap: 1 },
    );
    const day = (hour) => `2026-01-01T${hour}:00:00Z`;
    const overlap = (since, hour) => passed(since, day("10"), Date.parse(day(hour)));
    assert.deepEqual([overlap(day("00"), "05"), overlap(day("00"), "23"), overlap(null, "05")], [0.5, 1, 0]);
    const state = (uses, ...old) => settled({ uses, old: old.map((uses) => ({ uses })) });
    assert.deepEqual([state(0, 0), state(3, 0, 0), state(3, 0, 1), state(null, null)], [false, true, false, false]);
  });

  it("write output as text, and snippets with names as strings", () => {
    assert.equal(plain("\u001b[31mred\u001b[0m <b>"), "red <b>");
    for (const text of HOSTILE) {
      for (const kind of ["module", "script"]) {
        const written = snippet(kind, text, "http://127.0.0.1:4400");
        assert.ok(written.includes(JSON.stringify(text).replaceAll("</", "<\\/")), written);
        assert.equal(written.split("</script>").length, 2, "it ends once");
      }
    }
  });
});

describe("the audit", () => {
  it("shows what a change touched, and the screen of its object", () => {
    assert.deepEqual(differing({ a: 1, b: [1], c: "x" }, { a: 1, b: [2], d: null }), [
      { name: "b", before: "[1]", after: "[2]" },
      { name: "c", before: "x", after: null },
      { name: "d", before: null, after: "null" },
    ]);
    assert.equal(screenOf({ kind: "app", id: "a/b" }), "/apps/a%2Fb");
    assert.equal(screenOf({ kind: "constructor", id: "x" }), null);
  });
});

describe("what if", () => {
  it("keeps changes in the address, and makes operations of them", () => {
    const all = [
      { change: "link", host: "h", miniapp: "m", enabled: false },
      { change: "hook", id: "hook_1", enabled: true },
      { change: "app", name: "a", enabled: false },
      { change: "new_hook", app: "a", pattern: "shop/order-*", route: "/x" },
    ];
    assert.deepEqual(readChanges(writeChanges(all)), all);
    assert.deepEqual(readChanges("nonsense~a"), []);
    assert.deepEqual(readChanges(undefined), []);
    assert.deepEqual(
      all.map(operationOf).map(({ method, path }) => `${method} ${path}`),
      ["POST /api/v1/links", "PATCH /api/v1/hooks/hook_1", "PATCH /api/v1/apps/a", "POST /api/v1/hooks"],
    );
    assert.equal(switchOf({ code: "other_event", hook: { id: "h", app: "a" } }), null);
    assert.deepEqual(switchOf({ code: "app_disabled", hook: { id: "h", app: "a" } }), {
      change: "app",
      name: "a",
      enabled: true,
    });
  });
});

describe("forms", () => {
  it("of hooks send what was given, and what differs", () => {
    assert.deepEqual(newHook({ app: "a", pattern: "*/*", route: "/x", ordered: "true", in_flight: "4" }), {
      app: "a",
      pattern: "*/*",
      route: "/x",
      ordered: true,
    });
    const hook = { route: "/x", ordered: false, in_flight: 8, answer: "required" };
    assert.deepEqual(hookChanges(hook, { route: "/x", ordered: "", in_flight: "8", answer: "required" }), {});
    assert.deepEqual(hookChanges(hook, { route: "/y", ordered: "true", in_flight: "4", answer: "" }), {
      route: "/y",
      ordered: true,
    });
  });

  it("of events send JSON as a value, and say where it is none", () => {
    const written = " [1.0, 12345678901234567890] ";
    assert.equal(
      eventOf({ app: "a", name: "n", body: written, headers: "x-a: b:c\nnothing", subscribers: "b, c", test: "true" }),
      '{"app":"a","name":"n","headers":{"x-a":"b:c"},"subscribers":["b","c"],"test":true,"body":[1.0, 12345678901234567890]}',
    );
    assert.equal(
      exchangeOf({ direction: "to_host", app: "a", to: "", body: "", test: "" }),
      '{"direction":"to_host","app":"a","test":false,"body":{}}',
    );
    assert.deepEqual([withRaw({}, "body", "1"), withRaw({}, "body", " ")], ['{"body":1}', "{}"]);
    // A text that would end the member is refused, and nothing is sent.
    for (const text of ["{", '1,"app":"b"', "1}"]) assert.throws(() => withRaw({}, "body", text), /no JSON/);
    const event = { publisher: "a", name: "n" };
    assert.equal(like(event, '{"n":1}').body, '{\n  "n": 1\n}');
    assert.equal(like(event, '{"n":1.0}').body, '{"n":1.0}', "no value is changed");
    assert.deepEqual(partsOf('{"event_type":"t","payload":1.0}'), { type: "t", payload: "1.0" });
    assert.equal(partsOf("{"), null);
    assert.deepEqual(headersOf(""), {});
  });

  it("of roles and tokens name permissions", () => {
    assert.deepEqual(roleBody({ name: "r", "events.read": "true", "apps.read": "", apps: "" }), {
      name: "r",
      permissions: ["events.read"],
      apps: null,
    });
    const token = tokenBody({ name: "t", apps: "a b", expires_at: "2026-01-01T10:00" });
    assert.deepEqual([token.apps, token.permissions], [["a", "b"], []]);
    assert.match(token.expires_at, /Z$/);
  });
});

describe("recovery", () => {
  it("puts the time range into the search, unless it has one", () => {
    assert.equal(searchOf({ q: "status:dead", since: "2h" }), "status:dead since:2h");
    assert.equal(searchOf({ q: "since:1h x", since: "2h", until: "1h" }), "since:1h x until:1h");
    assert.deepEqual(jobOf({ kind: "retry", q: "q" }, { pace: "5", stop_after: "", reason: "" }), {
      kind: "retry",
      q: "q",
      pace: 5,
    });
    assert.equal(remaining({ state: "running", rate: 10, matched: 30, done: 10 }), 2000);
    assert.equal(remaining({ state: "done", rate: 10, matched: 30, done: 10 }), null);
  });
});

describe("links and the map", () => {
  it("show each pair once, with what it carried", () => {
    const links = [
      { host: "h", miniapp: "b", enabled: true },
      { host: "g", miniapp: "a", enabled: false },
    ];
    const { hosts, miniapps, cells } = matrix(links, [
      edge("b", "h", 3, { last_at: "2026-01-01T00:00:00Z" }),
      edge("h", "b", 2),
    ]);
    assert.deepEqual(
      [hosts, miniapps],
      [
        ["g", "h"],
        ["a", "b"],
      ],
    );
    assert.deepEqual(
      cells.flat().map((cell) => [stateOf(cell), cell.count]),
      [
        ["off", 0],
        ["no link", 0],
        ["no link", 0],
        ["on", 5],
      ],
    );
  });

  it("have the same picture for the same traffic", () => {
    const edges = [edge("a", "y", 5), edge("b", "x", 9, { failed: 1 }), edge("a", "x", 1), edge("c", null, 0)];
    assert.deepEqual(layout(edges), layout([...edges].reverse()));
    const { said, heard, arrows } = layout(edges);
    assert.deepEqual(
      said.map((node) => node.name),
      ["b", "a", "c"],
    );
    assert.deepEqual(
      heard.map((node) => node.name),
      ["x", "y", "nobody"],
    );
    assert.ok(arrows[0].failing && arrows[0].width > arrows[2].width && arrows[3].idle);
    assert.equal(pairs([edge("a", "b", 1), edge("a", "b", 2, { name: "y" })])[0].count, 3);
  });

  it("have a focus and a depth", () => {
    const edges = [edge("a", "b", 1), edge("b", "c", 1), edge("c", "d", 1)];
    assert.deepEqual(
      [1, 2, 3].map((depth) => near(edges, "a", depth).length),
      [1, 2, 3],
    );
    assert.equal(near(edges, "", 1).length, 3);
  });
});
