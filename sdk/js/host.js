// The host: a page that embeds a miniapp in an iframe.
import { bucket, CALL, CUSTOM, describe, failure, INIT, isId, json, log, newId } from "./wire.js";
import { pinned, plain, QUEUE, shape, warner, WIRE } from "./wire.js";

/**
 * @import { BoxoLine } from "./boxo.js"
 * @import { Call, Checks, Entry, ForwardOptions, Handler, HostOptions, Line, Message, MiniappEvent, Push, Trace,
 *   Warning } from "./types.js"
 */

/** All open hosts. @type {Set<MiniappHost>} */
const hosts = new Set();
/** Windows that sent messages before their host was created. @type {WeakSet<object>} */
const early = new WeakSet();
/** The support for js-sdk, loaded on demand. @type {Promise<typeof import("./boxo.js")> | undefined} */
let loading;

/** All callers share one promise, so that they continue in order. */
const boxo = () =>
  (loading ??= import("./boxo.js").catch((error) => {
    loading = undefined;
    throw error;
  }));

export class MiniappHost {
  static {
    globalThis.addEventListener?.("message", ({ source, origin, data }) => {
      for (const host of hosts)
        if (source && host.#iframe.contentWindow === source) return host.#receive({ origin, data });
      if (data?.type !== CALL || !source) return;
      if (!early.has(source))
        setTimeout(() => early.has(source) && log({ message: "a frame has no MiniappHost", origin }), 3000);
      early.add(source);
      boxo().then(({ storeEarly }) => storeEarly(source, origin, data));
      for (const host of hosts) host.#warn("message from another window ignored", "the miniapp's frame", origin);
    });
  }

  /** Called for ignored messages and failures; logs by default. @type {((warning: Warning) => void) | null} */
  onwarning = log;
  /** Called when an event of the miniapp is completed. @type {((trace: Trace) => void) | null} */
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
  /** Events for a miniapp that is not ready. @type {Push[]} */
  #queue = [];
  /** The connection to a Footbridge miniapp. @type {Line | undefined} */
  #line;
  /** The connection to a js-sdk miniapp. @type {Promise<BoxoLine> | undefined} */
  #boxo;
  /** The frame's window. Inserted again, a frame has a new one. @type {Window | null} */
  #window;
  #active = false;
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
    this.#init();
    for (const other of hosts) if (other.#iframe === iframe) other.close();
    hosts.add(this);
    // A document may be loaded already, without another `load` event. Documents of other sites cannot be inspected.
    const { contentWindow: window, contentDocument: page } = iframe;
    this.#window = window;
    this.#loaded = page ? page.readyState === "complete" && page.URL !== "about:blank" : !!window;
    iframe.addEventListener("load", this.#onload);
    // Asynchronous, so that the caller can register its handlers first.
    if (window && early.delete(window))
      this.#js((line) => hosts.has(this) && line.early(window).forEach((message) => this.#receive(message)));
  }

  /**
   * Handles a custom event of the miniapp. The handler's return value is the answer. `"*"` handles all other types.
   * @param {string} type @param {Handler} handler @param {Checks} [checks]
   * @returns {() => void} removes the handler
   */
  on(type, handler, { validate } = {}) {
    return register(this.#events, type, { handler, validate });
  }

  /**
   * Handles another method of Boxo, such as `AppBoxoWebAppLogin`.
   * @param {string} name @param {Handler} handler @returns {() => void} removes the handler
   */
  method(name, handler) {
    return register(this.#methods, name, { handler });
  }

  /**
   * Forwards a custom event to the server. The answer is the other app's (`exchange`) or `{ id }` (`publish`).
   * @param {string} type @param {ForwardOptions & Checks} options @returns {() => void} stops forwarding
   */
  forward(type, options) {
    // Loaded on demand.
    const forward = import("./forward.js").then(({ forwarder }) => forwarder(options, this.#options));
    forward.catch(({ message }) => this.#warn(`cannot forward "${type}"`, "options", message));
    return this.on(type, async (payload, event) => (await forward)(payload, event), options);
  }

  /** Sends an event once the miniapp is ready. @param {string} type @param {any} [payload] @returns {string} its id */
  emit(type, payload) {
    if (!hosts.has(this)) throw failure("ClosedError", "the host was closed");
    const event = { type: `${type}`, payload: json(payload), id: newId() };
    const lost = this.#queue.push({ event }) > QUEUE && this.#queue.shift();
    if (lost && !lost.pushed) this.#warn(`event "${lost.event.type}" dropped`, `at most ${QUEUE}`, "more");
    this.#flush();
    return event.id;
  }

  /** Aborts all pending calls on both sides. Does not change the frame. */
  close() {
    if (!hosts.delete(this)) return;
    this.#iframe.removeEventListener("load", this.#onload);
    const reason = failure("ClosedError", "the host was closed");
    this.#end(this.#line, reason);
    this.#boxo?.then((line) => line.close(reason));
    this.#queue = [];
  }

  #onload = () => {
    this.#check();
    this.#loaded = true;
    if (this.#line) {
      // It may be another page now. Events wait until the old page answers or a new page connects.
      this.#line.ready = false;
      this.#line.port?.postMessage({ ping: 1 });
    }
    if (this.#boxo) this.#js((line) => line.loaded());
    this.#flush();
  };

  /** Detects that the frame was removed or inserted again: its documents are gone. */
  #check() {
    const { contentWindow } = this.#iframe;
    if (contentWindow === this.#window) return;
    this.#window = contentWindow;
    this.#loaded = this.#active = false;
    const gone = failure("AbortError", "the frame was removed from the page");
    this.#end(this.#line, gone);
    this.#boxo?.then((line) => line.end(gone));
  }

  /** Loads the support for js-sdk and uses it. @param {(line: BoxoLine) => void} use */
  #js(use) {
    this.#boxo ??= boxo().then(
      ({ BoxoLine }) =>
        new BoxoLine(this.#iframe, this.#post, (navigates) => {
          this.#check();
          if (navigates) this.#loaded = this.#active = false;
        }),
    );
    this.#boxo.then(use).catch(({ message }) => {
      this.#boxo = undefined;
      this.#warn("cannot load js-sdk support", "boxo.js", message);
    });
  }

  /** @param {Message} message */
  #receive({ origin, data, error }) {
    this.#check();
    if (origin !== this.#origin) {
      const got = origin === "null" ? 'null: a sandbox without "allow-same-origin"?' : origin;
      this.#warn("message from another origin ignored", this.#origin, got);
    } else if (data?.type !== CALL || typeof data.handler !== "string") {
      this.#warn("unknown message ignored", `a call of type ${CALL}`, shape(data));
    } else if (data.handler === INIT && data.footbridge) {
      this.#welcome(data.footbridge);
    } else {
      this.#active = true;
      this.#flush();
      this.#js((line) => this.#call(line, line.record(data), data.handler, data.params, error));
    }
  }

  /** Answers the handshake of a Footbridge miniapp with a new connection, once per page. @param {any} hello */
  #welcome({ wire, nonce }) {
    if (wire !== WIRE || !isId(nonce))
      return this.#warn("unknown message ignored", `wire version ${WIRE}`, "another");
    if (nonce === this.#line?.nonce || !this.#take()) return;
    this.#end(this.#line, failure("ClosedError", "replaced by a new connection"));
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
    } else if (data?.close) this.#end(line, failure("ClosedError", "the miniapp closed the bridge"));
    else if (data?.cancel) line.pending.get(data.cancel)?.abort();
    else if (typeof data?.method === "string")
      this.#call(line, Number(data.request_id) || undefined, data.method, data.params);
    else this.#warn("unknown message ignored", "a call", shape(data));
  }

