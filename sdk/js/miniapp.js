// The miniapp: a page in an iframe of its host, or in the web view of a native app.
import { NATIVE, native } from "./native.js";
import { CALL, CUSTOM, failure, INIT, isId, json, log, newId, pinned, plain, QUEUE, REPLY } from "./wire.js";
import { shape, SIZE, warner, WIRE } from "./wire.js";

/**
 * @import { BridgeError, BridgeOptions, Listener, OutgoingCall, Pending, RequestOptions, Waiter, Warning,
 *   WireError } from "./types.js"
 */

/** The most characters that a message may have beside its value. */
const AROUND = 1000;

export class Bridge {
  /** Called for ignored messages and failures; logs by default. @type {((warning: Warning) => void) | null} */
  onwarning = log;
  /** Called once when either side closes the bridge. @type {((reason: Error) => void) | null} */
  onclose = null;
  /** The host's description of itself: `app_id`, `client_id`, `data.handlers`… @type {any} */
  init = null;
  /** The kind of host, once connected: "footbridge", "web-sdk" or "native". */
  host = "";
  /** Resolves when the host has answered; rejects if there is none. @type {Promise<this>} */
  ready;

  #warn = warner(this);
  #origins;
  #nonce = newId();
  #hello = callId();
  #timeout;
  /** @type {MessagePort | undefined} */
  #port;
  /** Sends a call to the host, once connected. @type {((call: OutgoingCall) => void) | undefined} */
  #out;
  /** Calls that wait for the connection. @type {OutgoingCall[]} */
  #queue = [];
  /** @type {Map<number, Waiter>} */
  #pending = new Map();
  /** @type {Map<string, Set<Listener>>} */
  #listeners = new Map();
  /** @type {Error | undefined} */
  #closed;
  #ended = new AbortController();
  /** @type {() => void} */
  #connected = () => {};

  /** @param {BridgeOptions} options */
  constructor({ hostOrigin, timeout = 10_000, requestTimeout = 30_000 } = {}) {
    this.#timeout = requestTimeout;
    // A worker has no `parent`.
    const app = globalThis.parent && parent === window && native(CUSTOM);
    this.#origins = app ? [] : [hostOrigin].flat().map((origin) => pinned(origin, "hostOrigin"));
    this.ready = new Promise((resolve, reject) => {
      this.#connected = () => resolve(this);
      this.#ended.signal.addEventListener("abort", () => reject(this.#closed));
    });
    this.ready.catch(() => {});
    if (app) this.#startNative();
    else this.#startWeb(timeout);
  }

