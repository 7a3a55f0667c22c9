import type { BridgeOptions, Listener, Pending, RequestOptions, Warning } from "./types.js";
export declare class Bridge {
    #private;
    /** @type {((warning: Warning) => void) | null} */
    onwarning: ((warning: Warning) => void) | null;
    /** Told once when the bridge is closed, by either side. @type {((reason: Error) => void) | null} */
    onclose: ((reason: Error) => void) | null;
    /** What the host says about itself: `app_id`, `client_id`, `data.handlers`… @type {any} */
    init: any;
    /** "footbridge", "web-sdk" or "native", once connected. */
    host: string;
    /** Settled when the host has answered, or there is none. @type {Promise<this>} */
    ready: Promise<this>;
    /** @param {BridgeOptions} options */
    constructor({ hostOrigin, timeout, requestTimeout }?: BridgeOptions);
    /**
     * Asks the host and waits for its answer. Rejects with what the host threw, or when it takes too long.
     * @param {string} type @param {any} [payload] @param {RequestOptions} [options] @returns {Pending}
     */
    request(type: string, payload?: any, { id, ...options }?: RequestOptions): Pending;
    /** Tells the host and waits for nothing. @param {string} type @param {any} [payload] @returns {string} the event's id */
    send(type: string, payload?: any): string;
    /**
     * Calls another method of Boxo's, such as `AppBoxoWebAppLogin`.
     * @param {string} method @param {any} [params] @param {Omit<RequestOptions, "id">} [options] @returns {Promise<any>}
     */
    method(method: string, params?: any, options?: Omit<RequestOptions, "id">): Promise<any>;
    /**
     * Listens to the host's events, and to messages of a Boxo host by their name (`AppBoxoWebAppLogout`, …).
     * @param {string} type @param {Listener} listener @returns {() => void} stops listening
     */
    on(type: string, listener: Listener): () => void;
    /** Rejects what is pending, here and at the host. */
    close(): void;
}
/** Finds the host and opens the bridge. @param {BridgeOptions} [options] @returns {Promise<Bridge>} */
export declare function connect(options?: BridgeOptions): Promise<Bridge>;
