// What a host needs for miniapps that were made with Boxo's own SDK; loaded when the first of them speaks or is told.
import { CALL, CUSTOM, failure, plain, QUEUE, REPLY } from "./wire.js";

/** @import { Call, Message, Push, WireError } from "./types.js" */

/** This one is told apart by its transaction, not by a request id. */
const PAY = "AppBoxoWebAppPay";
/** The characters that one window may say before its host is made, in one message and in all. */
const MESSAGE = 2 ** 18;
const ALL = 2 ** 20;
/** How many callers are remembered to be refused, when there were too many. */
const REFUSED = 1000;

/** What windows said before their host was made. @type {WeakMap<object, { messages: Message[], room: number }>} */
const early = new WeakMap();

/**
 * Keeps a message until the host is made: a hundred of each window, and of those that are too much who is to hear so.
 * @param {object} source @param {string} origin @param {any} data
 */
export function keep(source, origin, data) {
  const kept = early.get(source) ?? { messages: [], room: ALL };
  early.set(source, kept);
  const { messages } = kept;
  if (messages.length >= REFUSED) return;
  try {
    if (messages.length >= QUEUE || kept.room < 0)
      throw failure("BusyError", "too much was said before the host was made", 429);
    const copy = plain(data, MESSAGE);
    kept.room -= JSON.stringify(copy).length;
    messages.push({ origin, data: copy });
  } catch (error) {
    const who = { type: CALL, handler: `${data.handler}`.slice(0, 128), request_id: requestId(data) };
    messages.push({ origin, data: who, error });
  }
}

/** @param {any} data @returns {string | number | undefined} */
function requestId(data) {
  const id = data.request_id || data.params?.request_id;
  if (Number.isFinite(id) || (typeof id === "string" && id.length <= 128)) return id;
}

/** The way to a frame's js-sdk: its calls under way, and the shapes in which it is spoken to. */
export class BoxoLine {
  /** @type {Map<unknown, AbortController>} */
  pending = new Map();
  /** What was under way when a document had last loaded. @type {AbortController[]} */
  #older = [];
  /** The number of the last call. @type {unknown} */
  #last;
  /** Whether a call came since then that may be a document's first. */
  #fresh = false;
  #post;
  #observer;

  /**
   * @param {HTMLIFrameElement} iframe @param {(message: object) => void} post
   * @param {(leaves: boolean) => void} told that the frame was moved, or that it leaves for another page
   */
  constructor(iframe, post, told) {
    this.#post = post;
    this.#observer = new MutationObserver((seen) => told(seen.some(({ target }) => target === iframe)));
    // No event says that a frame was taken out of its page.
    this.#observer.observe(iframe.ownerDocument, { childList: true, subtree: true });
    this.#observer.observe(iframe, { attributeFilter: ["src", "srcdoc"] });
  }

  /** @param {Call} call @param {any} value an object goes as it is, all else beneath `payload` */
  answer(call, value) {
    const object = Object(value) === value && !Array.isArray(value);
    this.#post(reply(call, object ? value : { type: call.name, payload: value }));
  }

  /** @param {Call} call @param {WireError} error */
  fail(call, { data }) {
    this.#post(reply(call, data));
  }

  /** @param {Push["event"]} event */
  push({ type, payload, id }) {
    this.#post({ type: CUSTOM, handler: CUSTOM, data: { type, payload }, event_id: id });
  }

  /** @param {object} source @returns {Message[]} what this window said before its host was made */
  early(source) {
    const { messages = [] } = early.get(source) ?? {};
    early.delete(source);
    return messages;
  }

  /**
   * Takes note of a call, and ends those of the document that was there before it. Nothing tells of a document that it
   * is another one, but js-sdk counts its calls from 1 in each: with a 1, all that wait are of an older document.
   * @param {any} data @returns {string | number | undefined} the call's id, if somebody waits
   */
  heard(data) {
    const id = requestId(data);
    if (!id) return;
    if (id === 1 || this.pending.has(id)) this.#replaced(this.#asked());
    if (id !== Number(this.#last) + 1) this.#fresh = true;
    this.#last = id;
    return id;
  }

  /**
   * The frame has loaded a document. It may have called while it was read, so not all that is under way is old: what
   * was so at the `load` before is, and all of it when every number since has followed on the one before. Calls of
   * which neither is known are left alone; the next 1 ends them.
   */
  loaded() {
    this.#replaced(this.#fresh ? this.#older : [...this.#older, ...this.#asked()]);
    this.#older = [...this.pending.values()];
    this.#fresh = false;
  }

  /** @param {Error} reason */
  end(reason) {
    for (const call of this.pending.values()) call.abort(reason);
  }

  /** @param {Error} reason */
  close(reason) {
    this.end(reason);
    this.#observer.disconnect();
  }

  /** Those that somebody waits for. */
  #asked() {
    return [...this.pending].flatMap(([key, control]) => (key === control ? [] : [control]));
  }

  /** @param {AbortController[]} calls */
  #replaced(calls) {
    for (const call of calls) call.abort(failure("AbortError", "the page that called was replaced"));
  }
}

/** @param {Call} call @param {any} data @returns {object} */
function reply({ id, eventId, method, params }, data) {
  const pay = method === PAY && { transactionToken: params.transactionToken };
  return {
    // Without an id only its subscribers see it, and they were told to look for the method.
    type: pay || !id ? method : REPLY,
    handler: method,
    data: { ...pay, ...data, ...(id && { request_id: id }) },
    request_id: id,
    event_id: eventId,
  };
}
