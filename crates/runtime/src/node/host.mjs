// Runs one Node app for the server: `node host.mjs FD`, in the app's directory.
//
// FD is one end of a socket pair, and both sides speak lines of JSON over it. The server writes one:
//   {"app", "dir", "main": null | "file", "mount": null | "/x/<app>", "routers": [{"name", "main", "root", "order"}],
//    "token", "secret", "address"}
// The host answers {"ready": {"port"}} once it listens on 127.0.0.1, or {"failed": {"message"}}, and later
// perhaps {"crashed": {"message", "stack"}}; after either of these it exits with 70. When the server's end is
// closed the host dies at once, whatever the app is doing.
//
// What `main` may export:
//   - a request handler, such as an Express app: `module.exports = app` or `export default app`. It is listened
//     for. For WebSockets it may have two companions, as properties of the handler or as exports of the module:
//     `attach(server)` is given the HTTP server before it listens (`io.attach(server)`), and
//     `upgrade(request, socket, head)` is its `upgrade` listener;
//   - an `http.Server` that does not listen yet, with whatever was attached to it.
// A router exports what Express takes: `express.Router()` or `(request, response, next)`.
//
// Every request must carry `secret` as `footbridge-run-secret`, or it is answered 403: anybody on the machine may
// connect to the port. With `mount` the app sees its requests as Express shows them below a mount.
import { AsyncLocalStorage } from "node:async_hooks";
import crypto from "node:crypto";
import { subscribe } from "node:diagnostics_channel";
import fs from "node:fs";
import http from "node:http";
import https from "node:https";
import { createRequire, syncBuiltinESMExports } from "node:module";
import net from "node:net";
import path from "node:path";
import querystring from "node:querystring";
import { Readable } from "node:stream";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";

const EXIT_FAILED = 70;
/** How long requests and the app's own clean-up may take after SIGTERM; the server kills a little later. */
const GRACE_MS = 8000;
/** Bodies up to this are parsed for routers, which Bolt never gave an unparsed one. */
const BODY_MAX = 1024 * 1024;
const ROUTER = "footbridge-router";
const NOT_MINE = "footbridge-router-next";
const CALLER = "footbridge-caller";
/** What `CALLER` says of a token that is no app's. */
const NOBODY = "?";
const CAUSE = "footbridge-cause";
const SECRET = "footbridge-run-secret";
const APP_TOKEN = "x-bolt-app-token";

const fd = Number(process.argv[2]);
const again = new Int32Array(new SharedArrayBuffer(4));

/** Does `call`, as often as it takes on a descriptor that does not block. */
function blocking(call) {
  for (;;) {
    try {
      return call();
    } catch (error) {
      if (error.code !== "EAGAIN") throw error;
      Atomics.wait(again, 0, 0, 1);
    }
  }
}

function readLine() {
  const chunks = [];
  const chunk = Buffer.alloc(64 * 1024);
  for (;;) {
    const length = blocking(() => fs.readSync(fd, chunk, 0, chunk.length, null));
    if (length === 0) process.exit(EXIT_FAILED);
    chunks.push(Buffer.from(chunk.subarray(0, length)));
    if (chunk[length - 1] === 10) return JSON.parse(Buffer.concat(chunks).toString());
  }
}

function tell(message) {
  let bytes = Buffer.from(`${JSON.stringify(message)}\n`);
  try {
    while (bytes.length > 0) bytes = bytes.subarray(blocking(() => fs.writeSync(fd, bytes)));
  } catch {
    // The server is gone, and so is this process in a moment.
  }
}

/** An error that is the app's, in words for whoever wrote it. */
class Unfit extends Error {}

function fail(error) {
  const message = error instanceof Unfit ? error.message : (error?.stack ?? String(error));
  tell({ failed: { message } });
  process.exit(EXIT_FAILED);
}

