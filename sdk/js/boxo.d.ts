import type { Call, Message, Push, WireError } from "./types.js";
/**
 * Stores a message until the host is created: a hundred per window. Of a message over the limit only the caller is
 * stored, so that it gets an error.
 * @param {object} source @param {string} origin @param {any} data
 */
export declare function storeEarly(source: object, origin: string, data: any): void;
/** The connection to a frame's js-sdk: its pending calls, and messages in the format that js-sdk expects. */
export declare class BoxoLine {
    #private;
    /** @type {Map<unknown, AbortController>} */
    pending: Map<unknown, AbortController>;
    /**
     * @param {HTMLIFrameElement} iframe @param {(message: object) => void} post
     * @param {(navigates: boolean) => void} changed called when the frame was moved, or navigates to another page
     */
    constructor(iframe: HTMLIFrameElement, post: (message: object) => void, changed: (navigates: boolean) => void);
    /** @param {Call} call @param {any} value sent unchanged if it is an object, otherwise as `payload` */
    answer(call: Call, value: any): void;
    /** @param {Call} call @param {WireError} error */
    fail(call: Call, { data }: WireError): void;
    /** @param {Push["event"]} event */
    push({ type, payload, id }: Push["event"]): void;
    /** @param {object} source @returns {Message[]} this window's messages from before its host was created */
    early(source: object): Message[];
    /**
     * Records a call and aborts those of an earlier document. No event reports a new document, but js-sdk numbers its
     * calls from 1 in each: when 1 arrives, all pending calls belong to an earlier document.
     * @param {any} data @returns {string | number | undefined} the call's id, if it expects an answer
     */
    record(data: any): string | number | undefined;
    /**
     * Handles the frame's `load` event. The new document may have made calls while it was parsed, so not every pending
     * call is old. Those that were pending at the previous `load` are. If all ids since then are consecutive, all are.
     * Other calls are left alone until the next call with id 1.
     */
    loaded(): void;
    /** @param {Error} reason */
    end(reason: Error): void;
    /** @param {Error} reason */
    close(reason: Error): void;
}
