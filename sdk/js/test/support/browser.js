// A real browser and several sites that it believes to be on different hosts.
import { createServer } from "node:http";
import { access, readFile } from "node:fs/promises";
import { after, before } from "node:test";
import { build } from "esbuild";
import puppeteer from "puppeteer-core";

const root = new URL("../../", import.meta.url);
const browsers = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

async function find() {
  for (const path of browsers.filter(Boolean))
    if (
      await access(path).then(
        () => true,
        () => false,
      )
    )
      return path;
}

/** The reason to skip browser tests: a machine without a browser, except in CI. */
export const chromium = await find();
if (!chromium && process.env.CI) throw new Error("no Chromium: install Debian's `chromium`, or name one in CHROMIUM");
export const skip = !chromium && "no Chromium: install Debian's `chromium`, or name one in CHROMIUM";

/** The real web-sdk needs a bundler. */
async function webSdk() {
  const stdin = { contents: 'export * from "@appboxo/web-sdk"', resolveDir: root.pathname };
  const built = await build({
    stdin,
    bundle: true,
    write: false,
    format: "iife",
    globalName: "Boxo",
    logLevel: "error",
  });
  return built.outputFiles[0].text;
}

const html = (title, head) => `<!doctype html><meta charset="utf-8"><title>${title}</title>${head}`;
const module = (name) =>
  `<script type="module">window.sdk = await import("/sdk/${name}.js"); window.there = true</script>`;
const there = "<script>window.there = true</script>";
const log =
  "<script>window.receivedMessages = []; addEventListener('message', (e) => receivedMessages.push(e.data))</script>";

/** The pages of every site. */
const pages = {
  "/host": html("host with MiniappHost", module("host")),
  "/web-sdk-host": html("host with web-sdk", '<div id="m"></div><script src="/web-sdk.js"></script>' + there),
  "/miniapp": html("miniapp with miniapp.js", log + module("miniapp")),
  "/js-sdk-miniapp": html("miniapp with js-sdk", log + '<script src="/js-sdk.js"></script>' + there),
  // Sends a message while it is parsed, before any listener exists.
  "/early": html(
    "hasty miniapp",
    `<script src="/js-sdk.js"></script><script>
    window.early = appboxoSDK.sendPromise("AppBoxoWebAppCustomEvent", { type: "early", payload: { n: 1 } });</script>` +
      there,
  ),
  "/plain": html("page of somebody else", log + there),
};

/** Replaces a Footbridge server: answers each request with a description of it. */
async function forward(request, response) {
  const { authorization, "idempotency-key": key, "x-page-event-id": id } = request.headers;
  let text = "";
  for await (const chunk of request) text += chunk;
  const answer = { authorization, key, id, ...JSON.parse(text) };
  response.writeHead(200, { "content-type": "application/json" });
  response.end(JSON.stringify({ id: "exc_1", answer }));
}

async function sites() {
  const js = { "/js-sdk.js": await readFile(new URL("node_modules/@appboxo/js-sdk/dist/index.umd.js", root)) };
  js["/web-sdk.js"] = await webSdk();
  const server = createServer(async (request, response) => {
    const path = new URL(request.url, "http://x").pathname;
    if (path === "/api/v1/forward") return forward(request, response);
    const sdk = /^\/sdk\/(\w+\.js)$/.exec(path)?.[1];
    const body = pages[path] ?? js[path] ?? (sdk && (await readFile(new URL(sdk, root)).catch(() => null)));
    const type = pages[path] ? "text/html" : "text/javascript";
    response.writeHead(body ? 200 : 404, { "content-type": `${type}; charset=utf-8`, "cache-control": "no-store" });
    response.end(body ?? "");
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

/**
 * Starts a browser and the sites for the tests of a file.
 * @returns an object with `url(site, path)`, `open(url)` → page, `frame(page, url)` → frame, `close`d by itself
 */
export function world() {
  const it = { browser: undefined, server: undefined };
  before(async () => {
    if (!chromium) return;
    it.server = await sites();
    it.browser = await puppeteer.launch({
      executablePath: chromium,
      args: [
        "--no-sandbox",
        "--disable-dev-shm-usage",
        "--host-resolver-rules=MAP *.test 127.0.0.1",
        "--site-per-process",
      ],
    });
  });
  after(async () => {
    await it.browser?.close();
    it.server?.closeAllConnections();
    it.server?.close();
  });
  it.origin = (site) => `http://${site}.test:${it.server.address().port}`;
  it.url = (site, path) => it.origin(site) + path;
  it.open = async (t, url) => {
    const page = await it.browser.newPage();
    t.after(() => page.close());
    await page.goto(url);
    await page.waitForFunction(() => window.there);
    return page;
  };
  /** The frame with this address, after its scripts have run. */
  it.frame = async (page, url) => {
    const frame = await page.waitForFrame((frame) => frame.url() === url && frame !== page.mainFrame());
    await frame.waitForFunction(() => window.there && document.readyState === "complete");
    return frame;
  };
  return it;
}

/**
 * Adds a miniapp to a Footbridge host page, with `window.host` and its received events in `window.log`.
 * @param options those of MiniappHost, and: `on` lists events that echo their payload, `id` sets the name in `window`
 */
export async function mount(world, page, url, { id = "host", on = ["echo"], sandbox, ...options } = {}) {
  const all = { origin: new URL(url).origin, appId: "shop", clientId: "superapp", ...options };
  await page.evaluate(
    (url, id, on, sandbox, all) => {
      const iframe = document.createElement("iframe");
      iframe.name = id;
      if (sandbox) iframe.setAttribute("sandbox", sandbox);
      iframe.src = url;
      document.body.append(iframe);
      const host = new sdk.MiniappHost({ iframe, ...all });
      const log = { warnings: [], events: [], iframe };
      host.onwarning = (warning) => log.warnings.push(warning);
      host.onevent = (event) => log.events.push(event);
      for (const type of on) host.on(type, (payload) => payload);
      window[id] = host;
      window[id + "Log"] = log;
    },
    url,
    id,
    on,
    sandbox,
    all,
  );
  return sandbox ? undefined : world.frame(page, url);
}

/** Opens the bridge of a Footbridge miniapp as `window.bridge`. */
export const connect = (frame, options) =>
  frame.evaluate(async (options) => {
    window.receivedEvents = [];
    window.warnings = [];
    window.bridge = await sdk.connect(options);
    bridge.onwarning = (warning) => warnings.push(warning);
    bridge.on("news", (payload, event) => receivedEvents.push({ payload, ...event }));
    return bridge.host;
  }, options);
