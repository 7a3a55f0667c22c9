import assert from "node:assert/strict";
import http from "node:http";
import { createRequire } from "node:module";
import net from "node:net";
import path from "node:path";
import { once } from "node:events";
import { test } from "node:test";
import { SECRET, ask, askBare, start, until, write } from "./harness.mjs";

const SHOWS = `(request, response) => response.end(JSON.stringify({
  url: request.url, bolt: request.bolt === undefined, headers: request.headers, raw: request.rawHeaders }))`;

for (const version of [4, 5]) {
  test(`an Express ${version} app answers`, async (t) => {
    const text = `const app = require("express")(); app.use(${SHOWS}); module.exports = app;`;
    const host = await start(t, write(version, { "bolt-server.js": text }), { main: "bolt-server" });
    const answer = await ask(host, "/x?y=1", { headers: { "Footbridge-Delivery-Id": "dlv_1" } });
    const seen = JSON.parse(answer.text);
    assert.deepEqual([answer.status, seen.url, seen.bolt], [200, "/x?y=1", true]);
    assert.equal(seen.headers["footbridge-delivery-id"], "dlv_1");
    const other = await ask(host, "/x", { headers: { "footbridge-router": "nobody" } });
    assert.deepEqual([other.status, other.headers["footbridge-router-next"], other.text], [404, "1", ""]);
  });
}

test("a handler may be exported in every usual way", async (t) => {
  for (const [file, text] of [
    ["main.mjs", `export default ${SHOWS};`],
    ["main.cjs", `module.exports = ${SHOWS};`],
    ["main.js", `Object.defineProperty(exports, "__esModule", { value: true }); exports.default = ${SHOWS};`],
  ]) {
    const host = await start(t, write(undefined, { [file]: text }), { main: file });
    assert.equal((await ask(host, "/")).status, 200, file);
  }
  const awaits = `await new Promise((resolve) => setTimeout(resolve, 1)); export default ${SHOWS};`;
  const files = { "package.json": `{"type": "module"}`, "main.js": awaits };
  assert.equal((await ask(await start(t, write(undefined, files), { main: "main.js" }), "/")).status, 200);
});

test("an app that cannot be loaded is reported with the reason", async (t) => {
  for (const [text, ...parts] of [
    [`require("not-there")`, "main.js could not be loaded", "'not-there'", "npm install"],
    [`require("express")`, "npm install"],
    [`const x = ;`, "main.js could not be loaded", "SyntaxError", "main.js:1"],
    [`throw new Error("no database")`, "no database", "main.js:1"],
    [`module.exports = { routes: 1 }`, "exports an object with routes instead of a request handler", "module.exports = app"],
    [``, "exports nothing"],
    [`require("http").createServer().listen(0)`, "calls `listen` itself and exports nothing", "PORT"],
    [`module.exports = require("http").createServer().listen(0)`, "main.js calls `listen` itself", "do not call `listen`"],
  ]) {
    const host = await start(t, write(undefined, { "main.js": text }), { main: "main.js" });
    for (const part of parts) assert.ok(host.first.failed.message.includes(part), `${part}: ${host.first.failed.message}`);
    assert.deepEqual(await host.ended, { code: 70, signal: null });
  }
  const host = await start(t, write(undefined, { "r.js": "exports.x = 1" }), {
    routers: [{ name: "api", main: "r.js", root: "/api/x" }],
  });
  assert.match(host.first.failed.message, /the router api \(r\.js\) exports an object with x; export a router/);
});

test("an app that also listens itself is served, with a warning", async (t) => {
  const text = `const server = require("http").createServer(); server.listen(0); module.exports = ${SHOWS};`;
  const host = await start(t, write(undefined, { "main.js": text }), { main: "main.js" });
  assert.equal((await ask(host, "/")).status, 200);
  await until(() => host.output().includes("main.js calls `listen` itself, on a port that nothing uses"));
});

test("a crash is reported with its stack", async (t) => {
  const text = (event) => `${event} module.exports = () => setImmediate(() => { throw new Error("boom"); });`;
  for (const [event, survives] of [["", false], [`process.on("uncaughtException", () => console.log("kept"));`, true]]) {
    const host = await start(t, write(undefined, { "main.js": text(event) }), { main: "main.js" });
    ask(host, "/").catch(() => {});
    if (survives) {
      await until(() => host.output().includes("kept"));
      assert.equal(host.child.exitCode, null);
    } else {
      const { crashed } = await host.said();
      assert.equal(crashed.message, "boom");
      assert.match(crashed.stack, /main\.js:1/);
      assert.equal((await host.ended).code, 70);
    }
  }
  const rejects = `module.exports = async () => { throw new Error("async boom"); };`;
  const host = await start(t, write(undefined, { "main.js": rejects }), { main: "main.js" });
  ask(host, "/").catch(() => {});
  assert.equal((await host.said()).crashed.message, "async boom");
});

