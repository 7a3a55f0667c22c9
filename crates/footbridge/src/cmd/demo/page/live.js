// Live events of this page's app while the page is open.

/** Pause before the next request for a ticket after a refusal, in milliseconds. */
const PAUSE = 2000;

/** Requests a ticket from this page's back end; only the back end has the app's secrets. @param {"live" | "forward"} use */
export async function ticket(use) {
  const response = await fetch("/api/ticket", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ use }),
  });
  const answer = await response.json().catch(() => ({}));
  if (!answer.ticket) throw new Error(answer.error ?? `no ticket: ${response.status}`);
  return answer.ticket;
}

/**
 * @param {string} server
 * @param {{ event: (event: any) => void, state: (open: boolean) => void, gap?: () => void }} told
 */
export function live(server, told) {
  let last = "";
  let source;
  let again;

  const later = () => {
    source?.close();
    source = undefined;
    told.state(false);
    clearTimeout(again);
    again = setTimeout(open, PAUSE);
  };

  async function open() {
    const pass = await ticket("live").catch(() => null);
    if (!pass) return later();
    const url = new URL("/api/v1/events/stream", server);
    url.searchParams.set("ticket", pass);
    // Events that were published while this page was away come first.
    if (last) url.searchParams.set("last_event_id", last);
    source = new EventSource(url);
    source.onopen = () => told.state(true);
    source.onmessage = ({ data, lastEventId }) => {
      last = lastEventId || last;
      told.event(JSON.parse(data));
    };
    source.addEventListener("gap", () => told.gap?.());
    // The browser would reconnect with the same ticket, which may have expired by then.
    source.onerror = later;
  }

  open();
  addEventListener("pagehide", () => source?.close());
  addEventListener("pageshow", ({ persisted }) => persisted && later());
}
