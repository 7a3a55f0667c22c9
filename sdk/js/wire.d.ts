export declare const CUSTOM = "AppBoxoWebAppCustomEvent";
export declare const INIT = "AppBoxoWebAppGetInitData";
/** The `type` of whatever a miniapp says to its host, and of a host's reply. */
export declare const CALL = "appboxo-js-sdk";
export declare const REPLY = "appboxo-host-response";
/** The version of our own wire, spoken over a MessagePort once both sides have said it. */
export declare const WIRE = 1;
/** How many events wait for a handshake. */
export declare const QUEUE = 100;
/** The longest value that is sent, in characters: more than the longest answer a server gives. */
export declare const SIZE: number;
/**
 * The one origin that is talked to. `"*"` and `"null"` are nobody's, so they are refused.
 * @param {unknown} text @param {string} option @returns {string}
 */
export declare function pinned(text: unknown, option: string): string;
/** Nobody can guess it; made without `randomUUID`, which plain http pages lack. */
export declare const newId: () => string;
/** @param {unknown} id @returns {boolean} whether it may name an event, here and at a server */
export declare const isId: (id: unknown) => boolean;
/** @param {string} name @param {string} message @param {number} [status] @returns {import("./types.js").BridgeError} */
export declare const failure: (name: string, message: string, status?: number) => import("./types.js").BridgeError;
/**
 * @param {unknown} value
 * @returns {any} the value as JSON has it, for sending: nothing that the other side would refuse for its depth or size
 */
export declare function json(value: unknown): any;
/**
 * A checked copy of what came. Structured clone carries far more than JSON: only plain data passes, not deeper
 * than `levels`, not longer than `limit` characters of JSON, and without the keys that prototypes are polluted with.
 * @param {unknown} value @param {number} limit @param {ReturnType<typeof warner>} [warn] @param {number} [levels]
 * @returns {any}
 */
export declare function plain(value: unknown, limit: number, warn?: ReturnType<typeof warner>, levels?: number): any;
/** @param {any} thrown @returns {Required<import("./types.js").WireError>} what a handler threw, for the wire; `data` is Boxo's form */
export declare function describe(thrown: any): Required<import("./types.js").WireError>;
/** @param {{ rate: number, burst: number }} limits `rate` a second @returns {() => boolean} whether one more may pass */
export declare function bucket({ rate, burst }: {
    rate: number;
    burst: number;
}): () => boolean;
/** @param {any} data @returns {string} what a message looks like, without what it says */
export declare const shape: (data: any) => string;
/** Tells the console, as text that any console shows. @param {object} warning */
export declare const complain: (warning: object) => void;
/**
 * @param {{ onwarning: ((warning: import("./types.js").Warning) => void) | null }} owner
 * @returns {(message: string, expected: string, got: string) => void}
 */
export declare function warner(owner: {
    onwarning: ((warning: import("./types.js").Warning) => void) | null;
}): (message: string, expected: string, got: string) => void;
