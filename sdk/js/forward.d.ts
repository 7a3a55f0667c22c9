import type { ForwardOptions, Handler } from "./types.js";
/** @import { ForwardOptions, Handler } from "./types.js" */
/**
 * @param {ForwardOptions} options @param {{ appId?: string, clientId?: string }} names
 * @returns {Handler} forwards an event and returns the answer
 */
export declare function forwarder({ ticket, to, server }: ForwardOptions, { appId, clientId }: {
    appId?: string;
    clientId?: string;
}): Handler;
