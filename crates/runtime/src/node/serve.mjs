// The HTTP server: listens, checks the run's secret, chooses the handler, and shuts down on SIGTERM.
import crypto from "node:crypto";
import http from "node:http";
import { handledEvent } from "./cause.mjs";
import { enterMount, takeHeader, takeUser } from "./request.mjs";
import { unhandled } from "./router.mjs";

/** Time for requests and the app's own clean-up after SIGTERM. The server kills the process a little later. */
const GRACE_MS = 8000;
/** Request header: the router that is to answer. */
const ROUTER = "footbridge-router";
const SECRET = "footbridge-run-secret";

/** The events of an HTTP server that carry a request. */
const REQUESTS = new Set(["request", "checkContinue", "checkExpectation", "upgrade", "connect"]);
const REFUSED = "Only the Footbridge server may connect to this port. Use the app's path under /x/ of that server.\n";

/**
 * Refuses every request without the secret of the run. Wraps `emit`, so it runs before all listeners, including those
 * that the app attaches.
 */
function checkSecret(server, { secret, mount }) {
  const digest = (text) => crypto.createHash("sha256").update(text).digest();
  const expected = digest(secret);
  const emit = server.emit;
  server.emit = function (name, ...args) {
    if (REQUESTS.has(name)) {
      const [request, answer] = args;
      const given = takeHeader(request, SECRET);
      if (given === undefined || !crypto.timingSafeEqual(digest(given), expected)) {
        refuse(answer);
        return true;
      }
      takeUser(request, answer);
      if (mount) enterMount(request, mount);
    }
    return emit.call(this, name, ...args);
  };
}

/** Answers 403 on a response, or on the socket of an upgrade request. */
function refuse(answer) {
  const head = { "content-type": "text/plain; charset=utf-8", connection: "close" };
  if (answer instanceof http.ServerResponse) answer.writeHead(403, head).end(REFUSED);
  else answer.end("HTTP/1.1 403 Forbidden\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
}

/** Shuts down on SIGTERM: refuses new connections, lets current requests end, closes idle connections. */
function closeOnTerm(server, sockets, requests) {
  const appHandlesIt = () => process.listenerCount("SIGTERM") > 1;
  // If the app handles SIGTERM itself, the process ends when the app has closed its last handle.
  const leave = () => {
    sockets.forEach((socket) => socket.destroy());
    if (!appHandlesIt()) process.exit(0);
  };
  process.on("SIGTERM", () => {
    setTimeout(() => process.exit(0), GRACE_MS).unref();
    server.close();
    server.closeIdleConnections();
    requests.closing = true;
    requests.ended = () => requests.count === 0 && leave();
    requests.ended();
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

/** Serves `main` and the routers on the port in PORT, or on a free port if that one is taken. Returns the port. */
export async function serve(main, routers, order) {
  const { server = http.createServer({ maxHeaderSize: 64 * 1024 }), answer, attach, upgrade } = main;
  const [sockets, requests] = [new Set(), { count: 0, closing: false, ended: () => {} }];
  // The Footbridge server closes idle connections. If this side did so too, it could close one while a request is on
  // its way, and that request would be lost.
  Object.assign(server, { keepAliveTimeout: 3_600_000, headersTimeout: 0, requestTimeout: 0 });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.on("request", (request, response) => {
    // Holds for all code that this request leads to. Only the server sets this header.
    handledEvent.enterWith(request.headers["webhook-id"]);
    requests.count += 1;
    // Otherwise a connection that is never idle would never be closed.
    if (requests.closing) response.shouldKeepAlive = false;
    response.once("close", () => {
      requests.count -= 1;
      requests.ended();
    });
    const name = takeHeader(request, ROUTER);
    if (name === undefined) answer(request, response);
    else if (routers.has(name)) routers.get(name)(request, response);
    else unhandled(name, response);
  });
  if (upgrade) server.on("upgrade", upgrade);
  await attach?.(server);
  checkSecret(server, order);
  closeOnTerm(server, sockets, requests);
  const port = Number(process.env.PORT) || 0;
  const useFreePort = (error) => {
    if (port === 0 || !["EADDRINUSE", "EACCES", "ERR_SOCKET_BAD_PORT"].includes(error.code)) throw error;
    return listen(server, 0);
  };
  return listen(server, port).catch(useFreePort);
}
