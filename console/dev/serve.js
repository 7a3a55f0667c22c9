// Serves the console's files as they are, with the policy of the real server, and passes the API on to a running
// `footbridge serve`. For developers: a change of a file shows after a reload, without a build.
//
//   FOOTBRIDGE_ADMIN_TOKEN=… node dev/serve.js [port] [--server http://127.0.0.1:4400]
import { createServer, request } from "node:http";
import { readdirSync, readFileSync } from "node:fs";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const words = process.argv.slice(2);
const server = new URL(words.includes("--server") ? words[words.indexOf("--server") + 1] : "http://127.0.0.1:4400");
const port = Number(words.find((word) => /^\d+$/.test(word)) ?? 4402);
const token = process.env.FOOTBRIDGE_ADMIN_TOKEN ?? "";

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; " +
  "form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";
const TYPES = { ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".html": "text/html" };

const PERMISSIONS =
  "overview.read events.read payloads.read apps.read apps.write secrets.rotate links.write hooks.write " +
  "deliveries.retry events.send jobs.run audit.read users.write settings.write";
/** The token is an owner's; there are no sessions here. */
const session = { user: { id: "token", name: "developer", role: "owner" }, permissions: PERMISSIONS.split(" ") };

const style = () =>
  readdirSync(join(root, "style"))
    .sort()
    .map((name) => readFileSync(join(root, "style", name), "utf8"))
    .join("\n");

function file(path) {
  if (path === "/style.css") return style();
  const full = normalize(join(root, path));
  if (!full.startsWith(root) || /node_modules|\/dev\/|\/test\//.test(path)) return null;
  try {
    return readFileSync(full);
  } catch {
    return null;
  }
}

const shell = () =>
  readFileSync(join(root, "index.html"), "utf8")
    .replaceAll("{{base}}", "")
    .replaceAll("{{version}}", "dev")
    .replaceAll("{{assets}}", "/console/dev")
    .replaceAll("{{preload}}", "");

function pass(incoming, response) {
  const headers = { ...incoming.headers, host: server.host, authorization: `Bearer ${token}` };
  delete headers.origin;
  const outgoing = request(new URL(incoming.url, server), { method: incoming.method, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  outgoing.on("error", () => (response.headersSent ? response.destroy() : response.writeHead(502).end()));
  response.on("close", () => outgoing.destroy());
  incoming.pipe(outgoing);
}

createServer((incoming, response) => {
  const { pathname } = new URL(incoming.url ?? "/", "http://console");
  if (pathname === "/api/v1/session") {
    response.writeHead(incoming.method === "DELETE" ? 204 : 200, { "content-type": "application/json" });
    return void response.end(incoming.method === "DELETE" ? "" : JSON.stringify(session));
  }
  if (/^\/(api|docs|openapi\.json)/.test(pathname)) return pass(incoming, response);
  const asset = /^\/console\/dev(\/.*)$/.exec(pathname)?.[1];
  const body = asset ? file(asset) : shell();
  const type = TYPES[asset ? extname(asset) : ".html"] ?? "application/octet-stream";
  response.writeHead(body ? 200 : 404, {
    "content-type": `${type}; charset=utf-8`,
    "content-security-policy": POLICY,
    "cache-control": "no-store",
  });
  response.end(body ?? "not found");
}).listen(port, "127.0.0.1", () => console.log(`console at http://127.0.0.1:${port}/, API of ${server.href}`));
