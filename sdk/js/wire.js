// Shared by host.js and miniapp.js: the message names, and the checks for every message.

export const CUSTOM = "AppBoxoWebAppCustomEvent";
export const INIT = "AppBoxoWebAppGetInitData";
/** The `type` of a miniapp's message, and of a host's reply. */
export const CALL = "appboxo-js-sdk";
export const REPLY = "appboxo-host-response";
/** The version of the Footbridge protocol, used over a MessagePort after the handshake. */
export const WIRE = 1;
/** The most events that are queued until the handshake. */
export const QUEUE = 100;
/** The longest value that is sent, in characters: longer than any answer of a server. */
export const SIZE = 2 ** 21;
/** The deepest nesting of a value, as on the server. */
const DEPTH = 64;
/** The levels that the message around a value adds. */
const FRAME = 2;
/** The longest message of an error, in characters. */
const MESSAGE = 1000;

/**
 * Returns the origin to communicate with. Refuses `"*"` and `"null"`.
 * @param {unknown} text @param {string} option @returns {string}
 */
export function pinned(text, option) {
  try {
    const url = new URL(String(text));
    if (url.origin !== "null" && url.href === url.origin + "/") return url.origin;
  } catch {}
  throw new TypeError(`${option} must be one origin such as "https://shop.example", not "${text}"`);
}

/** Returns an id that cannot be guessed. `randomUUID` is missing on plain http pages. */
export const newId = () => "pev_" + [...crypto.getRandomValues(new Uint32Array(4))].map((n) => n.toString(36)).join("");

/** @param {unknown} id @returns {boolean} true for a valid event id, here and on a server */
export const isId = (id) => typeof id === "string" && /^[\w-]{8,64}$/.test(id);

/** @param {string} name @param {string} message @param {number} [status] @returns {import("./types.js").BridgeError} */
export const failure = (name, message, status) => Object.assign(new Error(message), { name, status });

/**
 * @param {unknown} value
 * @returns {any} the value as JSON, ready to send; throws if its depth or size is over the limit
 */
export function json(value) {
  const text = JSON.stringify(value ?? null);
  if (!text) throw new TypeError(`a ${typeof value} is not JSON`);
  return plain(JSON.parse(text), SIZE, undefined, DEPTH);
}

/**
 * Returns a checked copy of a received value. Structured clone allows far more than JSON: only plain data passes, up to
 * `levels` deep and `limit` characters of JSON, without keys that could pollute prototypes.
 * @param {unknown} value @param {number} limit @param {ReturnType<typeof warner>} [warn] @param {number} [levels]
 * @returns {any}
 */
export function plain(value, limit, warn, levels = DEPTH + FRAME) {
  let left = limit;
  /** @param {number} n */
  const spend = (n) => {
    // Also stops at cycles and at objects that are referenced a million times, which are cheap to clone.
    if ((left -= n) < 0) throw failure("TooLargeError", `the message is larger than ${limit} characters`, 413);
  };
  /** @param {any} v @param {number} rest @param {string} [under] @returns {any} */
  const copy = (v, rest, under) => {
    spend(2);
    if (v == null) return null;
    if (typeof v === "number") return isFinite(v) ? v : null;
    if (typeof v === "string") spend(v.length);
    if (typeof v === "string" || typeof v === "boolean") return v;
    if (v instanceof Date) return v.toJSON();
    if (!rest) throw failure("InvalidError", `the message is nested deeper than ${DEPTH}`, 400);
    if (Array.isArray(v)) return Array.from(v, (item) => copy(item, rest - 1));
    const kind = Object.getPrototypeOf(v);
    if (typeof v !== "object" || (kind && kind !== Object.prototype))
      throw failure("InvalidError", `"${under}" is a ${kind.constructor?.name}, not JSON`, 400);
    /** @type {Record<string, any>} */
    const out = {};
    for (const key of Object.keys(v)) {
      if (v[key] === undefined) continue;
      if (key === "__proto__" || (key === "prototype" && under === "constructor"))
        warn?.("member dropped", "no key that changes a prototype", key);
      else (spend(key.length + 2), (out[key] = copy(v[key], rest - 1, key)));
    }
    return out;
  };
  return copy(value, levels);
}

/** @param {any} thrown @returns {Required<import("./types.js").WireError>} for a message; `data` is Boxo's format */
export function describe(thrown) {
  try {
    const { name = "Error", message, status = 500, error_type, error_data, ...more } = Object(thrown);
    const text = `${message ?? error_data?.error_reason ?? error_type ?? thrown}`.slice(0, MESSAGE);
    const shown = { error_code: status, error_reason: text, error_description: `${name}: ${text}` };
    // An error in Boxo's format is sent unchanged.
    const data = error_type ? { ...more, error_type, error_data } : { error_type: "client_error", error_data: shown };
    return json({ name, message: text, data });
  } catch {
    return describe("unreadable error");
  }
}

/** @param {{ rate: number, burst: number }} limits `rate` per second @returns {() => boolean} true if one may pass */
export function bucket({ rate, burst }) {
  let tokens = burst;
  let at = performance.now();
  return () => {
    const now = performance.now();
    tokens = Math.min(burst, tokens + ((now - at) * rate) / 1000);
    at = now;
    return tokens >= 1 && tokens-- > 0;
  };
}

/** @param {any} data @returns {string} the type of a message, without its content */
export const shape = (data) => `${typeof data} ${typeof data?.type === "string" ? data.type.slice(0, 60) : ""}`;

/** Logs a warning to the console as JSON text. @param {object} warning */
export const log = (warning) => console.warn(JSON.stringify(warning));

/**
 * @param {{ onwarning: ((warning: import("./types.js").Warning) => void) | null }} owner
 * @returns {(message: string, expected: string, got: string) => void}
 */
export function warner(owner) {
  const take = bucket({ rate: 10, burst: 50 });
  let missed = 0;
  return (message, expected, got) => {
    if (!take()) return void missed++;
    const warning = { message, expected, got, missed };
    missed = 0;
    // In a microtask, so that a handler that throws interrupts nothing here.
    queueMicrotask(() => owner.onwarning?.(warning));
  };
}
