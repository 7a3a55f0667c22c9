// Changes to a request before the app sees it: headers of the server, the path below a mount, the parsed body.
import { ServerResponse } from "node:http";
import querystring from "node:querystring";
import { Readable } from "node:stream";

/** The longest body that is parsed, in bytes. */
const BODY_MAX = 1024 * 1024;

const PARSERS = { "application/json": JSON.parse, "application/x-www-form-urlencoded": querystring.parse };

/** Removes a header that only the server may set, and returns its value. */
export function takeHeader(request, header) {
  const value = request.headers[header];
  if (value === undefined) return undefined;
  delete request.headers[header];
  const raw = request.rawHeaders;
  for (let at = raw.length - 2; at >= 0; at -= 2) {
    if (raw[at].toLowerCase() === header) raw.splice(at, 2);
  }
  return value;
}

/** Request header: the user who visits the app. */
const USER = "footbridge-user";

/**
 * Sets `request.user` to the user who visits the app, and `response.locals.user` for templates, as Bolt does. Only the
 * server sends the header, and `answer` is a socket if the request asks for a WebSocket.
 */
export function takeUser(request, answer) {
  const value = takeHeader(request, USER);
  if (value === undefined) return;
  request.user = JSON.parse(Buffer.from(value, "base64url").toString());
  if (answer instanceof ServerResponse) answer.locals = Object.assign(Object.create(null), { user: request.user });
}

/** Sets `url`, `baseUrl` and `originalUrl` as Express does below `root`. Returns false if the path is not below it. */
export function enterMount(request, root) {
  const { url } = request;
  const rest = url.slice(root.length);
  if (url.slice(0, root.length).toLowerCase() !== root.toLowerCase() || !/^([/?]|$)/.test(rest)) return false;
  Object.assign(request, { originalUrl: url, baseUrl: url.slice(0, root.length) });
  request.url = rest.startsWith("/") ? rest : `/${rest}`;
  return true;
}

/**
 * Parses a small body into `request.body`, as Bolt does before routers and system apps. The stream stays unread, so
 * the app can read it or use its own parser. Leaves `request.body` unset if the body cannot be parsed.
 */
export async function parseBody(request) {
  const type = String(request.headers["content-type"]).split(";", 1)[0].trim().toLowerCase();
  const parse = Object.hasOwn(PARSERS, type) ? PARSERS[type] : undefined;
  const length = request.headers["content-length"];
  if (!parse || length === "0" || Number(length) > BODY_MAX) return;
  if (length === undefined && request.headers["transfer-encoding"] === undefined) return;
  const body = await peekBody(request);
  if (body === undefined) return;
  try {
    request.body = parse(body.toString());
  } catch {
    // The app's own parser reports the error better.
  }
}

/**
 * Resolves to the complete body without consuming it; `undefined` if it is too large, empty or cut off. Copies the
 * chunks as Node pushes them into the stream, before anything reads them.
 */
function peekBody(request) {
  return new Promise((resolve) => {
    const chunks = [];
    let length = 0;
    const done = (complete) => {
      delete request.push;
      request.off("close", cut);
      resolve(complete && length > 0 ? Buffer.concat(chunks) : undefined);
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
      // Ignores back-pressure, because nothing reads the stream until the complete body has arrived.
      return true;
    };
  });
}