/** Ends the process with the server. A thread of its own notices even while the app's never rests. */
function watchLifeline() {
  const source = `
    const { workerData } = require("node:worker_threads");
    const end = () => process.kill(process.pid, "SIGKILL");
    const line = new (require("node:net").Socket)({ fd: workerData, readable: true, writable: false });
    line.on("end", end).on("close", end).on("error", end).resume();`;
  const resourceLimits = { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 2 };
  new Worker(source, { eval: true, workerData: fd, env: {}, execArgv: [], resourceLimits }).unref();
}

// ---- Loading --------------------------------------------------------------------------------------------

/** Loads a file of the app and gives what it exports, and whether it began to listen meanwhile. */
async function load(dir, file) {
  const require = createRequire(path.join(dir, "package.json"));
  const listened = new Set();
  const listen = net.Server.prototype.listen;
  net.Server.prototype.listen = function (...args) {
    listened.add(this);
    return listen.apply(this, args);
  };
  try {
    const found = require.resolve(path.join(dir, file));
    return { exported: await loadFound(require, found), found, listened };
  } catch (error) {
    const missing = error?.code === "MODULE_NOT_FOUND" || error?.code === "ERR_MODULE_NOT_FOUND";
    const mend = missing ? `\nIf it is one of its dependencies, run \`npm install\` in ${dir}.` : "";
    throw new Unfit(`${file} could not be loaded: ${error?.stack ?? error}${mend}`);
  } finally {
    net.Server.prototype.listen = listen;
  }
}

async function loadFound(require, found) {
  try {
    return require(found);
  } catch (error) {
    if (error?.code !== "ERR_REQUIRE_ESM" && error?.code !== "ERR_REQUIRE_ASYNC_MODULE") throw error;
    return import(pathToFileURL(found).href);
  }
}

/** The export itself, or its `default`, or the `default` of that: compilers wrap once more. */
function pick(exported, fits) {
  return [exported, exported?.default, exported?.default?.default].find((candidate) => fits(candidate));
}

function describe(exported) {
  if (exported === null || exported === undefined) return String(exported);
  if (typeof exported !== "object") return `a ${typeof exported}`;
  const names = Object.keys(exported);
  return names.length === 0 ? "nothing" : `an object with ${names.slice(0, 5).join(", ")}`;
}

const isHandler = (value) => typeof value === "function";
const isServer = (value) => value instanceof http.Server;

const OWN_LISTENING =
  "export the app and leave `listen` to the server (`module.exports = app`), or have it started by " +
  '`"footbridge": {"command": ["node", "FILE"]}` and let it listen on the port that PORT names';

/** The app's HTTP server, not listening yet, and what answers its requests. */
async function prepareMain(dir, main) {
  const { exported, found, listened } = await load(dir, main);
  const given = pick(exported, isServer);
  if (given) {
    if (listened.has(given)) throw new Unfit(`${main} listens by itself; ${OWN_LISTENING}`);
    const handlers = given.listeners("request");
    given.removeAllListeners("request");
    const answer = (request, response) => handlers.forEach((handler) => handler.call(given, request, response));
    return { server: given, answer };
  }
  const handler = pick(exported, isHandler);
  if (!handler) {
    const what = listened.size > 0 ? "listens by itself and exports" : "exports";
    throw new Unfit(`${main} ${what} ${describe(exported)} where a request handler is wanted; ${OWN_LISTENING}`);
  }
  if (listened.size > 0) {
    console.error(`footbridge: ${main} listens by itself, where nobody asks; ${OWN_LISTENING}`);
  }
  const companion = (name) => pick([exported?.[name], handler[name]].find(isHandler), isHandler);
  return { answer: handler, attach: companion("attach"), upgrade: companion("upgrade"), found };
}

/**
 * What a system app of Bolt's finds: the app is told where it is mounted, bodies are parsed, and `request.bolt` is
 * empty. Bolt loads such an app into its own Express application.
 */
