// Observes hops outside of the page: requests of the SDK, messages of the back ends, deliveries of the server.
import { BACKS, named, span } from "./parts.js";

/**
 * Follows the custom events that the SDK forwards, by wrapping `fetch`: each of its requests has the event's id.
 * @param {import("./trail.js").Trail} trail
 */
export function forwards(trail) {
  const plain = globalThis.fetch;

  globalThis.fetch = async (to, options) => {
    const group = trail.of(options?.headers?.["x-page-event-id"]);
    if (!group) return plain(to, options);
    const hop = (about) => trail.hop(group, { ...about, at: Date.now() });
    const sent = { what: "forward", note: "with a ticket", content: JSON.parse(options.body) };
    hop({ from: "hostPage", to: "server", ...sent, rank: 3 });
    const response = await plain(to, options).catch((error) => {
      hop({ from: "server", to: "hostPage", what: "nothing", note: "it cannot be reached", mark: "bad", rank: 6 });
      throw error;
    });
    const answer = await response
      .clone()
      .json()
      .catch(() => null);
    const id = answer?.id ?? answer?.exchange_id;
    if (id) trail.name(group, id);
    hop({
      from: "server",
      to: "hostPage",
      what: `${response.status}`,
      note: answer?.error_code ?? "the answer",
      mark: response.ok ? "good" : "bad",
      rank: 6,
      content: answer,
    });
    return response;
  };
}

/** Shows a request that a sample back end got. @param {import("./trail.js").Trail} trail @param {any} seen */
export function seen(trail, { at, app, kind, id, name, attempt, content, status, answer, distrust }) {
  const back = BACKS[app];
  const [way, rank] = kind === "exchange" ? ["exchange", 4] : ["publish", 5];
  const good = status !== null && status < 300;
  const said = status === null ? "hung up" : `${status}`;
  const why = distrust ?? answer?.error ?? "without an answer";
  const put = (group) => {
    if (kind === "event") {
      // Published elsewhere, so it is not followed yet.
      if (group.stranger) follow(trail, group, id);
      const note = status === null ? said : `${said}, ${good ? "taken" : why}`;
      const hop = { from: "server", to: back, what: `attempt ${attempt}`, note };
      return trail.hop(group, { ...hop, mark: good ? "good" : "bad", at, rank, content });
    }
    const proof = distrust ? "not believed" : "signature checked";
    trail.hop(group, { from: "server", to: back, what: name, note: proof, at, rank, content });
    const hop = { from: back, to: "server", what: said, note: good ? "its answer" : why };
    trail.hop(group, { ...hop, mark: good ? "good" : "bad", at, rank: 5, content: answer ?? undefined });
    // The sender is elsewhere, so this page must show the end.
    if (group.stranger) trail.tell(group, good ? "good" : "bad", `${named(back)} said ${said}`);
  };
  trail.when(id, put, () => ({ way, title: name, at, stranger: true }));
}

/** Shows the deliveries of a published event, as the server lists them, until all have ended. */
export async function follow(trail, group, id) {
  if (group.followed) return;
  group.followed = true;
  for (let look = 0; trail.of(id) === group; look++) {
    const response = await fetch(`/api/books?event=${id}`).catch(() => null);
    const { deliveries } = (response?.ok && (await response.json().catch(() => null))) || {};
    // Another demo is running by now, which does not know the event.
    if (group.state === "unknown" && deliveries?.length === 0) return;
    if (!deliveries) trail.tell(group, "unknown", "how it went on is not known: the demo cannot be reached");
    else if (deliveries.length) {
      const ended = deliveries.filter(({ status }) => status !== "pending");
      if (ended.length === deliveries.length) return outcome(trail, group, deliveries);
      const waiting = deliveries.filter(({ status, attempts }) => status === "pending" && attempts);
      const next = waiting.map(
        ({ app, next_attempt_at: at }) => `${app} again in ${span(Date.parse(at) - Date.now())}`,
      );
      trail.tell(group, "running", [`${ended.length} of ${deliveries.length} delivered`, ...next].join(", "));
    }
    const pause = group.state === "unknown" ? 3000 : look < 20 ? 250 : 1000;
    await new Promise((done) => setTimeout(done, pause));
  }
}

function outcome(trail, group, deliveries) {
  const delivered = deliveries.filter(({ status }) => status === "delivered").length;
  const attempts = deliveries.reduce((sum, delivery) => sum + delivery.attempts, 0);
  const last = Math.max(...group.hops.map(({ at }) => at));
  const text = `${delivered} of ${deliveries.length} delivered in ${span(last - group.at)}, ${attempts} attempts`;
  trail.tell(group, delivered === deliveries.length ? "good" : "bad", text);
}
