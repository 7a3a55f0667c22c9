// Runs one Node app for the server: `node host.mjs FD`, in the app's directory.
//
// FD is one end of a socket pair. Both sides send lines of JSON over it. The server sends one line:
//   {"app", "dir", "main": null | "file", "mount": null | "/x/<app>", "routers": [{"name", "main", "root", "order"}],
//    "token", "secret", "address"}
// The host answers {"ready": {"port"}} when it listens on 127.0.0.1, or {"failed": {"message"}}. Later it may send
// {"crashed": {"message", "stack"}}. After `failed` and `crashed` it exits with code 70. When the server closes its
// end, the host is killed at once, even while the app's code is busy.
//
// `main` may export:
//   - a request handler, such as an Express app: `module.exports = app` or `export default app`. The host creates the
//     HTTP server. For WebSockets, the handler or the module may have two more properties: `attach(server)` gets the
//     HTTP server before it listens (`io.attach(server)`); `upgrade(request, socket, head)` is its `upgrade` listener;
//   - an `http.Server` that does not listen yet, with everything that is attached to it.
// A router exports what Express accepts: `express.Router()` or `(request, response, next)`.
//
// A system app finds the user who visits it in `request.user`, if the server tells apps.
//
// Every request must carry `secret` as `footbridge-run-secret`; otherwise the host answers 403, because any program on
// the machine can connect to the port. With `mount`, the app sees its requests as Express shows them below a mount.
import path from "node:path";
import { nameCauses } from "./cause.mjs";
import { EXIT_FAILED, readLine, send, watchLifeline } from "./channel.mjs";
import { AppError, mountMain, prepareMain } from "./load.mjs";
import { prepareRouter } from "./router.mjs";
import { serve } from "./serve.mjs";

process.on("uncaughtException", (error) => {
  // An app with its own listener wants to continue.
  if (process.listenerCount("uncaughtException") > 1) return;
  console.error(error);
  send({ crashed: { message: String(error?.message ?? error), stack: String(error?.stack ?? "") } });
  process.exit(EXIT_FAILED);
});

try {
  const order = readLine();
  watchLifeline();
  process.title = `footbridge ${order.app}`;
  process.argv.splice(1, 2, path.join(order.dir, order.main ?? ""));
  nameCauses(order.address);
  const notFound = { answer: (_, response) => response.writeHead(404, { "content-length": 0 }).end() };
  const loaded = order.main === null ? notFound : await prepareMain(order.dir, order.main);
  const main = order.mount ? mountMain(loaded, order.mount) : loaded;
  const routers = new Map();
  for (const router of order.routers) routers.set(router.name, await prepareRouter(order, router));
  send({ ready: { port: await serve(main, routers, order) } });
} catch (error) {
  const message = error instanceof AppError ? error.message : (error?.stack ?? String(error));
  send({ failed: { message } });
  process.exit(EXIT_FAILED);
}
