// What host.js and miniapp.js share: the words on the wire, and the checks that nothing passes without.

export const CUSTOM = "AppBoxoWebAppCustomEvent";
export const INIT = "AppBoxoWebAppGetInitData";
/** The `type` of whatever a miniapp says to its host, and of a host's reply. */
export const CALL = "appboxo-js-sdk";
export const REPLY = "appboxo-host-response";
/** The version of our own wire, spoken over a MessagePort once both sides have said it. */
export const WIRE = 1;
/** How many events wait for a handshake. */
export const QUEUE = 100;

/**
 * A message that was ignored, or something that went wrong without anyone waiting for it.
 * @typedef {object} Warning
 * @property {string} message
 * @property {string} expected
 * @property {string} got what came; never a payload
 * @property {number} [missed] warnings left out before this one, because there were too many
 *
 * An error from the other side: its name and message, and what Boxo's `sendPromise` rejects with.
 * @typedef {Error & { error_type?: string, error_data?: any, payload?: any, status?: number }} BridgeError
 *
 * @typedef {{ name?: string, message?: string, data?: any }} WireError
 */

/**
 * The one origin that is talked to. `"*"` and `"null"` are nobody's, so they are refused.
 * @param {unknown} text @param {string} option @returns {string}
 */
export function pinned(text, option) {
  try {
    const url = new URL(String(text));
    if (/^https?:$/.test(url.protocol) && url.href === url.origin + "/") return url.origin;
  } catch {}
  throw new TypeError(`${option} must be one origin such as "https://shop.example", not "${text}"`);
}

/** Nobody can guess it; made without `randomUUID`, which plain http pages lack. */
export const newId = () =>
  "pev_" + Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");

/** @param {unknown} id @returns {string} the sender's id when it is fit for one, else a new one */
export const eventId = (id) => (typeof id === "string" && /^[\w-]{8,64}$/.test(id) ? id : newId());

/** @param {string} name @param {string} message @param {number} [status] @returns {BridgeError} */
export const failure = (name, message, status) => Object.assign(new Error(message), { name, ...(status && { status }) });

/** @param {unknown} value @returns {any} the value as JSON has it, for sending */
export function json(value) {
  const text = JSON.stringify(value ?? null);
  if (!text) throw new TypeError(`a ${typeof value} cannot be sent: it is not JSON`);
  return JSON.parse(text);
}

/**
 * A checked copy of what came. Structured clone carries far more than JSON: only plain data passes, not deeper than
 * 60, not longer than `limit` characters of JSON, and without the keys that prototypes are polluted with.
 * @param {unknown} value @param {number} limit @param {(key: string) => void} [dropped] @returns {any}
 */
export function plain(value, limit, dropped) {
  let left = limit;
  /** @param {number} n */
  const spend = (n) => {
    // Also ends cycles and the same object named a million times, which clone cheaply and unfold without end.
    if ((left -= n) < 0) throw failure("TooLargeError", `the message is larger than ${limit} characters`, 413);
  };
  /** @param {any} v @param {number} depth @param {string} [under] @returns {any} */
  const copy = (v, depth, under) => {
    spend(2);
    if (v == null) return null;
    if (typeof v === "boolean") return v;
    if (typeof v === "number") return Number.isFinite(v) ? v : null;
    if (typeof v === "string") return spend(v.length), v;
    if (v instanceof Date) return v.toJSON();
    if (depth > 60) throw failure("TooDeepError", "the message is nested deeper than 60", 400);
    if (Array.isArray(v)) return spend(v.length), Array.from(v, (item) => copy(item, depth + 1));
    const kind = Object.getPrototypeOf(v);
    if (typeof v !== "object" || (kind && kind !== Object.prototype))
      throw failure("NotJsonError", `"${under ?? "the message"}" is a ${kind?.constructor?.name}, not JSON`, 400);
    /** @type {Record<string, any>} */
    const out = {};
    for (const key of Object.keys(v)) {
      if (v[key] === undefined) continue;
      if (key === "__proto__" || (key === "prototype" && under === "constructor")) dropped?.(key);
      else spend(key.length + 2), (out[key] = copy(v[key], depth + 1, key));
    }
    return out;
  };
  return copy(value, 0);
}

/** @param {unknown} thrown @returns {Required<WireError>} what a handler threw, for the wire; `data` is Boxo's form */
export function describe(thrown) {
  const e = /** @type {any} */ (Object(thrown) === thrown ? thrown : { message: String(thrown) });
  const name = String(e.name ?? "Error");
  const message = String(e.message ?? e.error_data?.error_reason ?? e.error_type ?? "");
  const error_data = { error_code: e.status ?? 500, error_reason: message, error_description: `${name}: ${message}` };
  // What already is an error of Boxo's goes as it is.
  return { name, message, data: "error_type" in e ? json({ ...e }) : { error_type: "client_error", error_data } };
}

/** @param {WireError} error @returns {BridgeError} */
export function revive({ name, message, data }) {
  const text = String(message ?? data?.error_data?.error_reason ?? data?.error_type);
  return Object.assign(new Error(text), data, { name: String(name ?? "HostError"), message: text });
}

/** @param {number} rate a second @param {number} burst @returns {() => boolean} whether one more may pass */
export function bucket(rate, burst) {
  let tokens = burst;
  let at = performance.now();
  return () => {
    const now = performance.now();
    tokens = Math.min(burst, tokens + ((now - at) * rate) / 1000);
    at = now;
    return tokens >= 1 && tokens-- > 0;
  };
}

/** @param {any} data @returns {string} what a message looks like, without what it says */
export const shape = (data) =>
  Object(data) === data ? `an object of type ${JSON.stringify(data.type)?.slice(0, 60)}` : typeof data;

/**
 * @param {{ onwarning: ((warning: Warning) => void) | null }} owner
 * @returns {(message: string, expected: string, got: string) => void}
 */
export function warner(owner) {
  const take = bucket(10, 50);
  let missed = 0;
  return (message, expected, got) => {
    if (!take()) return void missed++;
    const warning = { message, expected, got, ...(missed && { missed }) };
    missed = 0;
    // On its own, so that a handler that throws stops nothing here.
    queueMicrotask(() => owner.onwarning?.(warning));
  };
}

/** @param {Warning} warning */
export const toConsole = ({ message, expected, got }) =>
  console.warn(`Footbridge: ${message} (expected ${expected}; got ${got})`);
