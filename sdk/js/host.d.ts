import type { Checks, ForwardOptions, Handler, HostOptions, Trace, Warning } from "./types.js";
export declare class MiniappHost {
    #private;
    /** Called for ignored messages and failures; logs by default. @type {((warning: Warning) => void) | null} */
    onwarning: ((warning: Warning) => void) | null;
    /** Called when an event of the miniapp is completed. @type {((trace: Trace) => void) | null} */
    onevent: ((trace: Trace) => void) | null;
    /** @param {HostOptions} options */
    constructor(options: HostOptions);
    /**
     * Handles a custom event of the miniapp. The handler's return value is the answer. `"*"` handles all other types.
     * @param {string} type @param {Handler} handler @param {Checks} [checks]
     * @returns {() => void} removes the handler
     */
    on(type: string, handler: Handler, { validate }?: Checks): () => void;
    /**
     * Handles another method of Boxo, such as `AppBoxoWebAppLogin`.
     * @param {string} name @param {Handler} handler @returns {() => void} removes the handler
     */
    method(name: string, handler: Handler): () => void;
    /**
     * Forwards a custom event to the server. The answer is the other app's (`exchange`) or `{ id }` (`publish`).
     * @param {string} type @param {ForwardOptions & Checks} options @returns {() => void} stops forwarding
     */
    forward(type: string, options: ForwardOptions & Checks): () => void;
    /** Sends an event once the miniapp is ready. @param {string} type @param {any} [payload] @returns {string} its id */
    emit(type: string, payload?: any): string;
    /** Aborts all pending calls on both sides. Does not change the frame. */
    close(): void;
}
