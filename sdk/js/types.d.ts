export type Warning = {
    message: string;
    expected: string;
    /**
     * what came; never a payload
     */
    got: string;
    /**
     * warnings left out before this one, because there were too many
     */
    missed: number;
};
export type BridgeError = Error & {
    error_type?: string;
    error_data?: any;
    payload?: any;
    status?: number;
};
export type WireError = {
    name?: string;
    message?: string;
    data?: any;
};
export type HostOptions = {
    /**
     * the miniapp's frame
     */
    iframe: HTMLIFrameElement;
    /**
     * where the miniapp is served from; nobody else is heard or spoken to
     */
    origin: string;
    /**
     * the miniapp's name
     */
    appId?: string;
    /**
     * this host's name
     */
    clientId?: string;
    /**
     * more members for the answer to `AppBoxoWebAppGetInitData`
     */
    init?: object;
    limits?: Partial<Limits>;
};
export type Limits = {
    /**
     * messages a second; 500
     */
    rate: number;
    /**
     * messages at once; 1000
     */
    burst: number;
    /**
     * characters in a message; 256 Ki
     */
    size: number;
    /**
     * calls under way; 500
     */
    pending: number;
};
export type MiniappEvent = {
    /**
     * the same from the miniapp's call to the server's record
     */
    id: string;
    type: string;
    origin: string;
    /**
     * whether the miniapp waits for an answer
     */
    reply: boolean;
    /**
     * aborted when nobody waits any more: cancelled, timed out, closed, gone
     */
    signal: AbortSignal;
    /**
     * the server's id, once the event was forwarded, whatever came of it
     */
    serverId?: string;
};
export type Trace = MiniappEvent & {
    ok: boolean;
    ms: number;
    error: string | undefined;
};
export type Handler = (payload: any, event: MiniappEvent) => any;
export type Checks = {
    validate?: (payload: any, event: MiniappEvent) => unknown;
};
export type Entry = Checks & {
    handler: Handler;
};
export type ForwardOptions = {
    /**
     * a forward ticket, or what fetches one
     * from your back end; a function is told the event that needs it, and asked again when the server no longer takes the
     * last one
     */
    ticket: string | ((event: MiniappEvent) => string | Promise<string>);
    /**
     * ask the other app and wait for its answer, or tell every subscriber
     */
    to: "exchange" | "publish";
    /**
     * base URL of the Footbridge server; by default the one that served the SDK
     */
    server?: string;
};
export type Call = {
    id: string | number | undefined;
    eventId: string;
    method: string;
    name: string;
    params: any;
};
export type Line = {
    pending: Map<unknown, AbortController>;
    answer: (call: Call, value: any) => void;
    fail: (call: Call, error: Required<WireError>) => void;
    port?: MessagePort;
    nonce?: string;
    /**
     * What a window said, or why that is not even read.
     */
    ready?: boolean;
};
export type Message = {
    origin: string;
    data: any;
    error?: unknown;
};
export type Push = {
    event: {
        type: string;
        payload: any;
        id: string;
    };
    pushed?: boolean;
};
export type BridgeOptions = {
    /**
     * whose frame this page may be in; only a native app needs none
     */
    hostOrigin?: string | string[];
    /**
     * ms to wait for the host; 10 000, 0 for as long as it takes
     */
    timeout?: number;
    /**
     * ms a request waits when it does not say; 30 000
     */
    requestTimeout?: number;
};
export type RequestOptions = {
    /**
     * ms; 0 for as long as it takes
     */
    timeout?: number;
    signal?: AbortSignal;
    /**
     * the event's id, when you already have one: 8 to 64 letters, digits, `-`, `_`
     */
    id?: string;
};
export type Pending = Promise<any> & {
    id: string;
};
export type Listener = (payload: any, event: {
    type: string;
    id?: string;
}) => void;
export type Waiter = {
    resolve: (value: any) => void;
    reject: (error: any) => void;
};
export type Said = {
    id?: number;
    method: string;
    params: any;
};
/**
 * A message that was ignored, or something that went wrong without anyone waiting for it.
 * @typedef {object} Warning
 * @property {string} message
 * @property {string} expected
 * @property {string} got what came; never a payload
 * @property {number} missed warnings left out before this one, because there were too many
 */