function mountMain(main, mount) {
  const isApp = isHandler(main.answer.handle) && isHandler(main.answer.set);
  if (isApp && main.found) mountWithExpress(main.found, mount, main.answer);
  const answer = async (request, response) => {
    await readBody(request);
    request.bolt = {};
    return main.answer(request, response);
  };
  return { ...main, answer };
}

// ---- Routers --------------------------------------------------------------------------------------------

async function prepareRouter({ dir, app, token, address }, { name, main, root }) {
  const { exported, found } = await load(dir, main);
  const router = pick(exported, isHandler);
  if (!router) {
    const what = describe(exported);
    throw new Unfit(`the router ${name} (${main}) exports ${what}; export a router: \`module.exports = router\``);
  }
  const mounted = mountWithExpress(found, root, router) ?? mountByHand(root, router);
  return async (request, response) => {
    await readBody(request);
    const caller = take(request, CALLER);
    // Who asks, as the server has proved it; the router's own app when nobody has.
    request.appName = caller === undefined || caller === NOBODY ? app : caller;
    request.bolt = { token, address };
    // Not listed: whoever writes `request.bolt` somewhere writes no token but the app's own.
    Object.defineProperty(request.bolt, "contextToAppTokenMap", { value: introduce(request, caller, { app, token }) });
    mounted(request, response, (error) => passedOn(name, response, error));
  };
}

/**
 * Bolt's modules look for the token that a request carries in a map of the tokens of all apps. Here the map holds the
 * router's own app and the one that asks, and for that one a stand-in made for this request: it tells who asks, as the
 * server has proved it, and is good for nothing else.
 */
function introduce(request, caller, own) {
  const known = new Map([[own.app, own.token]]);
  if (caller === undefined) return known;
  const shown = caller === own.app ? own.token : crypto.randomBytes(12).toString("hex");
  if (caller !== NOBODY) known.set(caller, shown);
  request.headers[APP_TOKEN] = shown;
  request.rawHeaders.push("X-Bolt-App-Token", shown);
  return known;
}

/** A router gets `response.json` and the like from the app around it: one of its own Express. */
function mountWithExpress(found, root, router) {
  let express;
  try {
    express = createRequire(found)("express");
  } catch {
    return undefined;
  }
  const around = express();
  around.disable("x-powered-by");
  around.set("trust proxy", "loopback");
  around.use(root, router);
  return around;
}

/** Makes a request what Express makes of it below `root`; gives whether it lies there. */
function enter(request, root) {
  const { url } = request;
  const rest = url.slice(root.length);
  if (url.slice(0, root.length).toLowerCase() !== root.toLowerCase() || !/^([/?]|$)/.test(rest)) return false;
  Object.assign(request, { originalUrl: url, baseUrl: url.slice(0, root.length) });
  request.url = rest.startsWith("/") ? rest : `/${rest}`;
  return true;
}

function mountByHand(root, router) {
  return (request, response, next) => {
    const { url } = request;
    if (!enter(request, root)) return next();
    const restored = (error) => {
      Object.assign(request, { url, baseUrl: "" });
      next(error);
    };
    try {
      Promise.resolve(router(request, response, restored)).catch(restored);
    } catch (error) {
      restored(error);
    }
  };
}

/** `next()` out of a router: another one may want the request. `next(error)`: nobody gets it. */
function passedOn(name, response, error) {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.getHeaderNames().forEach((header) => response.removeHeader(header));
  if (!error || error === "router" || error === "route") {
    response.writeHead(404, { [NOT_MINE]: "1", "content-length": 0 }).end();
    return;
  }
  console.error(`footbridge: the router ${name} failed: ${error?.stack ?? error}`);
  const said = Number(error?.status ?? error?.statusCode);
  const status = Number.isInteger(said) && said >= 400 && said <= 599 ? said : 500;
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8" }).end(http.STATUS_CODES[status] ?? "");
}

const PARSERS = { "application/json": JSON.parse, "application/x-www-form-urlencoded": querystring.parse };

