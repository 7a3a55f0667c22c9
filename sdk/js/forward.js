// Passes custom events of the page on to a Footbridge server.
import { failure, newId } from "./wire.js";

/** @import { ForwardOptions, Handler } from "./types.js" */

/**
 * @param {ForwardOptions} options @param {{ appId?: string, clientId?: string }} names
 * @returns {Handler} what passes an event on, and gives the answer
 */
export function forwarder({ ticket, to, server = new URL("..", import.meta.url).href }, { appId = "", clientId = "" }) {
  if (to !== "exchange" && to !== "publish") throw new TypeError('to must be "exchange" or "publish"');
  if (!ticket) throw new TypeError("ticket must be a ticket, or a function that fetches one");
  const url = new URL("api/v1/forward", server.replace(/\/*$/, "/"));
  // An id is the miniapp's to choose, and a server keeps the keys of an app together, whoever's page they come from: with
  // what nobody else knows, an id gets no answer that was made for another's.
  const own = newId();
  /** One ticket serves all events until it is refused. @type {Promise<string> | undefined} */
  let held;

  return async (payload, event) => {
    const { id, type, signal } = event;
    const body = JSON.stringify({ to, type, payload, app_id: appId, client_id: clientId });
    for (let again = false; ; again = true) {
      const mine = (held ??= (async () => (typeof ticket === "function" ? ticket(event) : ticket))());
      const drop = () => void (held === mine && (held = undefined));
      const text = await mine.catch((error) => {
        drop();
        throw failure("TicketError", `no ticket: ${error?.message ?? error}`, 502);
      });
      const response = await fetch(url, {
        method: "POST",
        headers: {
          authorization: `Ticket ${text}`,
          "content-type": "application/json",
          // The same for the same id: a second try is the same event.
          "idempotency-key": `${id}.${own}`,
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