/**
 * An error from the other side: its name and message, and what Boxo's `sendPromise` rejects with.
 * @typedef {Error & { error_type?: string, error_data?: any, payload?: any, status?: number }} BridgeError
 *
 * @typedef {{ name?: string, message?: string, data?: any }} WireError
 */
/**
 * @typedef {object} HostOptions
 * @property {HTMLIFrameElement} iframe the miniapp's frame
 * @property {string} origin where the miniapp is served from; nobody else is heard or spoken to
 * @property {string} [appId] the miniapp's name
 * @property {string} [clientId] this host's name
 * @property {object} [init] more members for the answer to `AppBoxoWebAppGetInitData`
 * @property {Partial<Limits>} [limits]
 */
/**
 * For one frame.
 * @typedef {object} Limits
 * @property {number} rate messages a second; 500
 * @property {number} burst messages at once; 1000
 * @property {number} size characters in a message; 256 Ki
 * @property {number} pending calls under way; 500
 */
/**
 * @typedef {object} MiniappEvent
 * @property {string} id the same from the miniapp's call to the server's record
 * @property {string} type
 * @property {string} origin
 * @property {boolean} reply whether the miniapp waits for an answer
 * @property {AbortSignal} signal aborted when nobody waits any more: cancelled, timed out, closed, gone
 * @property {string} [serverId] the server's id, once the event was forwarded, whatever came of it
 *
 * @typedef {MiniappEvent & { ok: boolean, ms: number, error: string | undefined }} Trace
 *
 * @typedef {(payload: any, event: MiniappEvent) => any} Handler
 * @typedef {{ validate?: (payload: any, event: MiniappEvent) => unknown }} Checks `validate` refuses by returning false
 *   or throwing
 * @typedef {Checks & { handler: Handler }} Entry
 */
/**
 * @typedef {object} ForwardOptions
 * @property {string | ((event: MiniappEvent) => string | Promise<string>)} ticket a forward ticket, or what fetches one
 *   from your back end; a function is told the event that needs it, and asked again when the server no longer takes the
 *   last one
 * @property {"exchange" | "publish"} to ask the other app and wait for its answer, or tell every subscriber
 * @property {string} [server] base URL of the Footbridge server; by default the one that served the SDK
 */
/**
 * A call of the miniapp; `name` is the custom event's type, or the method.
 * @typedef {{ id: string | number | undefined, eventId: string, method: string, name: string, params: any }} Call
 *
 * A way to the miniapp, and the calls that came along it. `ready` says that the other end is known to listen.
 * @typedef {object} Line
 * @property {Map<unknown, AbortController>} pending
 * @property {(call: Call, value: any) => void} answer
 * @property {(call: Call, error: Required<WireError>) => void} fail
 * @property {MessagePort} [port]
 * @property {string} [nonce]
 * @property {boolean} [ready]
 *
 * What a window said, or why that is not even read.
 * @typedef {{ origin: string, data: any, error?: unknown }} Message
 * @typedef {{ event: { type: string, payload: any, id: string }, pushed?: boolean }} Push
 */
/**
 * @typedef {object} BridgeOptions
 * @property {string | string[]} [hostOrigin] whose frame this page may be in; only a native app needs none
 * @property {number} [timeout] ms to wait for the host; 10 000, 0 for as long as it takes
 * @property {number} [requestTimeout] ms a request waits when it does not say; 30 000
 */
/**
 * @typedef {object} RequestOptions
 * @property {number} [timeout] ms; 0 for as long as it takes
 * @property {AbortSignal} [signal]
 * @property {string} [id] the event's id, when you already have one: 8 to 64 letters, digits, `-`, `_`
 *
 * @typedef {Promise<any> & { id: string }} Pending the answer to come, and the event's id
 * @typedef {(payload: any, event: { type: string, id?: string }) => void} Listener
 * @typedef {{ resolve: (value: any) => void, reject: (error: any) => void }} Waiter
 * @typedef {{ id?: number, method: string, params: any }} Said
 */
export {};