/**
 * Parses a small body into `request.body`, as Bolt did before any router, and puts it back: a router that reads
 * the stream, or brings a parser of its own, finds it untouched. What cannot be parsed is left to the router.
 */
async function readBody(request) {
  const type = String(request.headers["content-type"]).split(";", 1)[0].trim().toLowerCase();
  const parse = Object.hasOwn(PARSERS, type) ? PARSERS[type] : undefined;
  const length = request.headers["content-length"];
  if (!parse || length === "0" || Number(length) > BODY_MAX) return;
  if (length === undefined && request.headers["transfer-encoding"] === undefined) return;
  const body = await peek(request);
  if (body === undefined) return;
  try {
    request.body = parse(body.toString());
  } catch {
    // The router's own parser will say so better.
  }
}

/**
 * The whole body, without taking it; `undefined` when it is too large, empty or cut off. It is looked at on its way
 * into the stream, which nobody has read then: for Node and for the router it is as it came.
 */
function peek(request) {
  return new Promise((resolve) => {
    const chunks = [];
    let length = 0;
    const done = (whole) => {
      delete request.push;
      request.off("close", cut);
      resolve(whole && length > 0 ? Buffer.concat(chunks) : undefined);
    };
    const cut = () => done(false);
    request.once("close", cut);
    request.push = (chunk, encoding) => {
      if (chunk === null || length + chunk.length > BODY_MAX) {
        done(chunk === null);
        return request.push(chunk, encoding);
      }
      chunks.push(chunk);
      length += chunk.length;
      Readable.prototype.push.call(request, chunk, encoding);
      // However much waits already: this much is to come before anyone reads.
      return true;
    };
  });
}

/** The value of a header that the server wrote, taken out before the app sees the request. */
function take(request, header) {
  const value = request.headers[header];
  if (value === undefined) return undefined;
  delete request.headers[header];
  const raw = request.rawHeaders;
  for (let at = raw.length - 2; at >= 0; at -= 2) {
    if (raw[at].toLowerCase() === header) raw.splice(at, 2);
  }
  return value;
}

// ---- What follows from what -------------------------------------------------------------------------------

/** The id of the event that is being handled, wherever that leads. */
const handled = new AsyncLocalStorage();

/** Lets what the app publishes while it handles an event say so, unless it names a cause itself. */
function nameCauses(address) {
  const { host, origin } = new URL(address);
  const publishes = (there, path) => there && String(path).startsWith("/api/events/");
  for (const module of [http, https]) {
    const { request } = module;
    module.request = function (...args) {
      const made = request.apply(this, args);
      const cause = handled.getStore();
      if (cause && publishes(made.getHeader("host") === host, made.path) && !made.hasHeader(CAUSE)) {
        // Where the app has written the whole head itself it is too late, and its own affair.
        if (!made.headersSent && !made._header) made.setHeader(CAUSE, cause);
      }
      return made;
    };
  }
  syncBuiltinESMExports();
  subscribe("undici:request:create", ({ request }) => {
    const cause = handled.getStore();
    const named = () => String(request.headers).toLowerCase().includes(CAUSE);
    if (cause && publishes(String(request.origin) === origin, request.path) && !named()) request.addHeader(CAUSE, cause);
  });
}

// ---- Serving --------------------------------------------------------------------------------------------

/** The events of an HTTP server that bring a request. */
const REQUESTS = new Set(["request", "checkContinue", "checkExpectation", "upgrade", "connect"]);
const REFUSED = "This port is the server's alone. The app is reached under /x/ of its Footbridge server.\n";

/**
 * Lets no request through that does not carry the secret of the run. It stands before every listener, since an app
 * may attach its own.
 */
function guard(server, { secret, mount }) {
  const digest = (text) => crypto.createHash("sha256").update(text).digest();
  const wanted = digest(secret);
  const emit = server.emit;
  server.emit = function (name, ...args) {
    if (REQUESTS.has(name)) {
      const [request, answer] = args;
      const given = take(request, SECRET);
      if (given === undefined || !crypto.timingSafeEqual(digest(given), wanted)) {
        refuse(answer);
        return true;
      }
      if (mount) enter(request, mount);
    }
    return emit.call(this, name, ...args);
  };
}