test("the host listens on PORT if that port is free", async (t) => {
  const dir = write(undefined, { "main.js": `module.exports = ${SHOWS}` });
  const taken = net.createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const { port } = taken.address();
  const beside = await start(t, dir, { main: "main.js", env: { PORT: String(port) } });
  assert.notEqual(beside.port, port);
  taken.close();
  await once(taken, "close");
  const host = await start(t, dir, { main: "main.js", env: { PORT: String(port) } });
  assert.equal(host.port, port);
  assert.equal((await ask(host, "/")).status, 200);
});

test("on SIGTERM current requests end and idle connections are closed", async (t) => {
  const text = `module.exports = (request, response) => {
    if (request.url === "/slow") { console.log("asked"); process.once("SIGUSR2", () => response.end("done")); }
    else response.end("quick"); };`;
  const host = await start(t, write(undefined, { "main.js": text }), { main: "main.js" });
  const agent = new http.Agent({ keepAlive: true });
  t.after(() => agent.destroy());
  await ask(host, "/", { agent });
  const slow = ask(host, "/slow");
  await until(() => host.output().includes("asked"));
  host.child.kill("SIGTERM");
  await assert.rejects(async () => {
    for (;;) await ask(host, "/");
  });
  assert.equal(host.child.exitCode, null);
  host.child.kill("SIGUSR2");
  assert.equal((await slow).text, "done");
  assert.deepEqual(await host.ended, { code: 0, signal: null });
});

test("an app may handle SIGTERM itself", async (t) => {
  const text = `const timer = setInterval(() => {}, 1000); process.on("SIGTERM", () => setImmediate(() => {
    clearInterval(timer); console.log("cleaned"); })); module.exports = ${SHOWS};`;
  const host = await start(t, write(undefined, { "main.js": text }), { main: "main.js" });
  host.child.kill("SIGTERM");
  assert.deepEqual(await host.ended, { code: 0, signal: null });
  await until(() => host.output().includes("cleaned"));
});

test("the host ends with the server, even while the app is busy", async (t) => {
  const text = `module.exports = () => { console.log("busy"); for (;;); };`;
  const host = await start(t, write(undefined, { "main.js": text }), { main: "main.js" });
  ask(host, "/").catch(() => {});
  await until(() => host.output().includes("busy"));
  host.control.destroy();
  assert.equal((await host.ended).signal, "SIGKILL");
  const early = await start(t, write(undefined, { "main.js": `console.log("loading"); for (;;);` }), {
    main: "main.js", early: true,
  });
  await until(() => early.output().includes("loading"));
  early.control.destroy();
  assert.equal((await early.ended).signal, "SIGKILL");
});

test("WebSockets work with attach, with a server and with upgrade", async (t) => {
  const modules = createRequire(path.join(process.env.HOST_TEST_MODULES, "express5", "package.json"));
  const { WebSocket } = modules("ws");
  const echo = `const { WebSocketServer } = require("ws");
    const on = (options) => new WebSocketServer(options).on("connection", (s) => s.on("message", (m) => s.send("echo " + m)));`;
  for (const text of [
    `${echo} const app = require("express")(); app.attach = (server) => on({ server }); module.exports = app;`,
    `${echo} const http = require("http"); const server = http.createServer(${SHOWS}); on({ server }); module.exports = server;`,
    `${echo} const all = on({ noServer: true }); exports.default = ${SHOWS};
     exports.upgrade = (q, s, h) => all.handleUpgrade(q, s, h, (ws) => all.emit("connection", ws, q));`,
  ]) {
    const host = await start(t, write(5, { "main.js": text }), { main: "main.js" });
    const socket = new WebSocket(`ws://127.0.0.1:${host.port}/chat`, { headers: SECRET });
    await once(socket, "open");
    socket.send("hi");
    assert.equal(String((await once(socket, "message"))[0]), "echo hi");
    assert.equal((await ask(host, "/")).status, text.includes("express") ? 404 : 200);
    const closed = once(socket, "close");
    host.child.kill("SIGTERM");
    await closed;
    assert.deepEqual(await host.ended, { code: 0, signal: null });
  }
  const io = `const app = require("express")(); app.attach = (s) => new (require("socket.io").Server)(s); module.exports = app;`;
  const host = await start(t, write(5, { "main.js": io }), { main: "main.js" });
  assert.match((await ask(host, "/socket.io/?EIO=4&transport=polling")).text, /"sid":/);
});

