// Types only. No module loads this file.

/**
 * An ignored message, or a failure that no caller waits for.
 * @typedef {object} Warning
 * @property {string} message
 * @property {string} expected
 * @property {string} got what was received; never a payload
 * @property {number} missed the number of warnings dropped before this one because there were too many
 */

/**
 * An error of the other side: its name and message, and the members with which Boxo's `sendPromise` rejects.
 * @typedef {Error & { error_type?: string, error_data?: any, payload?: any, status?: number }} BridgeError
 *
 * @typedef {{ name?: string, message?: string, data?: any }} WireError
 */

/**
 * @typedef {object} HostOptions
 * @property {HTMLIFrameElement} iframe the miniapp's frame
 * @property {string} origin the miniapp's origin; messages of other origins are ignored
 * @property {string} [appId] the miniapp's name
 * @property {string} [clientId] this host's name
 * @property {object} [init] additional members of the answer to `AppBoxoWebAppGetInitData`
 * @property {Partial<Limits>} [limits]
 */

/**
 * Limits for one frame.
 * @typedef {object} Limits
 * @property {number} rate messages per second; default 500
 * @property {number} burst messages at once; default 1000
 * @property {number} size characters in a message; default 262 144
 * @property {number} pending unanswered calls; default 500
 */

/**
 * An event of the miniapp, as its handler gets it.
 * @typedef {object} MiniappEvent
 * @property {string} id the same in the miniapp, the host and the server
 * @property {string} type
 * @property {string} origin
 * @property {boolean} reply true if the miniapp waits for an answer
 * @property {AbortSignal} signal aborted when the miniapp no longer waits: cancelled, timed out, closed or removed
 * @property {string} [serverId] the server's id of a forwarded event, also after a failure
 *
 * @typedef {MiniappEvent & { ok: boolean, ms: number, error: string | undefined }} Trace
 *
 * @typedef {(payload: any, event: MiniappEvent) => any} Handler
 * @typedef {{ validate?: (payload: any, event: MiniappEvent) => unknown }} Checks `validate` refuses a payload by
 *   returning false or throwing
 * @typedef {Checks & { handler: Handler }} Entry
 */

/**
 * @typedef {object} ForwardOptions
 * @property {string | ((event: MiniappEvent) => string | Promise<string>)} ticket a forward ticket, or a function that
 *   fetches one from your back end. The function gets the event that needs the ticket; it is called again when the
 *   server no longer accepts the last ticket
 * @property {"exchange" | "publish"} to `exchange` waits for the other app's answer, `publish` sends to all subscribers
 * @property {string} [server] the base URL of the Footbridge server; default: the server that served the SDK
 */

/**
 * A call of the miniapp; `name` is the custom event's type, or the method.
 * @typedef {{ id: string | number | undefined, eventId: string, method: string, name: string, params: any }} Call
 *
 * A connection to the miniapp and its pending calls.
 * @typedef {object} Line
 * @property {Map<unknown, AbortController>} pending
 * @property {(call: Call, value: any) => void} answer
 * @property {(call: Call, error: Required<WireError>) => void} fail
 * @property {MessagePort} [port]
 * @property {string} [nonce]
 * @property {boolean} [ready] true when the miniapp listens
 */

 /**
 * A message of a window, with an error if it was refused unread.
 * @typedef {{ origin: string, data: any, error?: unknown }} Message
 * @typedef {{ event: { type: string, payload: any, id: string }, pushed?: boolean }} Push
 */

/**
 * @typedef {object} BridgeOptions
 * @property {string | string[]} [hostOrigin] the origins that may embed this page; required except in a native app
 * @property {number} [timeout] ms to wait for the host; default 10 000, 0 means no limit
 * @property {number} [requestTimeout] default timeout of a request in ms; default 30 000
 */

/**
 * @typedef {object} RequestOptions
 * @property {number} [timeout] ms; 0 means no limit
 * @property {AbortSignal} [signal] aborts the request
 * @property {string} [id] an event id of your own: 8 to 64 letters, digits, `-` and `_`
 *
 * @typedef {Promise<any> & { id: string }} Pending the promise of the answer, with the event's id
 * @typedef {(payload: any, event: { type: string, id?: string }) => void} Listener
 * @typedef {{ resolve: (value: any) => void, reject: (error: any) => void }} Waiter
 * @typedef {{ id?: number, method: string, params: any }} OutgoingCall
 */

export {};