  /**
   * Sends the host an event and waits for its answer. Rejects with the handler's error or after the timeout.
   * @param {string} type @param {any} [payload] @param {RequestOptions} [options] @returns {Pending}
   */
  request(type, payload, { id = newId(), ...options } = {}) {
    const params = () => {
      if (!isId(id)) throw new TypeError(`an id is 8 to 64 letters, digits, "-" and "_", not "${id}"`);
      return { type, payload: json(payload), event_id: id };
    };
    return Object.assign(this.#call(CUSTOM, type, params, options), { id });
  }

  /** Sends the host an event without waiting. @param {string} type @param {any} [payload] @returns {string} its id */
  send(type, payload) {
    if (this.#closed) throw this.#closed;
    const id = newId();
    this.#enqueue({ method: CUSTOM, params: { type, payload: json(payload), event_id: id } });
    return id;
  }

  /**
   * Calls another method of Boxo, such as `AppBoxoWebAppLogin`.
   * @param {string} method @param {any} [params] @param {Omit<RequestOptions, "id">} [options] @returns {Promise<any>}
   */
  method(method, params, options = {}) {
    return this.#call(method, method, () => json(params ?? {}), options);
  }

  /**
   * @param {string} method @param {string} name @param {() => any} params @param {RequestOptions} options
   * @returns {Promise<any>}
   */
  #call(method, name, params, { timeout = this.#timeout, signal }) {
    const id = callId();
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let timer;
    const stop = new AbortController();
    /** @type {Promise<any>} */
    const promise = new Promise((resolve, reject) => {
      if (this.#closed) throw this.#closed;
      signal?.throwIfAborted();
      this.#pending.set(id, { resolve, reject });
      const cancel = (/** @type {any} */ reason) => {
        reject(reason);
        if (this.#queue.some((call) => call.id === id)) this.#queue = this.#queue.filter((call) => call.id !== id);
        else this.#port?.postMessage({ cancel: id });
      };
      signal?.addEventListener("abort", () => cancel(signal.reason), { signal: stop.signal });
      const late = () => cancel(failure("TimeoutError", `no answer to "${name}" within ${timeout} ms`));
      if (isTime(timeout)) timer = setTimeout(late, timeout);
      this.#enqueue({ id, method, params: params() });
    });
    const done = () => {
      this.#pending.delete(id);
      clearTimeout(timer);
      stop.abort();
    };
    promise.then(done, done);
    return promise;
  }

  /**
   * Listens to an event of the host, or to a message of a Boxo host by its name (`AppBoxoWebAppLogout`, …).
   * @param {string} type @param {Listener} listener @returns {() => void} stops listening
   */
  on(type, listener) {
    const all = this.#listeners.get(type) ?? new Set();
    this.#listeners.set(type, all.add(listener));
    return () => void all.delete(listener);
  }

  /** Closes the bridge: rejects all pending requests and aborts them at the host. */
  close() {
    this.#port?.postMessage({ close: 1 });
    this.#end(failure("ClosedError", "the bridge was closed"));
  }

  #startNative() {
    const receive = (/** @type {any} */ { detail }) => this.#read(detail, (data) => this.#fromBoxo(data));
    addEventListener(NATIVE, receive, { signal: this.#ended.signal });
    // Native apps do not know `event_id` and may refuse it.
    this.#start("native", null, ({ id, method, params: { event_id, ...params } }) => {
      const send = native(method);
      if (!send) throw failure("NotSupportedError", `this app does not support "${method}"`);
      send(id ? { ...params, request_id: id } : params);
    });
  }

  /** @param {number} timeout */
  #startWeb(timeout) {
    const none = (/** @type {string} */ why) => this.#end(failure("NoHostError", why));
    if (!globalThis.parent || parent === window) return none("this page is not in a host's frame");
    const above = location.ancestorOrigins?.[0] ?? "null";
    const expected = this.#origins.join(" or ");
    if (above !== "null" && !this.#origins.includes(above))
      return none(`this page is embedded by ${above}, not by ${expected}`);
    addEventListener("message", (event) => this.#receive(event), { signal: this.#ended.signal });
    /** @param {OutgoingCall} call @param {object} [more] */
    const send = ({ id, method, params }, more) => {
      const message = {
        handler: method,
        params: { ...params, ...(id && { request_id: id }) },
        type: CALL,
        sdkVersion: "footbridge",
        ...more,
      };
      for (const origin of this.#origins) if (above === "null" || above === origin) parent.postMessage(message, origin);
    };
    // Boxo's hosts answer this call like any other. A Footbridge host sees the nonce and sends a port.
    this.#pending.set(this.#hello, { resolve: (init) => this.#start("web-sdk", init, send), reject: () => {} });
    /** @type {ReturnType<typeof setTimeout>} */
    let retry;
    let pause = 50;
    const hello = () => {
      send({ id: this.#hello, method: INIT, params: {} }, { footbridge: { wire: WIRE, nonce: this.#nonce } });
      // The host may not be listening yet.
      retry = setTimeout(hello, (pause = Math.min(pause * 2, 1000)));
    };
    hello();
    const late = () =>
      none(`no host at ${expected} answered within ${timeout} ms: no MiniappHost for ${location.origin}?`);
    const limit = isTime(timeout) ? setTimeout(late, timeout) : 0;
    const stop = () => (clearTimeout(retry), clearTimeout(limit));
    this.ready.then(stop, stop);
  }

  /** @param {MessageEvent} event */
  #receive({ source, origin, data, ports }) {
    const known = data?.footbridge || data?.type === REPLY || data?.type === CUSTOM;
    if (source !== parent)
      return known && this.#warn("message from another window ignored", "the host's window", `a window of ${origin}`);
    if (!this.#origins.includes(origin))
      return this.#warn("message from another origin ignored", this.#origins.join(" or "), origin);
    if (this.#port) return; // A message for a js-sdk on the same page.
    if (!data?.footbridge) return this.#read(data, (data) => this.#fromBoxo(data));
    const [port] = ports;
    if (data.nonce !== this.#nonce || !port)
      return this.#warn("handshake ignored", "the answer to this page's handshake", "another");
    this.#port = port;
    port.onmessage = ({ data }) => this.#read(data, (data) => this.#fromPort(data));
    // No browser reports to the host that the port's page has gone, so the page does.
    addEventListener("pagehide", (event) => event.persisted || this.close(), { signal: this.#ended.signal });
    const send = (/** @type {OutgoingCall} */ { id, ...call }) => port.postMessage({ request_id: id, ...call });
    this.#read(data, ({ init }) => this.#start("footbridge", init, send));
    port.postMessage({ ready: 1 });
  }

  /** @param {string} host @param {any} init @param {(call: OutgoingCall) => void} out */
  #start(host, init, out) {
    if (this.host) return;
    this.host = host;
    this.init = init;
    this.#out = out;
    for (const call of this.#queue.splice(0)) this.#enqueue(call);
    this.#connected();
  }

  /** @param {OutgoingCall} call */
  #enqueue(call) {
    if (this.#out) this.#out(call);
    else if (this.#queue.push(call) > QUEUE)
      throw this.#queue.pop() && failure("BusyError", "too many events wait for the host");
  }

  /**
   * Checks a message of the host. A refused answer rejects its request.
   * @param {any} raw @param {(data: any) => void} use
   */
  #read(raw, use) {
    let data;
    try {
      data = plain(raw, SIZE + AROUND);
    } catch (error) {
      const waiter = this.#pending.get(Number(raw.re ?? raw.data?.request_id));
      if (waiter) return waiter.reject(error);
      return this.#warn("message ignored", "JSON that is not too large or deep", `${error}`);
    }
    use(data);
  }

  /** @param {any} data */
  #fromPort(data) {
    if (data?.ping) this.#port?.postMessage({ ready: 1 });
    else if (data?.close) this.#end(failure("ClosedError", String(data.close)));
    else if (data?.event) this.#emit(data.event.type, data.event.payload, data.event.id);
    else this.#settle(data?.re, data?.value, data?.error);
  }

  /** @param {any} message a message of a Boxo host or a native app */
  #fromBoxo(message) {
    const name = message?.handler ?? message?.type;
    if (typeof name !== "string") return this.#warn("unknown message ignored", "a reply or an event", shape(message));
    const { request_id: id, ...data } = Object(message.data);
    // Until the kind of host is known, only its answer counts. A Footbridge host sends the rest again over the port.
    if (!this.host && Number(id) !== this.#hello) return;
    // Some iOS wrappers add an empty error to a success.
    const failed = "error_type" in data && (data.error_type || this.host !== "native");
    if (id || failed) this.#settle(id && Number(id), data, failed && { data });
    else if (name !== CUSTOM) this.#emit(name, message.data ?? message);
    else if (typeof data.type === "string") this.#emit(data.type, data.payload, message.event_id);
  }

  /** @param {any} id @param {any} value @param {any} error */
  #settle(id, value, error) {
    const waiter = this.#pending.get(id);
    if (waiter) error ? waiter.reject(revive(error)) : waiter.resolve(value);
    else if (error && !id)
      this.#warn(`the host failed: ${revive(error).message}`, "an event that it handles", "an error");
    else if (id !== this.#hello) this.#warn("reply ignored", "a reply to something pending", "another");
  }

  /** @param {string} type @param {any} payload @param {string} [id] */
  #emit(type, payload, id) {
    const listeners = this.#listeners.get(type);
    if (!listeners?.size && this.host) this.#warn("event ignored", "a listener", `none for "${type}"`);
    const event = { type, id: isId(id) ? id : undefined };
    for (const listener of listeners ?? []) queueMicrotask(() => listener(payload, event));
  }

  /** @param {Error} reason */
  #end(reason) {
    if (this.#closed) return;
    this.#closed = reason;
    this.#ended.abort();
    this.#port?.close();
    for (const { reject } of this.#pending.values()) reject(reason);
    this.#queue = [];
    queueMicrotask(() => this.onclose?.(reason));
  }
}

/** Connects to the host. @param {BridgeOptions} [options] @returns {Promise<Bridge>} */
export async function connect(options) {
  return new Bridge(options).ready;
}

/** Random, so that it cannot be guessed; an integer, because native apps accept nothing else. */
const callId = () => Number(crypto.getRandomValues(new Uint32Array(1))) >>> 1 || 1;

/** Returns true for a usable timeout. Browsers treat a longer one as 0. @param {number} ms */
const isTime = (ms) => ms > 0 && ms < 2 ** 31;

/** @param {WireError} error @returns {BridgeError} */
function revive({ name, message, data }) {
  const text = String(message ?? data?.error_data?.error_reason ?? data?.error_type);
  return Object.assign(new Error(text), data, { name: String(name ?? "HostError"), message: text });
}
