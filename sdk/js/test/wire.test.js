// The checks of messages that need no browser.
import assert from "node:assert/strict";
import { test } from "node:test";

import { bucket, describe as toWire, failure, isId, json, newId, pinned, plain, warner } from "../wire.js";

test("JSON passes unchanged, as a copy", () => {
  const value = { a: [1, -0.5, "x", true, null, [], {}], "": { constructor: "Ferrari", prototype: 1 } };
  const copy = plain(value, 1000);
  assert.deepEqual(copy, value);
  assert.notEqual(copy.a, value.a);
  assert.deepEqual(plain([undefined, NaN, new Date(0)], 1000), [null, null, "1970-01-01T00:00:00.000Z"]);
  assert.deepEqual(plain({ a: undefined }, 1000), {});
});

test("a value whose JSON fits the limit is never refused", () => {
  for (const value of ["x".repeat(98), Array(49).fill(1), { abc: [{ d: "e" }], f: null }]) {
    const { length } = JSON.stringify(value);
    plain(value, length + 1);
    assert.throws(() => plain(value, length / 4), { name: "TooLargeError", status: 413 });
  }
});

test("a sent value is accepted with its message around it, up to the server's depth", () => {
  const nest = (levels) => (levels ? [nest(levels - 1)] : 1);
  plain({ event: { payload: json(nest(64)) } }, 1000);
  assert.throws(() => json(nest(65)), { name: "InvalidError", message: /nested deeper than 64/ });
  assert.throws(() => plain(nest(67), 1000), { name: "InvalidError" });
  assert.throws(() => json("x".repeat(2 ** 21)), { name: "TooLargeError", status: 413 });
});

test("an id is a string of 8 to 64 characters", () => {
  for (const id of ["order-01", "A_b-3456", "x".repeat(64)]) assert.ok(isId(id));
  for (const id of [undefined, null, true, "short", "a b c d e", "x".repeat(65), 12345678, ["aaaaaaaaa"], {}])
    assert.equal(isId(id), false, String(id));
});

test("keys that could pollute prototypes are dropped and named", () => {
  const dropped = [];
  const evil = JSON.parse('{"__proto__":{"x":1},"constructor":{"prototype":{"x":1},"y":2},"z":3}');
  const copy = plain(evil, 1000, (message, expected, key) => dropped.push(key));
  assert.deepEqual(copy, { constructor: { y: 2 }, z: 3 });
  assert.deepEqual(dropped, ["__proto__", "prototype"]);
  assert.equal(Object.getPrototypeOf(copy), Object.prototype);
});

test("only a complete origin is accepted", () => {
  assert.equal(pinned("https://shop.example/", "origin"), "https://shop.example");
  assert.equal(pinned("http://shop.example:8080", "origin"), "http://shop.example:8080");
  assert.equal(pinned("HTTPS://Shop.Example:443", "origin"), "https://shop.example");
  for (const bad of [
    "*",
    "null",
    null,
    undefined,
    "",
    "shop.example",
    "https://shop.example/app",
    "https://u@shop.example",
    "file:///",
    "data:,x",
  ])
    assert.throws(() => pinned(bad, "hostOrigin"), /hostOrigin must be one origin/);
});

test("anything that a handler throws is sent in Boxo's format", () => {
  const form = (error_reason, name = "Error", error_code = 500) => ({
    name,
    message: error_reason,
    data: {
      error_type: "client_error",
      error_data: { error_code, error_reason, error_description: `${name}: ${error_reason}` },
    },
  });
  assert.deepEqual(toWire(new RangeError("boom")), form("boom", "RangeError"));
  assert.deepEqual(toWire(failure("InvalidError", "no", 400)), form("no", "InvalidError", 400));
  assert.deepEqual(toWire("text"), form("text"));
  assert.deepEqual(toWire(new Error("x".repeat(1e6))), form("x".repeat(1000)));
  assert.deepEqual(toWire(undefined), form("undefined"));
  const boxo = { error_type: "canceled", payload: { by: "user" }, type: "buy" };
  assert.deepEqual(toWire(boxo), { name: "Error", message: "canceled", data: boxo });
  const cycle = { error_type: "x" };
  cycle.payload = cycle;
  assert.deepEqual(toWire(cycle), form("unreadable error"));
  assert.deepEqual(
    toWire({
      get message() {
        throw new Error("no");
      },
    }),
    form("unreadable error"),
  );
});

test("only JSON is sent", () => {
  assert.equal(json(undefined), null);
  assert.deepEqual(json({ at: new Date(0), f() {} }), { at: "1970-01-01T00:00:00.000Z" });
  assert.throws(() => json(() => {}), /a function is not JSON/);
  assert.throws(() => json(1n), TypeError);
});

test("a burst passes, then the rate", () => {
  const take = bucket({ rate: 0, burst: 3 });
  assert.deepEqual([take(), take(), take(), take()], [true, true, true, false]);
});

test("warnings are limited and counted, and a throwing handler interrupts nothing", async () => {
  const received = [];
  const warn = warner({ onwarning: (warning) => received.push(warning) });
  for (let i = 0; i < 1000; i++) warn("m", "e", "g");
  await null;
  assert.ok(received.length >= 50 && received.length < 100);
  assert.deepEqual(received[0], { message: "m", expected: "e", got: "g", missed: 0 });
  warner({ onwarning: null })("m", "e", "g");
});

test("ids are long and do not repeat", () => {
  const ids = new Set(Array.from({ length: 1000 }, newId));
  assert.equal(ids.size, 1000);
  for (const id of ids) assert.match(id, /^[\w-]{8,64}$/);
});
