// Passes custom events of the page on to a Footbridge server.
import { failure } from "./wire.js";

/**
 * @typedef {object} ForwardOptions
 * @property {string | (() => string | Promise<string>)} ticket a forward ticket, or what fetches one from your back
 *   end; a function is asked again when the server no longer takes the last one
 * @property {"exchange" | "publish"} to ask the other app and wait for its answer, or tell every subscriber
 * @property {string} [server] base URL of the Footbridge server; by default the one that served this file
 *
 * @typedef {{ type: string, payload: any, app_id: string, client_id: string }} Forwarded
 */

/**
 * @param {ForwardOptions} options
 * @returns {(body: Forwarded, event: { id: string, signal?: AbortSignal }) => Promise<{ id: string, answer?: any }>}
 */
export function forwarder({ ticket, to, server = new URL("..", import.meta.url).href }) {
  if (to !== "exchange" && to !== "publish") throw new TypeError('to must be "exchange" or "publish"');
  if (!ticket) throw new TypeError("ticket must be a ticket, or a function that fetches one");
  const url = new URL("api/v1/forward", server.replace(/\/*$/, "/"));
  /** One ticket serves all events until it is refused. @type {Promise<string> | undefined} */
  let held;

  return async (body, { id, signal }) => {
    for (let again = false; ; again = true) {
      const mine = (held ??= (async () => (typeof ticket === "function" ? ticket() : ticket))());
      const drop = () => void (held === mine && (held = undefined));
      const text = await mine.catch((error) => {
        drop();
        throw failure("TicketError", `no ticket: ${error?.message ?? error}`, 502);
      });
      const response = await fetch(url, {
        method: "POST",
        // The event's own id: a second try is the same event, and the server's record of it can be found.
        headers: { authorization: `Ticket ${text}`, "content-type": "application/json", "idempotency-key": id },
        body: JSON.stringify({ to, ...body }),
        credentials: "omit",
        redirect: "error",
        referrerPolicy: "no-referrer",
        signal,
      }).catch(() => null);
      const answer = await response?.json().catch(() => null);
      if (response?.ok && answer?.id) return answer;
      if (response?.status === 401) drop();
      // Nobody knows whether a call that broke off arrived; its key makes asking once more safe.
      const mend = !response || (response.status === 401 && typeof ticket === "function");
      if (again || !mend || signal?.aborted) throw refused(response, answer);
    }
  };
}

/** @param {Response | null} response @param {any} body an error of any of the server's surfaces */
function refused(response, body) {
  if (!response) return failure("ForwardError", "the server cannot be reached", 502);
  const { status } = response;
  const code = body?.error_code ?? body?.code ?? "";
  const text = body?.error_message ?? body?.error?.message ?? body?.detail ?? "no readable answer";
  return failure("ForwardError", `the server answered ${status} ${code}: ${text}`, status < 400 ? 502 : status);
}
