import type { ForwardOptions, Handler } from "./types.js";
/** @import { ForwardOptions, Handler } from "./types.js" */
/**
 * @param {ForwardOptions} options @param {{ appId?: string, clientId?: string }} names
 * @returns {Handler} what passes an event on, and gives the answer
 */
export declare function forwarder({ ticket, to, server }: ForwardOptions, { appId, clientId }: {
    appId?: string;
    clientId?: string;
}): Handler;
