import type { BridgeOptions, Listener, Pending, RequestOptions, Warning } from "./types.js";
export declare class Bridge {
    #private;
    /** Called for ignored messages and failures; logs by default. @type {((warning: Warning) => void) | null} */
    onwarning: ((warning: Warning) => void) | null;
    /** Called once when either side closes the bridge. @type {((reason: Error) => void) | null} */
    onclose: ((reason: Error) => void) | null;
    /** The host's description of itself: `app_id`, `client_id`, `data.handlers`… @type {any} */
    init: any;
    /** The kind of host, once connected: "footbridge", "web-sdk" or "native". */
    host: string;
    /** Resolves when the host has answered; rejects if there is none. @type {Promise<this>} */
    ready: Promise<this>;
    /** @param {BridgeOptions} options */
    constructor({ hostOrigin, timeout, requestTimeout }?: BridgeOptions);
    /**
     * Sends the host an event and waits for its answer. Rejects with the handler's error or after the timeout.
     * @param {string} type @param {any} [payload] @param {RequestOptions} [options] @returns {Pending}
     */
    request(type: string, payload?: any, { id, ...options }?: RequestOptions): Pending;
    /** Sends the host an event without waiting. @param {string} type @param {any} [payload] @returns {string} its id */
    send(type: string, payload?: any): string;
    /**
     * Calls another method of Boxo, such as `AppBoxoWebAppLogin`.
     * @param {string} method @param {any} [params] @param {Omit<RequestOptions, "id">} [options] @returns {Promise<any>}
     */
    method(method: string, params?: any, options?: Omit<RequestOptions, "id">): Promise<any>;
    /**
     * Listens to an event of the host, or to a message of a Boxo host by its name (`AppBoxoWebAppLogout`, …).
     * @param {string} type @param {Listener} listener @returns {() => void} stops listening
     */
    on(type: string, listener: Listener): () => void;
    /** Closes the bridge: rejects all pending requests and aborts them at the host. */
    close(): void;
}
/** Connects to the host. @param {BridgeOptions} [options] @returns {Promise<Bridge>} */
export declare function connect(options?: BridgeOptions): Promise<Bridge>;
