// Loads routers, and calls them as Express and Bolt do.
import crypto from "node:crypto";
import http from "node:http";
import { AppError, describe, isHandler, load, mountWithExpress, pick } from "./load.mjs";
import { enterMount, parseBody, takeHeader } from "./request.mjs";

/** Response header: the router did not handle the request. */
const ROUTER_NEXT = "footbridge-router-next";
/** Request header: the app that sent the request. */
const CALLER = "footbridge-caller";
/** The value of `CALLER` for a token that belongs to no app. */
const UNKNOWN_CALLER = "?";
const APP_TOKEN = "x-bolt-app-token";

/** Loads a router. Returns the function that answers requests to it. */
export async function prepareRouter({ dir, app, token, address }, { name, main, root }) {
  const { exported, found } = await load(dir, main);
  const router = pick(exported, isHandler);
  if (!router) {
    const what = describe(exported);
    throw new AppError(`the router ${name} (${main}) exports ${what}; export a router: \`module.exports = router\``);
  }
  const mounted = mountWithExpress(found, root, router) ?? mountWithoutExpress(root, router);
  return async (request, response) => {
    await parseBody(request);
    const caller = takeHeader(request, CALLER);
    // The app that the server has authenticated; without one, the router's own app.
    request.appName = caller === undefined || caller === UNKNOWN_CALLER ? app : caller;
    request.bolt = { token, address };
    // Not enumerable, so that logging `request.bolt` does not reveal more than the app's own token.
    Object.defineProperty(request.bolt, "contextToAppTokenMap", { value: callerTokens(request, caller, { app, token }) });
    mounted(request, response, (error) => unhandled(name, response, error));
  };
}

/**
 * Bolt's modules look up the token of a request in a map with the tokens of all apps. This map contains only the
 * router's own app and the caller. The caller's token is a random value that is valid for this request only and is
 * also set as the request's token header.
 */
function callerTokens(request, caller, own) {
  const tokens = new Map([[own.app, own.token]]);
  if (caller === undefined) return tokens;
  const shown = caller === own.app ? own.token : crypto.randomBytes(12).toString("hex");
  if (caller !== UNKNOWN_CALLER) tokens.set(caller, shown);
  request.headers[APP_TOKEN] = shown;
  request.rawHeaders.push("X-Bolt-App-Token", shown);
  return tokens;
}

function mountWithoutExpress(root, router) {
  return (request, response, next) => {
    const { url } = request;
    if (!enterMount(request, root)) return next();
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

/**
 * Answers after a router called `next`. Without an error the answer tells the server to try the next router; with an
 * error it is the final answer.
 */
export function unhandled(name, response, error) {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.getHeaderNames().forEach((header) => response.removeHeader(header));
  if (!error || error === "router" || error === "route") {
    response.writeHead(404, { [ROUTER_NEXT]: "1", "content-length": 0 }).end();
    return;
  }
  console.error(`footbridge: the router ${name} failed: ${error?.stack ?? error}`);
  const wanted = Number(error?.status ?? error?.statusCode);
  const status = Number.isInteger(wanted) && wanted >= 400 && wanted <= 599 ? wanted : 500;
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8" }).end(http.STATUS_CODES[status] ?? "");
}
