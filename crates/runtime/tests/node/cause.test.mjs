import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import { test } from "node:test";
import { ask, start, write } from "./harness.mjs";

const PUBLISHES = `
const http = require("http");
const post = (url, headers) => new Promise((resolve) =>
  http.request(url, { method: "POST", headers }, (answer) => answer.resume().on("end", resolve)).end("{}"));
module.exports = (request, response) => {
  const to = (path) => request.headers["x-to"] + path;
  // As an app does that reads its body event by event, and goes on later.
  request.on("data", () => {}).on("end", () => setTimeout(async () => {
    await post(to("/api/events/by-request"));
    await fetch(to("/api/events/by-fetch"), { method: "POST", body: "{}" });
    await post(to("/api/events/own"), { "Footbridge-Cause": "evt_mine" });
    await fetch(to("/api/events/own-fetch"), { method: "POST", headers: { "Footbridge-Cause": "evt_mine" } });
    await post(to("/elsewhere"));
    const { request: named } = await import("node:http");
    await new Promise((resolve) => named(to("/api/events/named"), { method: "POST" }, resolve).end());
    response.end();
  }, 1));
};`;

test("an event published while handling another event names it as its cause", async (t) => {
  const seen = {};
  const server = http.createServer((request, response) => {
    seen[request.url] = request.headers["footbridge-cause"];
    response.end();
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.after(() => server.close());
  const address = `http://127.0.0.1:${server.address().port}`;
  const host = await start(t, write(undefined, { "main.js": PUBLISHES }), { main: "main.js", address });
  const handle = (headers) => ask(host, "/", { method: "POST", body: "{}", headers: { "x-to": address, ...headers } });

  await handle({ "webhook-id": "evt_1" });
  const own = { "/api/events/own": "evt_mine", "/api/events/own-fetch": "evt_mine", "/elsewhere": undefined };
  const by = (id) => ({ "/api/events/by-request": id, "/api/events/by-fetch": id, "/api/events/named": id, ...own });
  assert.deepEqual(seen, by("evt_1"));
  await handle({});
  assert.deepEqual(seen, by(undefined), "a visitor's request is not an event");
  await Promise.all(["evt_2", "evt_2"].map((id) => handle({ "webhook-id": id })));
  assert.deepEqual(seen, by("evt_2"));
});
