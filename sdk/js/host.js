// The host's side: a page that embeds a miniapp in an iframe.
import { bucket, CALL, complain, CUSTOM, describe, failure, INIT, isId, json, newId } from "./wire.js";
import { pinned, plain, QUEUE, shape, warner, WIRE } from "./wire.js";

/**
 * @import { BoxoLine } from "./boxo.js"
 * @import { Call, Checks, Entry, ForwardOptions, Handler, HostOptions, Line, Message, MiniappEvent, Push, Trace,
 *   Warning } from "./types.js"
 */

/** The open ones. @type {Set<MiniappHost>} */
const hosts = new Set();
/** Windows that spoke before their host was made. @type {WeakSet<object>} */
const early = new WeakSet();
/** What only js-sdk needs. @type {Promise<typeof import("./boxo.js")> | undefined} */
let loading;

/** One promise for all, so that all that waits for it goes on in order. */
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
        setTimeout(() => early.has(source) && complain({ message: "a frame has no MiniappHost", origin }), 3000);
      early.add(source);
      boxo().then(({ keep }) => keep(source, origin, data));
      for (const host of hosts) host.#warn("message from another window ignored", "the miniapp's frame", origin);
    });
  }

  /** @type {((warning: Warning) => void) | null} */
  onwarning = complain;
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
  /** The way to one made with js-sdk. @type {Promise<BoxoLine> | undefined} */
  #boxo;
  /** The frame's window; put in anew, it has another. @type {Window | null} */
  #window;
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
    this.#init();
    for (const other of hosts) if (other.#iframe === iframe) other.close();
    hosts.add(this);
    // What is in place already: its `load` may not come again. Documents of other sites cannot be looked at.
    const { contentWindow: window, contentDocument: page } = iframe;
    this.#window = window;
    this.#loaded = page ? page.readyState === "complete" && page.URL !== "about:blank" : !!window;
    iframe.addEventListener("load", this.#onload);
    // Later, so that the caller has the time to register its handlers.
    if (window && early.delete(window))
      this.#js((line) => hosts.has(this) && line.early(window).forEach((message) => this.#receive(message)));
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
    const reason = failure("ClosedError", "the host was closed");
    this.#end(this.#line, reason);
    this.#boxo?.then((line) => line.close(reason));
    this.#queue = [];
  }

  #onload = () => {
    this.#look();
    this.#loaded = true;
    if (this.#line) {
      // Perhaps another page by now. Events wait until it answers, or a new one says hello.
      this.#line.ready = false;
      this.#line.port?.postMessage({ ping: 1 });
    }
    if (this.#boxo) this.#js((line) => line.loaded());
    this.#flush();
  };

  /** Notices that the frame was taken out, or put in anew: nobody is left of those who were in it. */
  #look() {
    const { contentWindow } = this.#iframe;
    if (contentWindow === this.#window) return;
    this.#window = contentWindow;
    this.#loaded = this.#spoken = false;
    const gone = failure("AbortError", "the frame was taken out of the page");
    this.#end(this.#line, gone);
    this.#boxo?.then((line) => line.end(gone));
  }

  /** Does what takes the words of js-sdk. @param {(line: BoxoLine) => void} use */
  #js(use) {
    this.#boxo ??= boxo().then(
      ({ BoxoLine }) =>
        new BoxoLine(this.#iframe, this.#post, (leaves) => {
          this.#look();
          if (leaves) this.#loaded = this.#spoken = false;
        }),
    );
    this.#boxo.then(use).catch(({ message }) => {
      this.#boxo = undefined;
      this.#warn("cannot speak to a js-sdk miniapp", "boxo.js", message);
    });
  }

  /** @param {Message} message */
  #receive({ origin, data, error }) {
    this.#look();
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
      this.#js((line) => this.#call(line, line.heard(data), data.handler, data.params, error));
    }
  }

  /** A miniapp of ours says hello: it gets a line of its own, once for each page. @param {any} hello */
  #welcome({ wire, nonce }) {
    if (wire !== WIRE || !isId(nonce))
      return this.#warn("unknown message ignored", `a hello of wire ${WIRE}`, "another");
    if (nonce === this.#line?.nonce || !this.#take()) return;
    this.#end(this.#line, failure("ClosedError", "a new connection took its place"));
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
   * @param {unknown} [refused] why it is not even read
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
      // The same id again is a page that began anew. The old answer must not reach it.
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

  /** Sends what waits to whoever is there. @param {BoxoLine} [boxo] */
  #flush(boxo) {
    this.#look();
    const { port, ready } = this.#line ?? {};
    if (ready) for (const { event } of this.#queue.splice(0)) port?.postMessage({ event });
    else if (port || !(this.#spoken || this.#loaded) || !this.#queue.length) return;
    else if (!boxo) this.#js((line) => this.#flush(line));
    else {
      for (const wait of this.#queue) {
        // A js-sdk miniapp may listen and never speak. Kept all the same, should one of ours say hello.
        if (!wait.pushed) boxo.push(wait.event);
        wait.pushed = true;
      }
      if (this.#spoken) this.#queue = [];
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
    this.#loaded = this.#spoken = false;
  }

  /** The browser drops it when the frame shows another origin by now. @param {object} message @param {Transferable[]} [ports] */
  #post = (message, ports = []) => this.#iframe.contentWindow?.postMessage(message, this.#origin, ports);
}

/** @param {Map<string, Entry>} entries @param {string} name @param {Entry} entry */
function register(entries, name, entry) {
  if (typeof entry.handler !== "function") throw new TypeError(`the handler of "${name}" must be a function`);
  entries.set(name, entry);
  return () => void (entries.get(name) === entry && entries.delete(name));
}
