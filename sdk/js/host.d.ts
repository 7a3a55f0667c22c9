import type { Checks, ForwardOptions, Handler, HostOptions, Trace, Warning } from "./types.js";
export declare class MiniappHost {
    #private;
    /** @type {((warning: Warning) => void) | null} */
    onwarning: ((warning: Warning) => void) | null;
    /** Told when an event of the miniapp has ended. @type {((trace: Trace) => void) | null} */
    onevent: ((trace: Trace) => void) | null;
    /** @param {HostOptions} options */
    constructor(options: HostOptions);
    /**
     * Handles a custom event of the miniapp; what the handler returns is the answer. `"*"` takes what no other does.
     * @param {string} type @param {Handler} handler @param {Checks} [checks]
     * @returns {() => void} takes the handler away
     */
    on(type: string, handler: Handler, { validate }?: Checks): () => void;
    /**
     * Serves another method of Boxo's, such as `AppBoxoWebAppLogin`.
     * @param {string} name @param {Handler} handler @returns {() => void} takes the handler away
     */
    method(name: string, handler: Handler): () => void;
    /**
     * Passes a custom event on to the server; the miniapp gets the other app's answer (`exchange`), or `{ id }` (`publish`).
     * @param {string} type @param {ForwardOptions & Checks} options @returns {() => void} ends it
     */
    forward(type: string, options: ForwardOptions & Checks): () => void;
    /** Sends the miniapp an event; kept until it listens. @param {string} type @param {any} [payload] @returns {string} its id */
    emit(type: string, payload?: any): string;
    /** Ends every call, on both sides. The frame stays as it is. */
    close(): void;
}
