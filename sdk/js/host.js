// The host's side: a page that embeds a miniapp in an iframe.
import { answer, initData, push, reply, requestId } from "./boxo.js";
import { forwarder } from "./forward.js";
import {
  bucket, CALL, CUSTOM, describe, eventId, failure, INIT, json, newId, pinned, plain, QUEUE, shape, toConsole,
  warner, WIRE,
} from "./wire.js";

/**
 * @typedef {object} HostOptions
 * @property {HTMLIFrameElement} iframe the miniapp's frame
 * @property {string} origin where the miniapp is served from; nobody else is heard or spoken to
 * @property {string} [appId] the miniapp's name
 * @property {string} [clientId] this host's name
 * @property {object} [init] more members for the answer to `AppBoxoWebAppGetInitData`
 * @property {Partial<typeof LIMITS>} [limits]
 *
 * @typedef {object} MiniappEvent
 * @property {string} id the same from the miniapp's call to the server's record
 * @property {string} type
 * @property {string} origin
 * @property {boolean} reply whether the miniapp waits for an answer
 * @property {AbortSignal} signal aborted when nobody waits any more: cancelled, timed out, closed, gone
 * @property {string} [serverId] the server's id, once the event was forwarded
 *
 * @typedef {{ id: string, type: string, ok: boolean, ms: number, error?: string, serverId?: string }} Trace
 * @typedef {(payload: any, event: MiniappEvent) => any} Handler
 * @typedef {{ handler: Handler, validate?: (payload: any) => unknown }} Entry
 * @typedef {import("./boxo.js").Call} Call
 * @typedef {import("./wire.js").Warning} Warning
 * @typedef {{ origin: string, data: any }} Message
 * @typedef {{ type: string, payload: any, id: string, pushed?: boolean }} Push
 *
 * A way to the miniapp and the calls that came along it.
 * @typedef {object} Line
 * @property {Map<unknown, AbortController>} pending
 * @property {(call: Call, value: any) => void} answer
 * @property {(call: Call, error: ReturnType<typeof describe>) => void} fail
 * @property {MessagePort} [port]
 * @property {string} [nonce]
 * @property {boolean} [ready] whether the other end is known to listen
 */

/** For one frame: messages a second, at once, characters in one, calls under way. */
const LIMITS = { rate: 100, burst: 200, size: 256 * 1024, pending: 100 };

