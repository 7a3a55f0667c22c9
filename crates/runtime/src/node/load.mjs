// Loads the app's files, and prepares what `main` exports to answer requests.
import http from "node:http";
import { createRequire } from "node:module";
import net from "node:net";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { parseBody } from "./request.mjs";

/** An error in the app, with a message for its author. */
export class AppError extends Error {}

/** Loads a file of the app. Returns its exports, its path, and the servers that began to listen while it was loaded. */
export async function load(dir, file) {
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
    const hint = missing ? `\nIf a dependency is missing, run \`npm install\` in ${dir}.` : "";
    throw new AppError(`${file} could not be loaded: ${error?.stack ?? error}${hint}`);
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

/** Finds what fits in the export, its `default`, or the `default` of that, which some compilers add. */
export function pick(exported, fits) {
  return [exported, exported?.default, exported?.default?.default].find((candidate) => fits(candidate));
}

/** Describes an export in an error message. */
export function describe(exported) {
  if (exported === null || exported === undefined) return String(exported);
  if (typeof exported !== "object") return `a ${typeof exported}`;
  const names = Object.keys(exported);
  return names.length === 0 ? "nothing" : `an object with ${names.slice(0, 5).join(", ")}`;
}

export const isHandler = (value) => typeof value === "function";
const isServer = (value) => value instanceof http.Server;

const OWN_LISTENING =
  "export the app and do not call `listen` (`module.exports = app`), or start the app with " +
  '`"footbridge": {"command": ["node", "FILE"]}` and listen on the port in PORT';

/** Loads `main`. Returns its HTTP server, if it exports one, and the function that answers requests. */
export async function prepareMain(dir, main) {
  const { exported, found, listened } = await load(dir, main);
  const server = pick(exported, isServer);
  if (server) {
    if (listened.has(server)) throw new AppError(`${main} calls \`listen\` itself; ${OWN_LISTENING}`);
    const handlers = server.listeners("request");
    server.removeAllListeners("request");
    const answer = (request, response) => handlers.forEach((handler) => handler.call(server, request, response));
    return { server, answer };
  }
  const handler = pick(exported, isHandler);
  if (!handler) {
    const what = listened.size > 0 ? "calls `listen` itself and exports" : "exports";
    throw new AppError(`${main} ${what} ${describe(exported)} instead of a request handler; ${OWN_LISTENING}`);
  }
  if (listened.size > 0) {
    console.error(`footbridge: ${main} calls \`listen\` itself, on a port that nothing uses; ${OWN_LISTENING}`);
  }
  const companion = (name) => pick([exported?.[name], handler[name]].find(isHandler), isHandler);
  return { answer: handler, attach: companion("attach"), upgrade: companion("upgrade"), found };
}

/**
 * Prepares a system app as Bolt does, which mounts it in its own Express app: the app emits `mount`, bodies are parsed,
 * and `request.bolt` is an empty object.
 */
export function mountMain(main, mount) {
  const isApp = isHandler(main.answer.handle) && isHandler(main.answer.set);
  if (isApp && main.found) mountWithExpress(main.found, mount, main.answer);
  const answer = async (request, response) => {
    await parseBody(request);
    request.bolt = {};
    return main.answer(request, response);
  };
  return { ...main, answer };
}

/**
 * Mounts a router or an app in a new Express app, with the version of Express that `found` loads. This gives routers
 * `response.json` and the like. Returns `undefined` if there is no Express.
 */
export function mountWithExpress(found, root, router) {
  let express;
  try {
    express = createRequire(found)("express");
  } catch {
    return undefined;
  }
  const app = express();
  app.disable("x-powered-by");
  app.set("trust proxy", "loopback");
  app.use(root, router);
  return app;
}
