export declare const CUSTOM = "AppBoxoWebAppCustomEvent";
export declare const INIT = "AppBoxoWebAppGetInitData";
/** The `type` of a miniapp's message, and of a host's reply. */
export declare const CALL = "appboxo-js-sdk";
export declare const REPLY = "appboxo-host-response";
/** The version of the Footbridge protocol, used over a MessagePort after the handshake. */
export declare const WIRE = 1;
/** The most events that are queued until the handshake. */
export declare const QUEUE = 100;
/** The longest value that is sent, in characters: longer than any answer of a server. */
export declare const SIZE: number;
/**
 * Returns the origin to communicate with. Refuses `"*"` and `"null"`.
 * @param {unknown} text @param {string} option @returns {string}
 */
export declare function pinned(text: unknown, option: string): string;
/** Returns an id that cannot be guessed. `randomUUID` is missing on plain http pages. */
export declare const newId: () => string;
/** @param {unknown} id @returns {boolean} true for a valid event id, here and on a server */
export declare const isId: (id: unknown) => boolean;
/** @param {string} name @param {string} message @param {number} [status] @returns {import("./types.js").BridgeError} */
export declare const failure: (name: string, message: string, status?: number) => import("./types.js").BridgeError;
/**
 * @param {unknown} value
 * @returns {any} the value as JSON, ready to send; throws if its depth or size is over the limit
 */
export declare function json(value: unknown): any;
/**
 * Returns a checked copy of a received value. Structured clone allows far more than JSON: only plain data passes, up to
 * `levels` deep and `limit` characters of JSON, without keys that could pollute prototypes.
 * @param {unknown} value @param {number} limit @param {ReturnType<typeof warner>} [warn] @param {number} [levels]
 * @returns {any}
 */
export declare function plain(value: unknown, limit: number, warn?: ReturnType<typeof warner>, levels?: number): any;
/** @param {any} thrown @returns {Required<import("./types.js").WireError>} for a message; `data` is Boxo's format */
export declare function describe(thrown: any): Required<import("./types.js").WireError>;
/** @param {{ rate: number, burst: number }} limits `rate` per second @returns {() => boolean} true if one may pass */
export declare function bucket({ rate, burst }: {
    rate: number;
    burst: number;
}): () => boolean;
/** @param {any} data @returns {string} the type of a message, without its content */
export declare const shape: (data: any) => string;
/** Logs a warning to the console as JSON text. @param {object} warning */
export declare const log: (warning: object) => void;
/**
 * @param {{ onwarning: ((warning: import("./types.js").Warning) => void) | null }} owner
 * @returns {(message: string, expected: string, got: string) => void}
 */
export declare function warner(owner: {
    onwarning: ((warning: import("./types.js").Warning) => void) | null;
}): (message: string, expected: string, got: string) => void;