/** Answers 403 with a response, or with a socket that was to switch protocols. */
function refuse(answer) {
  const head = { "content-type": "text/plain; charset=utf-8", connection: "close" };
  if (answer instanceof http.ServerResponse) answer.writeHead(403, head).end(REFUSED);
  else answer.end("HTTP/1.1 403 Forbidden\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
}

/** Closes down on SIGTERM: no new connections, what is under way ends, what waits is dropped. */
function closeOnTerm(server, sockets, underWay) {
  const appHandlesIt = () => process.listenerCount("SIGTERM") > 1;
  // When the app cleans up by itself the process ends with its last handle.
  const leave = () => {
    sockets.forEach((socket) => socket.destroy());
    if (!appHandlesIt()) process.exit(0);
  };
  process.on("SIGTERM", () => {
    setTimeout(() => process.exit(0), GRACE_MS).unref();
    server.close();
    server.closeIdleConnections();
    underWay.closing = true;
    underWay.ended = () => underWay.count === 0 && leave();
    underWay.ended();
  });
}

function listen(server, port) {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      server.off("error", reject);
      resolve(server.address().port);
    });
  });
}

async function serve(main, routers, order) {
  const { server = http.createServer({ maxHeaderSize: 64 * 1024 }), answer, attach, upgrade } = main;
  const [sockets, underWay] = [new Set(), { count: 0, closing: false, ended: () => {} }];
  // The server's pool closes idle connections, and this side never does: one closed from here while a
  // request is on its way would lose it.
  Object.assign(server, { keepAliveTimeout: 3_600_000, headersTimeout: 0, requestTimeout: 0 });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.on("request", (request, response) => {
    // For this request and all that comes of it; the server alone sends this header.
    handled.enterWith(request.headers["webhook-id"]);
    underWay.count += 1;
    // A connection that is never idle would never be closed.
    if (underWay.closing) response.shouldKeepAlive = false;
    response.once("close", () => {
      underWay.count -= 1;
      underWay.ended();
    });
    const name = take(request, ROUTER);
    if (name === undefined) answer(request, response);
    else if (routers.has(name)) routers.get(name)(request, response);
    else passedOn(name, response);
  });
  if (upgrade) server.on("upgrade", upgrade);
  await attach?.(server);
  guard(server, order);
  closeOnTerm(server, sockets, underWay);
  const port = Number(process.env.PORT) || 0;
  const free = (error) => {
    if (port === 0 || !["EADDRINUSE", "EACCES", "ERR_SOCKET_BAD_PORT"].includes(error.code)) throw error;
    return listen(server, 0);
  };
  return listen(server, port).catch(free);
}

process.on("uncaughtException", (error) => {
  // An app that listens for these itself wants to go on.
  if (process.listenerCount("uncaughtException") > 1) return;
  console.error(error);
  tell({ crashed: { message: String(error?.message ?? error), stack: String(error?.stack ?? "") } });
  process.exit(EXIT_FAILED);
});

try {
  const order = readLine();
  watchLifeline();
  process.title = `footbridge ${order.app}`;
  process.argv.splice(1, 2, path.join(order.dir, order.main ?? ""));
  nameCauses(order.address);
  const nobody = { answer: (_, response) => response.writeHead(404, { "content-length": 0 }).end() };
  const loaded = order.main === null ? nobody : await prepareMain(order.dir, order.main);
  const main = order.mount ? mountMain(loaded, order.mount) : loaded;
  const routers = new Map();
  for (const router of order.routers) routers.set(router.name, await prepareRouter(order, router));
  tell({ ready: { port: await serve(main, routers, order) } });
} catch (error) {
  fail(error);
}
