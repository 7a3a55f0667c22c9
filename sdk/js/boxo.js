// The host's support for miniapps that use Boxo's own SDK (js-sdk). Loaded when the first of them is found.
import { CALL, CUSTOM, failure, plain, QUEUE, REPLY } from "./wire.js";

/** @import { Call, Message, Push, WireError } from "./types.js" */

/** The method whose replies are matched by transaction token, not by request id. */
const PAY = "AppBoxoWebAppPay";
/** Limits for one window before its host is created: characters in a message, and in all messages. */
const MESSAGE = 2 ** 18;
const ALL = 2 ** 20;
/** The most messages of a window that are remembered, including refused ones. */
const REFUSED = 1000;

/** Messages of windows whose host does not exist yet. @type {WeakMap<object, { messages: Message[], room: number }>} */
const early = new WeakMap();

/**
 * Stores a message until the host is created: a hundred per window. Of a message over the limit only the caller is
 * stored, so that it gets an error.
 * @param {object} source @param {string} origin @param {any} data
 */
export function storeEarly(source, origin, data) {
  const stored = early.get(source) ?? { messages: [], room: ALL };
  early.set(source, stored);
  const { messages } = stored;
  if (messages.length >= REFUSED) return;
  try {
    if (messages.length >= QUEUE || stored.room < 0)
      throw failure("BusyError", "too many messages before the MiniappHost was created", 429);
    const copy = plain(data, MESSAGE);
    stored.room -= JSON.stringify(copy).length;
    messages.push({ origin, data: copy });
  } catch (error) {
    const caller = { type: CALL, handler: `${data.handler}`.slice(0, 128), request_id: requestId(data) };
    messages.push({ origin, data: caller, error });
  }
}

/** @param {any} data @returns {string | number | undefined} */
function requestId(data) {
  const id = data.request_id || data.params?.request_id;
  if (Number.isFinite(id) || (typeof id === "string" && id.length <= 128)) return id;
}

/** The connection to a frame's js-sdk: its pending calls, and messages in the format that js-sdk expects. */
export class BoxoLine {
  /** @type {Map<unknown, AbortController>} */
  pending = new Map();
  /** The calls that were pending at the last `load` event. @type {AbortController[]} */
  #older = [];
  /** The id of the last call. @type {unknown} */
  #last;
  /** True if a call since the last `load` may be the first of a new document. */
  #fresh = false;
  #post;
  #observer;

  /**
   * @param {HTMLIFrameElement} iframe @param {(message: object) => void} post
   * @param {(navigates: boolean) => void} changed called when the frame was moved, or navigates to another page
   */
  constructor(iframe, post, changed) {
    this.#post = post;
    this.#observer = new MutationObserver((seen) => changed(seen.some(({ target }) => target === iframe)));
    // No event reports that a frame was removed from its page.
    this.#observer.observe(iframe.ownerDocument, { childList: true, subtree: true });
    this.#observer.observe(iframe, { attributeFilter: ["src", "srcdoc"] });
  }

  /** @param {Call} call @param {any} value sent unchanged if it is an object, otherwise as `payload` */
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

  /** @param {object} source @returns {Message[]} this window's messages from before its host was created */
  early(source) {
    const { messages = [] } = early.get(source) ?? {};
    early.delete(source);
    return messages;
  }

  /**
   * Records a call and aborts those of an earlier document. No event reports a new document, but js-sdk numbers its
   * calls from 1 in each: when 1 arrives, all pending calls belong to an earlier document.
   * @param {any} data @returns {string | number | undefined} the call's id, if it expects an answer
   */
  record(data) {
    const id = requestId(data);
    if (!id) return;
    if (id === 1 || this.pending.has(id)) this.#replaced(this.#awaited());
    if (id !== Number(this.#last) + 1) this.#fresh = true;
    this.#last = id;
    return id;
  }

  /**
   * Handles the frame's `load` event. The new document may have made calls while it was parsed, so not every pending
   * call is old. Those that were pending at the previous `load` are. If all ids since then are consecutive, all are.
   * Other calls are left alone until the next call with id 1.
   */
  loaded() {
    this.#replaced(this.#fresh ? this.#older : [...this.#older, ...this.#awaited()]);
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

  /** The pending calls that expect an answer. */
  #awaited() {
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
    // Without an id only subscribers see the reply. They look for the method.
    type: pay || !id ? method : REPLY,
    handler: method,
    data: { ...pay, ...data, ...(id && { request_id: id }) },
    request_id: id,
    event_id: eventId,
  };
}