test("requests without the run's secret do not reach the app", async (t) => {
  const modules = createRequire(path.join(process.env.HOST_TEST_MODULES, "express5", "package.json"));
  const { WebSocket } = modules("ws");
  const notes = `const note = (what) => console.log("reached " + what); const http = require("http");`;
  const shows = `(request, response) => { note(request.url); (${SHOWS})(request, response); }`;
  for (const [version, text] of [
    [undefined, `${notes} exports.default = ${shows}; exports.upgrade = (q, s) => { note("upgrade"); s.destroy(); };`],
    [undefined, `${notes} const server = http.createServer(${shows}).on("upgrade", (q, s) => { note("upgrade"); s.destroy(); })
      .on("checkContinue", ${shows}); module.exports = server;`],
    [5, `${notes} const app = require("express")(); app.use(${shows});
      app.attach = (s) => { s.on("request", () => note("listener")); new (require("socket.io").Server)(s); }; module.exports = app;`],
  ]) {
    const host = await start(t, write(version, { "main.js": text }), { main: "main.js" });
    const post = { method: "POST", body: "{}" };
    for (const headers of [{}, { "footbridge-run-secret": "" }, { "footbridge-run-secret": "run-secreT" },
      { "footbridge-run-secret": ["run-secret", "run-secret"] }, { "footbridge-run_secret": "run-secret" },
      { "footbridge-router": "api", "footbridge-caller": "bolt" }, { origin: "http://evil.example" }]) {
      for (const words of [{}, post, { ...post, headers: { expect: "100-continue" } }]) {
        const answer = await askBare(host, "/hooks/starting", { ...words, headers: { ...headers, ...words.headers } });
        assert.deepEqual([answer.status, answer.text.includes("/x/")], [403, true], JSON.stringify(headers));
      }
    }
    assert.equal((await askBare(host, "/socket.io/?EIO=4&transport=polling")).status, 403);
    const socket = new WebSocket(`ws://127.0.0.1:${host.port}/socket.io/?EIO=4&transport=websocket`);
    assert.match((await once(socket, "error"))[0].message, /403/);
    assert.ok(!host.output().includes("reached"), host.output());
    const answer = await ask(host, "/open", post);
    assert.equal(answer.status, 200);
    assert.ok(!answer.text.includes("secret"), answer.text);
    await until(() => host.output().includes("reached /open"));
  }
});

const MOUNTED = `(request, response) => response.end(JSON.stringify({ url: request.url, original: request.originalUrl,
  base: request.baseUrl, body: request.body, bolt: request.bolt }))`;

for (const version of [4, 5, undefined]) {
  test(`a system app sees its requests as below a mount, Express ${version}`, async (t) => {
    const text = version
      ? `const express = require("express"); const app = express(); let mounted;
         app.on("mount", (parent) => { mounted = app.mountpath; });
         app.get("/about", (q, s) => s.json({ mounted, path: q.path, ip: q.ip, protocol: q.protocol }));
         const inner = express.Router(); inner.use(${MOUNTED}); app.use("/inner", inner);
         app.post("/read", express.text({ type: "*/*" }), (q, s) => s.json(q.body));
         app.get("/none", (q, s, next) => next());
         app.use((q, s, next) => q.url === "/none" ? next() : (${MOUNTED})(q, s)); module.exports = app;`
      : `module.exports = ${MOUNTED};`;
    const host = await start(t, write(version, { "main.js": text }), { main: "main.js", mount: "/x/shop" });
    const seen = async (path, words) => JSON.parse((await ask(host, path, words)).text);
    for (const [path, url, base] of [
      ["/x/shop/hooks/a?b=1", "/hooks/a?b=1", "/x/shop"], ["/x/shop?q", "/?q", "/x/shop"], ["/x/Shop/", "/", "/x/Shop"],
      ["/x/shop//a//b/", "//a//b/", "/x/shop"], ["/x/shop/x/shop/a", "/x/shop/a", "/x/shop"],
    ]) {
      assert.deepEqual(await seen(path), { url, original: path, base, bolt: {} });
    }
    // Bolt parses bodies before any system app.
    const post = { method: "POST", body: `{"a":1}`, headers: { "content-type": "application/json" } };
    assert.deepEqual((await seen("/x/shop/hooks/a", post)).body, { a: 1 });
    if (version === undefined) return;
    const about = await seen("/x/shop/about", { headers: { "x-forwarded-for": "192.0.2.7", "x-forwarded-proto": "https" } });
    assert.deepEqual(about, { mounted: "/x/shop", path: "/about", ip: "192.0.2.7", protocol: "https" });
    const inner = await seen("/x/shop/inner/a");
    assert.deepEqual([inner.url, inner.base, inner.original], ["/a", "/x/shop/inner", "/x/shop/inner/a"]);
    assert.equal(await seen("/x/shop/read", post), `{"a":1}`);
    assert.equal((await ask(host, "/x/shop/none")).status, 404);
  });
}

test("an app that is not a system app sees full paths", async (t) => {
  const host = await start(t, write(undefined, { "main.js": `module.exports = ${MOUNTED};` }), { main: "main.js" });
  assert.deepEqual(JSON.parse((await ask(host, "/x/shop/a")).text), { url: "/x/shop/a" });
});