  /**
   * @param {Line} line @param {Call["id"]} id @param {string} method @param {unknown} raw
   * @param {unknown} [refused] the error to answer with, instead of handling the call
   */
  #call(line, id, method, raw, refused) {
    /** @type {Call} */
    const call = { id, eventId: "", method, name: method, params: {} };
    if (line.pending.size < this.#limits.pending && this.#take()) return this.#run(line, call, raw, refused);
    const error = failure("BusyError", "too many messages at once", 429);
    if (id) line.fail(call, describe(error));
    this.#warn("message dropped", "fewer", error.message);
  }

  /** @param {Line} line @param {Call} call @param {unknown} raw @param {unknown} refused */
  async #run(line, call, raw, refused) {
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
      // The same id again comes from a new page. It must not get the old answer.
      pending.get(key)?.abort();
      pending.set(key, control);
      if (refused) throw refused;
      const { validate, handler } = this.#find(call, raw);
      const { eventId, name, params } = call;
      event = { id: eventId, type: name, origin: this.#origin, reply: !!id, signal };
      const payload = method === CUSTOM ? params.payload : params;
      if (validate && (await validate(payload, event)) === false)
        throw failure("InvalidError", `the payload of "${name}" is not valid`, 400);
      signal.throwIfAborted();
      const gone = new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
      const value = await Promise.race([handler(payload, event), gone]);
      // A call without an id expects no answer; an empty one is not sent.
      if (id || value !== undefined) line.answer(call, json(value));
    } catch (thrown) {
      error = describe(thrown);
      // Cancelled or replaced: nobody waits for the error.
      if (signal.reason?.name !== "AbortError") line.fail(call, error);
      if (!id) this.#warn(`"${call.name}" failed: ${error.message}`, "success", error.name);
    }
    if (pending.get(key) === control) pending.delete(key);
    if (event) this.onevent?.({ ...event, ok: !error, error: error?.message, ms: performance.now() - start });
  }

  /** Checks a call and finds its handler. @param {Call} call @param {unknown} raw @returns {Entry} */
  #find(call, raw) {
    const params = (call.params = Object(plain(raw, this.#limits.size, this.#warn)));
    call.eventId = isId(params.event_id) ? params.event_id : newId();
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

  /** Sends the queued events to the miniapp, if it is ready. @param {BoxoLine} [boxo] */
  #flush(boxo) {
    this.#check();
    const { port, ready } = this.#line ?? {};
    if (ready) for (const { event } of this.#queue.splice(0)) port?.postMessage({ event });
    else if (port || !(this.#active || this.#loaded) || !this.#queue.length) return;
    else if (!boxo) this.#js((line) => this.#flush(line));
    else {
      for (const wait of this.#queue) {
        // A js-sdk miniapp may listen and never send. The event stays queued in case a Footbridge miniapp connects.
        if (!wait.pushed) boxo.push(wait.event);
        wait.pushed = true;
      }
      if (this.#active) this.#queue = [];
    }
  }

  /** @param {Line | undefined} line @param {Error} reason */
  #end(line, reason) {
    if (!line) return;
    for (const control of line.pending.values()) control.abort(reason);
    if (line !== this.#line) return;
    line.port?.postMessage({ close: reason.message });
    line.port?.close();
    this.#line = undefined;
    this.#loaded = this.#active = false;
  }

  /** The browser drops it if the frame shows another origin. @param {object} message @param {Transferable[]} [ports] */
  #post = (message, ports = []) => this.#iframe.contentWindow?.postMessage(message, this.#origin, ports);
}

/** @param {Map<string, Entry>} entries @param {string} name @param {Entry} entry */
function register(entries, name, entry) {
  if (typeof entry.handler !== "function") throw new TypeError(`the handler of "${name}" must be a function`);
  entries.set(name, entry);
  return () => void (entries.get(name) === entry && entries.delete(name));
}
