// The host's side: a page that embeds a miniapp in an iframe.
import { answer, asPush, describe, reply, requestId } from "./boxo.js";
import { bucket, CALL, CUSTOM, failure, INIT, json, newId, pinned, plain, QUEUE, shape, warner, WIRE } from "./wire.js";

/**
 * @import { Call, Checks, Entry, ForwardOptions, Handler, HostOptions, Line, Message, MiniappEvent, Push, Trace,
 *   Warning } from "./types.js"
 */

/** The open ones. @type {Set<MiniappHost>} */
const hosts = new Set();
/** What windows said before their host was made. @type {WeakMap<object, Message[]>} */
const early = new WeakMap();

export class MiniappHost {
  static {
    globalThis.addEventListener?.("message", ({ source, origin, data }) => {
      for (const host of hosts)
        if (source && host.#iframe.contentWindow === source) return host.#receive({ origin, data });
      if (data?.type !== CALL || !source) return;
      const kept = early.get(source) ?? [];
      try {
        if (kept.length < QUEUE) kept.push({ origin, data: plain(data, 65536) });
        early.set(source, kept);
      } catch {}
      for (const host of hosts) host.#warn("message from another window ignored", "the miniapp's frame", origin);
    });
  }

  /** @type {((warning: Warning) => void) | null} */
  onwarning = console.warn;
  /** Told when an event of the miniapp has ended. @type {((trace: Trace) => void) | null} */
  onevent = null;

  #warn = warner(this);
  #iframe;
  #origin;
  #options;
  #limits;
  #take;
  /** @type {Map<string, Entry>} */
  #events = new Map();
  /** @type {Map<string, Entry>} */
  #methods = new Map();
  /** Events that wait for the miniapp. @type {Push[]} */
  #queue = [];
  /** The way to a miniapp of ours. @type {Line | undefined} */
  #line;
  /** The way to one made with js-sdk. @type {Line} */
  #boxo = {
    pending: new Map(),
    answer: (call, value) => this.#post(answer(call, value)),
    fail: (call, { data }) => this.#post(reply(call, data)),
  };
  #spoken = false;
  #loaded;

