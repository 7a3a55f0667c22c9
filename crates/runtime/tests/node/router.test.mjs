import assert from "node:assert/strict";
import { test } from "node:test";
import { ask, start, write } from "./harness.mjs";

const ROOT = "/api/shop";
const AT = { "footbridge-router": "api" };
const SEES = `(request, response) => response.end(JSON.stringify({ url: request.url, original: request.originalUrl,
  base: request.baseUrl, bolt: request.bolt, app: request.appName, body: request.body,
  header: request.headers["footbridge-router"], raw: request.rawHeaders.join().includes("footbridge") }))`;
const HANDLER = `(request, response, next) => {
  response.setHeader("x-left", "over");
  if (request.url === "/next") return next();
  if (request.url === "/fail") return next(new Error("broken"));
  if (request.url === "/teapot") return next(Object.assign(new Error("short"), { status: 418 }));
  const chunks = [];
  if (request.url === "/stream") {
    request.on("data", (chunk) => chunks.push(chunk));
    return request.on("end", () => response.end(String(Buffer.concat(chunks).length)));
  }
  (${SEES})(request, response);
}`;

const routers = (main) => [{ name: "api", main, root: ROOT }];

async function each(t, run) {
  for (const version of [4, 5, undefined]) {
    const text = version
      ? `const router = require("express").Router(); router.use(${HANDLER}); module.exports = router;`
      : `module.exports = ${HANDLER};`;
    await t.test(`Express ${version}`, async (inner) => {
      await run(await start(inner, write(version, { "r.js": text }), { routers: routers("r.js") }), version);
    });
  }
}

test("a router is called as if Express had mounted it", (t) =>
  each(t, async (host) => {
    for (const [path, url, base] of [
      ["/api/shop/a?b=1", "/a?b=1", "/api/shop"],
      ["/api/shop", "/", "/api/shop"],
      ["/api/shop?x=1", "/?x=1", "/api/shop"],
      ["/API/Shop/a", "/a", "/API/Shop"],
    ]) {
      const seen = JSON.parse((await ask(host, path, { headers: AT })).text);
      assert.deepEqual(seen, {
        url, original: path, base, bolt: { token: "t0ken", address: "http://127.0.0.1:1" }, app: "shop", raw: false,
      });
    }
    assert.equal((await ask(host, "/api/shop/a")).status, 404, "an app without main answers nothing else");
  }));

test("a request that a router passes on is distinguished from its own 404", (t) =>
  each(t, async (host) => {
    for (const path of ["/api/shop/next", "/api/shopping", "/other"]) {
      const answer = await ask(host, path, { headers: AT });
      assert.deepEqual([answer.status, answer.text, answer.headers["footbridge-router-next"]], [404, "", "1"], path);
      assert.equal(answer.headers["x-left"], undefined);
    }
    for (const [path, status] of [["/api/shop/fail", 500], ["/api/shop/teapot", 418]]) {
      const answer = await ask(host, path, { headers: AT });
      assert.equal(answer.status, status);
      assert.equal(answer.headers["footbridge-router-next"], undefined);
      assert.ok(!answer.text.includes("Error:"), "no stack for strangers");
    }
  }));

test("bodies are parsed and the stream stays unread", (t) =>
  each(t, async (host) => {
    const post = (path, type, body, chunked) =>
      ask(host, path, { method: "POST", body, chunked, headers: { ...AT, ...(type && { "content-type": type }) } });
    const seen = async (...words) => JSON.parse((await post("/api/shop/a", ...words)).text).body;
    assert.deepEqual(await seen("application/json; charset=utf-8", `{"a":[1]}`), { a: [1] });
    assert.deepEqual(await seen("application/json", `{"a":[1]}`, true), { a: [1] });
    assert.deepEqual(await seen("application/x-www-form-urlencoded", "a=1&b=x+y"), { a: "1", b: "x y" });
    assert.equal(await seen("application/json", "{nonsense"), undefined);
    assert.equal(await seen("application/json", ""), undefined);
    assert.equal(await seen("text/plain", "{}"), undefined);
    for (const length of [2, 100_000, 1024 * 1024, 1024 * 1024 + 1]) {
      for (const chunked of [false, true]) {
        const body = `"${"x".repeat(length - 2)}"`;
        assert.equal((await post("/api/shop/stream", "application/json", body, chunked)).text, String(length));
      }
    }
  }));

test("a router's own parsers work", async (t) => {
  for (const version of [4, 5]) {
    const text = `const express = require("express"); const router = express.Router();
      router.post("/json", express.json({ verify: (request, _, raw) => (request.raw = String(raw)) }),
        (request, response) => response.json({ body: request.body, raw: request.raw }));
      router.post("/text", express.text({ type: "*/*" }), (request, response) => response.json(request.body));
      module.exports = router;`;
    const host = await start(t, write(version, { "r.js": text }), { routers: routers("r") });
    const headers = { ...AT, "content-type": "application/json" };
    const post = (path, body) => ask(host, path, { method: "POST", headers, body });
    assert.deepEqual(JSON.parse((await post("/api/shop/json", `{ "a": 1 }`)).text), { body: { a: 1 }, raw: `{ "a": 1 }` });
    assert.equal((await post("/api/shop/json", `{`)).status, 400);
    assert.equal(JSON.parse((await post("/api/shop/text", `{ "a": 1 }`)).text), `{ "a": 1 }`);
  }
});

test("a router identifies its caller as Bolt's modules do", async (t) => {
  // Written after what `bolt-internal-checks` does with a request.
  const text = `module.exports = (request, response) => {
    const given = request.headers["x-bolt-app-token"];
    const known = [...request.bolt.contextToAppTokenMap].find(([, token]) => token === given);
    response.end(JSON.stringify({ given, raw: request.rawHeaders.includes(given ?? "none"), who: known && known[0], app: request.appName,
      all: [...request.bolt.contextToAppTokenMap.keys()], bolt: request.bolt, seen: JSON.stringify(request.headers) }));
  };`;
  const host = await start(t, write(undefined, { "r.js": text }), { routers: routers("r.js") });
  const seen = async (headers) => JSON.parse((await ask(host, "/api/shop/a", { headers: { ...AT, ...headers } })).text);
  const pen = await seen({ "footbridge-caller": "pen" });
  assert.deepEqual([pen.who, pen.app, pen.all, pen.raw], ["pen", "pen", ["shop", "pen"], true]);
  assert.ok(!pen.seen.includes("footbridge-"), pen.seen);
  assert.match(pen.given, /^[0-9a-f]{24}$/);
  assert.deepEqual(pen.bolt, { token: "t0ken", address: "http://127.0.0.1:1" });
  assert.notEqual((await seen({ "footbridge-caller": "pen" })).given, pen.given, "good for one request");
  const own = await seen({ "footbridge-caller": "shop" });
  assert.deepEqual([own.who, own.given], ["shop", "t0ken"]);
  const wrong = await seen({ "footbridge-caller": "?" });
  assert.deepEqual([wrong.who, wrong.app, typeof wrong.given], [undefined, "shop", "string"]);
  const none = await seen({});
  assert.deepEqual([none.who, none.given, none.app], [undefined, undefined, "shop"]);
});
