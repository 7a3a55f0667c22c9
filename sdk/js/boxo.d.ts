import type { Call, Message, Push, WireError } from "./types.js";
/**
 * Keeps a message until the host is made: a hundred of each window, and of those that are too much who is to hear so.
 * @param {object} source @param {string} origin @param {any} data
 */
export declare function keep(source: object, origin: string, data: any): void;
/** The way to a frame's js-sdk: its calls under way, and the shapes in which it is spoken to. */
export declare class BoxoLine {
    #private;
    /** @type {Map<unknown, AbortController>} */
    pending: Map<unknown, AbortController>;
    /**
     * @param {HTMLIFrameElement} iframe @param {(message: object) => void} post
     * @param {(leaves: boolean) => void} told that the frame was moved, or that it leaves for another page
     */
    constructor(iframe: HTMLIFrameElement, post: (message: object) => void, told: (leaves: boolean) => void);
    /** @param {Call} call @param {any} value an object goes as it is, all else beneath `payload` */
    answer(call: Call, value: any): void;
    /** @param {Call} call @param {WireError} error */
    fail(call: Call, { data }: WireError): void;
    /** @param {Push["event"]} event */
    push({ type, payload, id }: Push["event"]): void;
    /** @param {object} source @returns {Message[]} what this window said before its host was made */
    early(source: object): Message[];
    /**
     * Takes note of a call, and ends those of the document that was there before it. Nothing tells of a document that it
     * is another one, but js-sdk counts its calls from 1 in each: with a 1, all that wait are of an older document.
     * @param {any} data @returns {string | number | undefined} the call's id, if somebody waits
     */
    heard(data: any): string | number | undefined;
    /**
     * The frame has loaded a document. It may have called while it was read, so not all that is under way is old: what
     * was so at the `load` before is, and all of it when every number since has followed on the one before. Calls of
     * which neither is known are left alone; the next 1 ends them.
     */
    loaded(): void;
    /** @param {Error} reason */
    end(reason: Error): void;
    /** @param {Error} reason */
    close(reason: Error): void;
}