export class MiniappHost {
  /** @type {Set<MiniappHost>} */
  static #all = new Set();
  /** What frames said before their host was made, by window. @type {WeakMap<object, Message[]>} */
  static #early = new WeakMap();
  static {
    globalThis.addEventListener?.("message", ({ source, origin, data }) => {
      for (const host of this.#all)
        if (source && host.#iframe.contentWindow === source) return host.#receive({ origin, data });
      if (data?.type !== CALL || !source) return;
      const early = this.#early.get(source) ?? [];
      try {
        if (early.length < QUEUE) early.push({ origin, data: plain(data, 65536) });
        this.#early.set(source, early);
      } catch {}
      for (const host of this.#all) host.#warn("message from another window ignored", "the miniapp's frame", origin);
    });
  }

  /** @type {((warning: Warning) => void) | null} */
  onwarning = toConsole;
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
  /** @type {Line | undefined} */
  #line;
  #spoken = false;
  #loaded;
  /** The line to a miniapp made with js-sdk. @type {Line} */
  #boxo = {
    pending: new Map(),
    answer: (call, value) => this.#post(answer(call, value)),
    fail: (call, { data }) => this.#post(reply(call, data)),
  };

  /** @param {HostOptions} options */
  constructor(options) {
    const { iframe, origin, limits } = options;
    if (iframe?.tagName !== "IFRAME") throw new TypeError("iframe must be the miniapp's <iframe> element");
    this.#iframe = iframe;
    this.#origin = pinned(origin, "origin");
    this.#options = options;
    this.#limits = { ...LIMITS, ...limits };
    this.#take = bucket(this.#limits.rate, this.#limits.burst);
    for (const other of MiniappHost.#all) if (other.#iframe === iframe) other.close();
    // A document of another site is in place already: its `load` may not come again.
    this.#loaded = !!iframe.contentWindow && !iframe.contentDocument;
    iframe.addEventListener("load", this.#onload);
    MiniappHost.#all.add(this);
    // After the caller had the time to register its handlers.
    queueMicrotask(() => {
      const window = iframe.contentWindow;
      if (!window || !MiniappHost.#all.has(this)) return;
      for (const message of MiniappHost.#early.get(window) ?? []) this.#receive(message);
      MiniappHost.#early.delete(window);
    });
  }

  /**
   * Handles a custom event of the miniapp; what the handler returns is the answer. `"*"` takes what no other does.
   * @param {string} type @param {Handler} handler
   * @param {{ validate?: (payload: any) => unknown }} [options] `validate` refuses by returning false or throwing
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
   * @param {string} type
   * @param {import("./forward.js").ForwardOptions & { validate?: (payload: any) => unknown }} options
   * @returns {() => void} ends it
   */
  forward(type, options) {
    const send = forwarder(options);
    const { appId: app_id = "", clientId: client_id = "" } = this.#options;
    const handler = async (/** @type {any} */ payload, /** @type {MiniappEvent} */ event) => {
      const { id, answer } = await send({ type: event.type, payload, app_id, client_id }, event);
      event.serverId = id;
      return options.to === "publish" ? { id } : answer;
    };
    return this.on(type, handler, options);
  }

  /** Sends the miniapp an event; kept until it listens. @param {string} type @param {any} [payload] @returns {string} its id */
  emit(type, payload) {
    if (!MiniappHost.#all.has(this)) throw failure("ClosedError", "the host is closed");
    const event = { type: String(type), payload: json(payload), id: newId() };
    if (this.#queue.push(event) > QUEUE) {
      const lost = this.#queue.shift();
      if (!(/** @type {Push} */ (lost).pushed))
        this.#warn("event dropped: too many wait for the miniapp", `at most ${QUEUE}`, `"${lost?.type}"`);
    }
    this.#flush();
    return event.id;
  }

  /** Ends every call, on both sides. The frame stays as it is. */
  close() {
    if (!MiniappHost.#all.delete(this)) return;
    this.#iframe.removeEventListener("load", this.#onload);
    this.#endLine("the host was closed");
    this.#abort(this.#boxo, "the host was closed");
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
      const got = origin === "null" ? 'null (is the frame\'s sandbox without "allow-same-origin"?)' : origin;
      return this.#warn("message from another origin ignored", this.#origin, got);
    }
    if (data?.type !== CALL || typeof data.handler !== "string")
      return this.#warn("unknown message ignored", `an object of type "${CALL}" with a handler`, shape(data));
    if (data.handler === INIT && data.footbridge) return this.#welcome(data.footbridge);
    this.#spoken = true;
    this.#flush();
    this.#call(this.#boxo, requestId(data), data.handler, data.params);
  }

  /** A miniapp of ours says hello: it gets a line of its own, once for each page. @param {any} hello */
  #welcome({ wire, nonce }) {
    if (wire !== WIRE || typeof nonce !== "string" || !nonce)
      return this.#warn("handshake ignored", `wire ${WIRE} and a nonce`, `wire ${String(wire).slice(0, 20)}`);
    if (nonce === this.#line?.nonce || !this.#take()) return;
    this.#endLine("another page took its place");
    const { port1: port, port2 } = new MessageChannel();
    /** @type {Line} */
    const line = {
      pending: new Map(),
      port,
      nonce,
      answer: ({ id, eventId }, value) => port.postMessage({ re: id, value, event_id: eventId }),
      fail: ({ id, eventId }, error) => port.postMessage({ re: id, error, event_id: eventId }),
    };
    this.#line = line;
    port.onmessage = ({ data }) => this.#fromPort(line, data);
    this.#post({ footbridge: WIRE, nonce, init: this.#init() }, [port2]);
  }

  /** @param {Line} line @param {any} data */
  #fromPort(line, data) {
    if (line !== this.#line) return;
    if (data?.ready) {
      line.ready = true;
      this.#flush();
    } else if (data?.close) this.#endLine("the miniapp closed the bridge");
    else if (data?.cancel) line.pending.get(data.cancel)?.abort(failure("AbortError", "the miniapp waits no longer"));
    else if (typeof data?.method === "string") this.#call(line, requestId(data), data.method, data.params);
    else this.#warn("unknown message ignored", "a call, cancel or close", shape(data));
  }

  /** @param {Line} line @param {Call["id"]} id @param {string} method @param {unknown} raw */
  #call(line, id, method, raw) {
    /** @type {Call} */
    const call = { id, eventId: "", method, name: method, params: {} };
    if (this.#take()) return this.#run(line, call, raw);
    const error = failure("RateLimitError", `more than ${this.#limits.rate} messages a second`, 429);
    if (id) line.fail(call, describe(error));
    this.#warn("message dropped", error.message, "more");
  }

  /** @param {Line} line @param {Call} call @param {unknown} raw */
  async #run(line, call, raw) {
    const { id, method } = call;
    const start = performance.now();
    const control = new AbortController();
    const { signal } = control;
    const key = id ?? control;
    /** @type {MiniappEvent | undefined} */
    let event;
    let error;
    try {
      if (line.pending.size >= this.#limits.pending) throw failure("BusyError", "too many calls are under way", 429);
      // The same id again is a page that began anew. The old answer must not reach it.
      line.pending.get(key)?.abort();
      line.pending.set(key, control);
      const dropped = (/** @type {string} */ name) => this.#warn("member dropped", "no member that alters a prototype", name);
      const params = (call.params = Object(plain(raw ?? {}, this.#limits.size, dropped)));
      call.eventId = eventId(params.event_id);
      const { handler, validate } = this.#find(call);
      event = { id: call.eventId, type: call.name, origin: this.#origin, reply: id !== undefined, signal };
      const payload = method === CUSTOM ? params.payload : params;
      if (validate && (await validate(payload)) === false)
        throw failure("InvalidError", `the payload of "${call.name}" is not valid`, 400);
      const value = await handler(payload, event);
      // Whoever sends without waiting wants no empty answer either.
      if (!signal.aborted && (id !== undefined || value !== undefined)) line.answer(call, json(value));
    } catch (thrown) {
      error = describe(thrown);
      if (!signal.aborted) line.fail(call, error);
      if (id === undefined) this.#warn(`"${call.name}" failed: ${error.message}`, "a handler that succeeds", error.name);
    }
    if (line.pending.get(key) === control) line.pending.delete(key);
    if (event) {
      const { id, type, serverId } = event;
      const ms = performance.now() - start;
      this.onevent?.({ id, type, ok: !error, ms, ...(error && { error: error.message }), ...(serverId && { serverId }) });
    }
  }

  /** @param {Call} call @returns {Entry} */
  #find(call) {
    const { method, params } = call;
    if (method !== CUSTOM) {
      const entry = this.#methods.get(method) ?? (method === INIT ? { handler: () => this.#init() } : undefined);
      if (entry) return entry;
      throw failure("NotSupportedError", `this host does not serve "${method.slice(0, 128)}"`, 404);
    }
    if (typeof params.type !== "string" || !params.type || params.type.length > 128)
      throw failure("InvalidError", "a custom event needs a type of 1 to 128 characters", 400);
    call.name = params.type;
    const entry = this.#events.get(call.name) ?? this.#events.get("*");
    if (entry) return entry;
    throw failure("NotSupportedError", `this host has no handler for the custom event "${call.name}"`, 404);
  }

  #init() {
    const { appId = "", clientId = "", init } = this.#options;
    return json(initData(appId, clientId, this.#methods.keys(), init));
  }

  #flush() {
    const { port, ready } = this.#line ?? {};
    if (port && !ready) return;
    for (const event of this.#queue) {
      if (port) port.postMessage({ event: { type: event.type, payload: event.payload, id: event.id } });
      else if (!event.pushed && (this.#spoken || this.#loaded)) {
        // A js-sdk miniapp may listen and never speak. Kept all the same, should one of ours say hello.
        event.pushed = true;
        this.#post(push(event));
      }
    }
    if (port || this.#spoken) this.#queue = [];
  }

  /** @param {string} reason */
  #endLine(reason) {
    const line = this.#line;
    if (!line) return;
    this.#line = undefined;
    this.#loaded = this.#spoken = false;
    line.port?.postMessage({ close: reason });
    line.port?.close();
    this.#abort(line, reason);
  }

  /** @param {Line} line @param {string} reason */
  #abort({ pending, fail }, reason) {
    for (const [id, control] of pending) {
      const error = failure("ClosedError", reason);
      if (typeof id !== "object") fail({ id: /** @type {any} */ (id), eventId: "", method: CUSTOM, name: "", params: {} }, describe(error));
      control.abort(error);
    }
    pending.clear();
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
