// Forwards custom events of the miniapp to a Footbridge server.
import { failure, newId } from "./wire.js";

/** @import { ForwardOptions, Handler } from "./types.js" */

/**
 * @param {ForwardOptions} options @param {{ appId?: string, clientId?: string }} names
 * @returns {Handler} forwards an event and returns the answer
 */
export function forwarder({ ticket, to, server = new URL("..", import.meta.url).href }, { appId = "", clientId = "" }) {
  if (to !== "exchange" && to !== "publish") throw new TypeError('to must be "exchange" or "publish"');
  if (!ticket) throw new TypeError("ticket must be a ticket, or a function that fetches one");
  const url = new URL("api/v1/forward", server.replace(/\/*$/, "/"));
  // The miniapp chooses the event id, and all pages of an app share its idempotency keys on the server. The random part
  // keeps an id from getting an answer that belongs to another user's page.
  const secret = newId();
  /** Used for all events until it is refused. @type {Promise<string> | undefined} */
  let current;

  return async (payload, event) => {
    const { id, type, signal } = event;
    const body = JSON.stringify({ to, type, payload, app_id: appId, client_id: clientId });
    for (let again = false; ; again = true) {
      const used = (current ??= (async () => (typeof ticket === "function" ? ticket(event) : ticket))());
      const drop = () => void (current === used && (current = undefined));
      const text = await used.catch((error) => {
        drop();
        throw failure("TicketError", `no ticket: ${error?.message ?? error}`, 502);
      });
      const response = await fetch(url, {
        method: "POST",
        headers: {
          authorization: `Ticket ${text}`,
          "content-type": "application/json",
          // The same key for the same id: a retry is the same event.
          "idempotency-key": `${id}.${secret}`,
          "x-page-event-id": id,
        },
        body,
        credentials: "omit",
        redirect: "error",
        referrerPolicy: "no-referrer",
        signal,
      }).catch(() => null);
      const answer = await response?.json().catch(() => null);
      event.serverId = answer?.id ?? answer?.exchange_id ?? undefined;
      if (response?.ok && answer?.id) return to === "publish" ? { id: answer.id } : answer.answer;
      if (response?.status === 401) drop();
      // A request without a response may have arrived. The key makes a retry safe.
      const retry = !response || (response.status === 401 && typeof ticket === "function");
      if (again || !retry || signal?.aborted) throw refused(response, answer);
    }
  };
}

/** @param {Response | null} response @param {any} body an error in any of the server's formats */
function refused(response, body) {
  if (!response) return failure("ForwardError", "the server cannot be reached", 502);
  const { status } = response;
  const code = body?.error_code ?? body?.code ?? "";
  const text = body?.error_message ?? body?.error?.message ?? body?.detail ?? "no readable answer";
  return failure("ForwardError", `the server answered ${status} ${code}: ${text}`, status < 400 ? 502 : status);
}
