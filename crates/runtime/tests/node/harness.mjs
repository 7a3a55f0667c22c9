// Starts the Node host as the server does, with apps in directories from which Express can be loaded.
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import readline from "node:readline";
import { fileURLToPath } from "node:url";

const HOST = fileURLToPath(new URL("../../src/node/host.mjs", import.meta.url));
/** The directory with `express4/node_modules` and `express5/node_modules`. */
const MODULES = process.env.HOST_TEST_MODULES;

/** Writes an app that can load this version of Express, or none. */
export function write(version, files) {
  const above = path.join(MODULES, version === undefined ? "none" : `express${version}`);
  fs.mkdirSync(above, { recursive: true });
  const dir = fs.mkdtempSync(path.join(above, "app-"));
  process.on("exit", () => fs.rmSync(dir, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) fs.writeFileSync(path.join(dir, name), text);
  return dir;
}

/** Starts a host. Returns its first message (unless `early`), its further messages, its output and its exit. */
export async function start(test, dir, words = {}) {
  const { main = null, mount = null, routers = [], env = {}, early = false, address = "http://127.0.0.1:1" } = words;
  const child = spawn(process.execPath, [HOST, "3"], {
    cwd: dir,
    env: { PATH: process.env.PATH, ...env },
    stdio: ["ignore", "pipe", "pipe", "pipe"],
  });
  test.after(() => child.kill("SIGKILL"));
  const ended = once(child, "exit").then(([code, signal]) => ({ code, signal }));
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (output += text));
  const control = child.stdio[3];
  control.on("error", () => {});
  const lines = readline.createInterface({ input: control })[Symbol.asyncIterator]();
  const said = async () => {
    const { value } = await lines.next();
    return value && JSON.parse(value);
  };
  const mounted = routers.map((router) => ({ order: 0, ...router }));
  const order = { app: "shop", dir, main, mount, routers: mounted, token: "t0ken", secret, address };
  control.write(`${JSON.stringify(order)}\n`);
  const first = early ? undefined : await said();
  return { child, control, ended, first, said, port: first?.ready?.port, output: () => output };
}

/** The secret of the run, which every request of the server carries. */
export const secret = "run-secret";
export const SECRET = { "footbridge-run-secret": secret };

/** Sends a request as the server does. Returns the answer with its complete body. */
export async function ask(host, target, { headers = {}, ...rest } = {}) {
  return askBare(host, target, { headers: { ...SECRET, ...headers }, ...rest });
}

/** Sends a request without the run's secret. */
export async function askBare({ port }, target, { method = "GET", headers = {}, body, agent, chunked } = {}) {
  const request = http.request({ port, host: "127.0.0.1", path: target, method, headers, agent });
  if (chunked) request.write(body.slice(0, 1));
  request.end(chunked ? body.slice(1) : body);
  const [response] = await once(request, "response");
  let text = "";
  for await (const chunk of response.setEncoding("utf8")) text += chunk;
  return { status: response.statusCode, headers: response.headers, text };
}

/** Resolves when `condition` holds. */
export async function until(condition) {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}
