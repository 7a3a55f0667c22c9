// Forwarding to a real HTTP server.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import { forwarder } from "../forward.js";

const names = { appId: "shop", clientId: "superapp" };

/** A server that answers each request with the result of `reply` and records the requests. */
async function server(t, reply) {
  const asked = [];
  const http = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += chunk;
    const { method, url, headers } = request;
    asked.push({ method, url, headers, body: JSON.parse(text) });
    const { status = 200, body, cut } = reply(asked.length);
    if (cut) return request.socket.destroy();
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
  await new Promise((resolve) => http.listen(0, "127.0.0.1", resolve));
  t.after(() => (http.closeAllConnections(), http.close()));
  return { asked, url: `http://127.0.0.1:${http.address().port}/base` };
}

const event = () => ({ id: "pev_12345678", type: "buy", signal: new AbortController().signal });

test("an exchange is one POST with the event's id and returns the other app's answer", async (t) => {
  const { asked, url } = await server(t, () => ({ body: { id: "exc_1", answer: [1, null] } }));
  const one = event();
  assert.deepEqual(await forwarder({ ticket: "t1", to: "exchange", server: url }, names)({ sku: 1 }, one), [1, null]);
  assert.equal(one.serverId, "exc_1");
  const [{ method, url: path, headers, body }] = asked;
  assert.deepEqual([method, path], ["POST", "/base/api/v1/forward"]);
  assert.deepEqual(body, { to: "exchange", type: "buy", payload: { sku: 1 }, app_id: "shop", client_id: "superapp" });
  assert.equal(headers.authorization, "Ticket t1");
  assert.equal(headers["x-page-event-id"], "pev_12345678");
  assert.match(headers["idempotency-key"], /^pev_12345678\.pev_\w{8,28}$/);
  assert.equal(headers["content-type"], "application/json");
  assert.equal(headers.cookie, undefined);
});

test("a repeated id is the same event in one page and another event in another page", async (t) => {
  const { asked, url } = await server(t, () => ({ body: { id: "evt_1" } }));
  const mine = forwarder({ ticket: "t1", to: "publish", server: url }, names);
  await mine(1, event());
  await mine(1, event());
  await forwarder({ ticket: "t1", to: "publish", server: url }, names)(1, event());
  const [one, two, three] = asked.map(({ headers }) => headers["idempotency-key"]);
  assert.equal(one, two);
  assert.notEqual(one, three);
  assert.equal(new Set(asked.map(({ headers }) => headers["x-page-event-id"])).size, 1);
});

test("a publish returns the server's id", async (t) => {
  const { url } = await server(t, () => ({ body: { id: "evt_1" } }));
  assert.deepEqual(await forwarder({ ticket: "t1", to: "publish", server: url + "/" }, names)(1, event()), {
    id: "evt_1",
  });
});

test("one ticket serves many events, and is renewed once when it is refused", async (t) => {
  const { asked, url } = await server(t, (n) => (n === 3 ? { status: 401, body: {} } : { body: { id: `evt_${n}` } }));
  let tickets = 0;
  const forward = forwarder({ ticket: async () => `t${++tickets}`, to: "publish", server: url }, names);
  await forward(1, event());
  await forward(2, event());
  assert.deepEqual(await forward(3, event()), { id: "evt_4" });
  assert.deepEqual(
    asked.map(({ headers }) => headers.authorization),
    ["Ticket t1", "Ticket t1", "Ticket t1", "Ticket t2"],
  );
  assert.equal(new Set(asked.slice(2).map(({ headers }) => headers["idempotency-key"])).size, 1);
});

test("a ticket refused twice, or one that cannot be renewed, is an error", async (t) => {
  const { asked, url } = await server(t, () => ({
    status: 401,
    body: { error_code: "UNAUTHORIZED", error_message: "ticket expired" },
  }));
  const refused = {
    name: "ForwardError",
    status: 401,
    message: "the server answered 401 UNAUTHORIZED: ticket expired",
  };
  await assert.rejects(forwarder({ ticket: () => "t", to: "publish", server: url }, names)(1, event()), refused);
  assert.equal(asked.length, 2);
  await assert.rejects(forwarder({ ticket: "t", to: "publish", server: url }, names)(1, event()), refused);
  assert.equal(asked.length, 3);
});

test("a failed ticket request is an error, and the next event requests one again", async (t) => {
  const { url } = await server(t, () => ({ body: { id: "evt_1" } }));
  let calls = 0;
  const ticket = ({ id }) => {
    assert.equal(id, "pev_12345678");
    if (++calls === 1) throw new Error("back end is down");
    return "t";
  };
  const forward = forwarder({ ticket, to: "publish", server: url }, names);
  await assert.rejects(forward(1, event()), { name: "TicketError", message: "no ticket: back end is down" });
  assert.deepEqual(await forward(1, event()), { id: "evt_1" });
});

test("a broken connection is retried once with the same id", async (t) => {
  const { asked, url } = await server(t, (n) => (n === 1 ? { cut: true } : { body: { id: "exc_1", answer: 1 } }));
  assert.equal(await forwarder({ ticket: "t", to: "exchange", server: url }, names)(1, event()), 1);
  assert.equal(asked[0].headers["idempotency-key"], asked[1].headers["idempotency-key"]);
});

test("a failed exchange has the server's id too", async (t) => {
  const body = { error_code: "EVENT_DELIVERY_FAILED", error_message: "refused", exchange_id: "exc_7" };
  const { url } = await server(t, () => ({ status: 502, body }));
  const one = event();
  await assert.rejects(forwarder({ ticket: "t", to: "exchange", server: url }, names)(1, one), { status: 502 });
  assert.equal(one.serverId, "exc_7");
});

test("errors in all of the server's formats and an unreachable server are reported", async (t) => {
  const bodies = [
    [{ error_code: "EVENT_DELIVERY_FAILED", error_message: "refused" }, "EVENT_DELIVERY_FAILED: refused"],
    [{ code: 140, error: { message: "bad name" } }, "140: bad name"],
    [{ code: "too_large", detail: "too long" }, "too_large: too long"],
    [null, ": no readable answer"],
  ];
  const { url } = await server(t, (n) => ({ status: 502, body: bodies[n - 1][0] }));
  const forward = forwarder({ ticket: "t", to: "exchange", server: url }, names);
  for (const [, text] of bodies)
    await assert.rejects(forward(1, event()), { message: `the server answered 502 ${text}`, status: 502 });
  const nobody = forwarder({ ticket: "t", to: "exchange", server: "http://127.0.0.1:1" }, names);
  await assert.rejects(nobody(1, event()), { message: "the server cannot be reached", status: 502 });
});

test("an aborted event is not retried", async (t) => {
  const { asked, url } = await server(t, () => ({ cut: true }));
  const control = new AbortController();
  const ticket = () => (control.abort(), "t");
  await assert.rejects(
    forwarder({ ticket, to: "exchange", server: url }, names)(1, { ...event(), signal: control.signal }),
  );
  assert.equal(asked.length, 0);
});

test("wrong options are refused at once", () => {
  assert.throws(() => forwarder({ ticket: "t", to: "both" }, names), TypeError);
  assert.throws(() => forwarder({ ticket: "", to: "publish", server: "http://x" }, names), TypeError);
  assert.throws(() => forwarder({ ticket: "t", to: "publish", server: "not a url" }, names), TypeError);
});