  /** @param {HostOptions} options */
  constructor(options) {
    const { iframe, origin } = options;
    if (iframe?.tagName !== "IFRAME") throw new TypeError("iframe must be an <iframe>");
    this.#iframe = iframe;
    this.#origin = pinned(origin, "origin");
    this.#options = options;
    this.#limits = { rate: 500, burst: 1000, size: 262144, pending: 500, ...options.limits };
    this.#take = bucket(this.#limits);
    this.method(INIT, () => this.#init());
    for (const other of hosts) if (other.#iframe === iframe) other.close();
    hosts.add(this);
    // A document of another site is in place already: its `load` may not come again.
    this.#loaded = !!iframe.contentWindow && !iframe.contentDocument;
    iframe.addEventListener("load", this.#onload);
    // After the caller had the time to register its handlers.
    queueMicrotask(() => {
      const window = /** @type {Window} */ (iframe.contentWindow);
      if (!hosts.has(this)) return;
      for (const message of early.get(window) ?? []) this.#receive(message);
      early.delete(window);
    });
  }

  /**
   * Handles a custom event of the miniapp; what the handler returns is the answer. `"*"` takes what no other does.
   * @param {string} type @param {Handler} handler @param {Checks} [checks]
   * @returns {() => void} takes the handler away
   */
  on(type, handler, { validate } = {}) {
    return register(this.#events, type, { handler, validate });
  }

  /**
   * Serves another method of Boxo's, such as `AppBoxoWebAppLogin`.
   * @param {string} name @param {Handler} handler @returns {() => void} takes the handler away
   */
  method(name, handler) {
    return register(this.#methods, name, { handler });
  }

  /**
   * Passes a custom event on to the server; the miniapp gets the other app's answer (`exchange`), or `{ id }` (`publish`).
   * @param {string} type @param {ForwardOptions & Checks} options @returns {() => void} ends it
   */
  forward(type, options) {
    // Loaded by those who use it.
    const forward = import("./forward.js").then(({ forwarder }) => forwarder(options, this.#options));
    forward.catch(({ message }) => this.#warn(`cannot forward "${type}"`, "options", message));
    return this.on(type, async (payload, event) => (await forward)(payload, event), options);
  }

  /** Sends the miniapp an event; kept until it listens. @param {string} type @param {any} [payload] @returns {string} its id */
  emit(type, payload) {
    if (!hosts.has(this)) throw failure("ClosedError", "the host was closed");
    const event = { type: `${type}`, payload: json(payload), id: newId() };
    const lost = this.#queue.push({ event }) > QUEUE && this.#queue.shift();
    if (lost && !lost.pushed) this.#warn(`event "${lost.event.type}" dropped`, `at most ${QUEUE}`, "more");
    this.#flush();
    return event.id;
  }

  /** Ends every call, on both sides. The frame stays as it is. */
  close() {
    if (!hosts.delete(this)) return;
    this.#iframe.removeEventListener("load", this.#onload);
    this.#end(this.#line, "the host was closed");
    this.#end(this.#boxo, "the host was closed");
    this.#queue = [];
  }

  #onload = () => {
    this.#loaded = true;
    if (this.#line) {
      // Perhaps another page by now. Events wait until it answers, or a new one says hello.
      this.#line.ready = false;
      this.#line.port?.postMessage({ ping: 1 });
    }
    this.#flush();
  };

  /** @param {Message} message */
  #receive({ origin, data }) {
    if (origin !== this.#origin) {
      const got = origin === "null" ? 'null: a sandbox without "allow-same-origin"?' : origin;
      this.#warn("message from another origin ignored", this.#origin, got);
    } else if (data?.type !== CALL || typeof data.handler !== "string") {
      this.#warn("unknown message ignored", `a call of type ${CALL}`, shape(data));
    } else if (data.handler === INIT && data.footbridge) {
      this.#welcome(data.footbridge);
    } else {
      this.#spoken = true;
      this.#flush();
      this.#call(this.#boxo, requestId(data), data.handler, data.params);
    }
  }

  /** A miniapp of ours says hello: it gets a line of its own, once for each page. @param {any} hello */
  #welcome({ wire, nonce }) {
    if (wire !== WIRE || !nonce) return this.#warn("unknown message ignored", `a hello of wire ${WIRE}`, "another");
    if (nonce === this.#line?.nonce || !this.#take()) return;
    this.#end(this.#line, "a new connection took its place");
    const { port1: port, port2 } = new MessageChannel();
    /** @type {Line} */
    const line = {
      pending: new Map(),
      port,
      nonce,
      answer: ({ id }, value) => port.postMessage({ re: id, value }),
      fail: ({ id }, error) => port.postMessage({ re: id, error }),
    };
    this.#line = line;
    port.onmessage = ({ data }) => this.#fromPort(line, data);
    this.#post({ footbridge: WIRE, nonce, init: this.#init() }, [port2]);
  }

  /** @param {Line} line @param {any} data */
  #fromPort(line, data) {
    if (data?.ready) {
      line.ready = true;
      this.#flush();
    } else if (data?.close) this.#end(line, "the miniapp closed the bridge");
    else if (data?.cancel) line.pending.get(data.cancel)?.abort();
    else if (typeof data?.method === "string") this.#call(line, requestId(data), data.method, data.params);
    else this.#warn("unknown message ignored", "a call", shape(data));
  }

  /** @param {Line} line @param {Call["id"]} id @param {string} method @param {unknown} raw */
  #call(line, id, method, raw) {
    /** @type {Call} */
    const call = { id, eventId: "", method, name: method, params: {} };
    if (line.pending.size < this.#limits.pending && this.#take()) return this.#run(line, call, raw);
    const error = failure("BusyError", "too many messages at once", 429);
    if (id) line.fail(call, describe(error));
    this.#warn("message dropped", "fewer", error.message);
  }

  /** @param {Line} line @param {Call} call @param {unknown} raw */
  async #run(line, call, raw) {
    const { id, method } = call;
    const { pending } = line;
    const start = performance.now();
    const control = new AbortController();
    const { signal } = control;
    const key = id ?? control;
    /** @type {MiniappEvent | undefined} */
    let event;
    let error;
    try {
      // The same id again is a page that began anew. The old answer must not reach it.
      pending.get(key)?.abort();
      pending.set(key, control);
      const { validate, handler } = this.#find(call, raw);
      const { eventId, name, params } = call;
      event = { id: eventId, type: name, origin: this.#origin, reply: !!id, signal };
      const payload = method === CUSTOM ? params.payload : params;
      if (validate && (await validate(payload)) === false)
        throw failure("InvalidError", `the payload of "${name}" is not valid`, 400);
      signal.throwIfAborted();
      const gone = new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
      const value = await Promise.race([handler(payload, event), gone]);
      // Whoever sends without waiting wants no empty answer either.
      if (id || value !== undefined) line.answer(call, json(value));
    } catch (thrown) {
      error = describe(thrown);
      // Cancelled or replaced: nobody is there to hear of it.
      if (signal.reason?.name !== "AbortError") line.fail(call, error);
      if (!id) this.#warn(`"${call.name}" failed: ${error.message}`, "success", error.name);
    }
    if (pending.get(key) === control) pending.delete(key);
    if (event) this.onevent?.({ ...event, ok: !error, error: error?.message, ms: performance.now() - start });
  }

  /** Checks a call, and finds who handles it. @param {Call} call @param {unknown} raw @returns {Entry} */
  #find(call, raw) {
    const params = (call.params = Object(plain(raw, this.#limits.size, this.#warn)));
    call.eventId = /^[\w-]{8,64}$/.test(params.event_id) ? `${params.event_id}` : newId();
    const custom = call.method === CUSTOM;
    const name = custom ? params.type : call.method;
    if (typeof name !== "string" || !name || name.length > 128)
      throw failure("InvalidError", "a type has 1 to 128 characters", 400);
    call.name = name;
    const entry = custom ? (this.#events.get(name) ?? this.#events.get("*")) : this.#methods.get(name);
    if (entry) return entry;
    throw failure("NotSupportedError", `this host has no handler for "${name}"`, 404);
  }

  #init() {
    const { appId = "", clientId = "", init } = this.#options;
    const handlers = [CUSTOM, ...this.#methods.keys()];
    const data = { handlers, capabilities: handlers };
    return json({ app_id: appId, client_id: clientId, payload: "", data, sandbox_mode: false, ...init });
  }

  #flush() {
    const { port, ready } = this.#line ?? {};
    if (port && !ready) return;
    for (const wait of this.#queue) {
      const { event, pushed } = wait;
      if (port) port.postMessage({ event });
      else if (!pushed && (this.#spoken || this.#loaded)) {
        // A js-sdk miniapp may listen and never speak. Kept all the same, should one of ours say hello.
        wait.pushed = true;
        this.#post(asPush(event));
      }
    }
    if (port || this.#spoken) this.#queue = [];
  }

  /** @param {Line | undefined} line @param {string} reason */
  #end(line, reason) {
    if (!line) return;
    for (const control of line.pending.values()) control.abort(failure("ClosedError", reason));
    if (line !== this.#line) return;
    line.port?.postMessage({ close: reason });
    line.port?.close();
    this.#line = undefined;
    this.#loaded = this.#spoken = false;
  }

  /** The browser drops it when the frame shows another origin by now. @param {object} message @param {Transferable[]} [ports] */
  #post(message, ports = []) {
    this.#iframe.contentWindow?.postMessage(message, this.#origin, ports);
  }
}

/** @param {Map<string, Entry>} entries @param {string} name @param {Entry} entry */
function register(entries, name, entry) {
  if (typeof entry.handler !== "function") throw new TypeError(`the handler of "${name}" must be a function`);
  entries.set(name, entry);
  return () => void (entries.get(name) === entry && entries.delete(name));
}
