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
/** The longest value that is sent, in characters: more than the longest answer a server gives. */
export const SIZE = 2 ** 21;
/** How deep a value may be nested, as at the server. */
const DEPTH = 64;
/** How much the message around a value may add. */
const FRAME = 2;
/** The longest message of an error, in characters. */
const MESSAGE = 1000;

/**
 * The one origin that is talked to. `"*"` and `"null"` are nobody's, so they are refused.
 * @param {unknown} text @param {string} option @returns {string}
 */
export function pinned(text, option) {
  try {
    const url = new URL(String(text));
    if (url.origin !== "null" && url.href === url.origin + "/") return url.origin;
  } catch {}
  throw new TypeError(`${option} must be one origin such as "https://shop.example", not "${text}"`);
}

/** Nobody can guess it; made without `randomUUID`, which plain http pages lack. */
export const newId = () => "pev_" + [...crypto.getRandomValues(new Uint32Array(4))].map((n) => n.toString(36)).join("");

/** @param {unknown} id @returns {boolean} whether it may name an event, here and at a server */
export const isId = (id) => typeof id === "string" && /^[\w-]{8,64}$/.test(id);

/** @param {string} name @param {string} message @param {number} [status] @returns {import("./types.js").BridgeError} */
export const failure = (name, message, status) => Object.assign(new Error(message), { name, status });

/**
 * @param {unknown} value
 * @returns {any} the value as JSON has it, for sending: nothing that the other side would refuse for its depth or size
 */
export function json(value) {
  const text = JSON.stringify(value ?? null);
  if (!text) throw new TypeError(`a ${typeof value} is not JSON`);
  return plain(JSON.parse(text), SIZE, undefined, DEPTH);
}

/**
 * A checked copy of what came. Structured clone carries far more than JSON: only plain data passes, not deeper
 * than `levels`, not longer than `limit` characters of JSON, and without the keys that prototypes are polluted with.
 * @param {unknown} value @param {number} limit @param {ReturnType<typeof warner>} [warn] @param {number} [levels]
 * @returns {any}
 */
export function plain(value, limit, warn, levels = DEPTH + FRAME) {
  let left = limit;
  /** @param {number} n */
  const spend = (n) => {
    // Also ends cycles and the same object named a million times, which clone cheaply and unfold without end.
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
        warn?.("member dropped", "none that alters a prototype", key);
      else (spend(key.length + 2), (out[key] = copy(v[key], rest - 1, key)));
    }
    return out;
  };
  return copy(value, levels);
}

/** @param {any} thrown @returns {Required<import("./types.js").WireError>} what a handler threw, for the wire; `data` is Boxo's form */
export function describe(thrown) {
  try {
    const { name = "Error", message, status = 500, error_type, error_data, ...more } = Object(thrown);
    const text = `${message ?? error_data?.error_reason ?? error_type ?? thrown}`.slice(0, MESSAGE);
    const shown = { error_code: status, error_reason: text, error_description: `${name}: ${text}` };
    // What already is an error of Boxo's goes as it is.
    const data = error_type ? { ...more, error_type, error_data } : { error_type: "client_error", error_data: shown };
    return json({ name, message: text, data });
  } catch {
    return describe("unreadable error");
  }
}

/** @param {{ rate: number, burst: number }} limits `rate` a second @returns {() => boolean} whether one more may pass */
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

/** @param {any} data @returns {string} what a message looks like, without what it says */
export const shape = (data) => `${typeof data} ${typeof data?.type === "string" ? data.type.slice(0, 60) : ""}`;

/** Tells the console, as text that any console shows. @param {object} warning */
export const complain = (warning) => console.warn(JSON.stringify(warning));

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
    // On its own, so that a handler that throws stops nothing here.
    queueMicrotask(() => owner.onwarning?.(warning));
  };
}
