// What the page can see of what goes on elsewhere: the SDK's requests, the back ends' news, the server's books.
import { BACKS, named, span } from "./parts.js";

const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

/**
 * Follows the custom events that the SDK passes on, by looking over its shoulder: every request of it carries the
 * event's id as its `Idempotency-Key`.
 * @param {import("./trail.js").Trail} trail
 */
export function forwards(trail) {
  /** Events that came from the miniapp and are not passed on yet. @type {{ payload: any, at: number, hops: any[] }[]} */
  const arrived = [];
  const plain = globalThis.fetch;

  globalThis.fetch = async (to, options) => {
    const key = options?.headers?.["idempotency-key"];
    if (!key) return plain(to, options);
    const { type, payload } = JSON.parse(options.body);
    const place = arrived.findIndex((one) => same(one.payload, payload));
    const [{ at, hops }] = place < 0 ? [{ at: Date.now(), hops: [] }] : arrived.splice(place, 1);
    const known = trail.of(key);
    const group = known ?? trail.begin({ way: "exchange", title: type, at, id: key });
    if (!known) {
      trail.hop(group, {
        from: "shopPage",
        to: "hostPage",
        what: type,
        note: "custom event",
        at,
        rank: 1,
        content: payload,
      });
    }
    for (const hop of hops) trail.hop(group, { ...hop, rank: 2 });
    const sent = { what: "forward", note: "with a ticket", content: JSON.parse(options.body) };
    trail.hop(group, { from: "hostPage", to: "server", ...sent, at: Date.now(), rank: 3 });
    const response = await plain(to, options);
    const answer = await response
      .clone()
      .json()
      .catch(() => null);
    const id = answer?.id ?? answer?.exchange_id;
    if (id) trail.name(group, id);
    trail.hop(group, {
      from: "server",
      to: "hostPage",
      what: `${response.status}`,
      note: answer?.error_code ?? "the answer",
      mark: response.ok ? "good" : "bad",
      at: Date.now(),
      rank: 6,
      content: answer,
    });
    return response;
  };

  return {
    /** An event came that will be passed on. */
    arrived(payload) {
      arrived.push({ payload, at: Date.now(), hops: [] });
      // Refused before it was passed on: nobody will ask for it.
      if (arrived.length > 20) arrived.shift();
      return true;
    },
    /** Something had to be done first. */
    first(hop) {
      arrived.at(-1)?.hops.push({ at: Date.now(), ...hop });
    },
  };
}

/** What a sample back end got. @param {import("./trail.js").Trail} trail @param {any} seen */
export function seen(trail, { at, app, kind, id, name, attempt, content, status, answer, distrust }) {
  const back = BACKS[app];
  const [way, rank] = kind === "exchange" ? ["exchange", 4] : ["publish", 5];
  const good = status !== null && status < 300;
  const said = status === null ? "hung up" : `${status}`;
  const why = distrust ?? answer?.error ?? "without an answer";
  const put = (group) => {
    if (kind === "event") {
      // Published from elsewhere: nobody follows it yet.
      if (group.stranger && group.hops.length === 0) follow(trail, group, id);
      const note = status === null ? said : `${said}, ${good ? "taken" : why}`;
      const hop = { from: "server", to: back, what: `attempt ${attempt}`, note };
      return trail.hop(group, { ...hop, mark: good ? "good" : "bad", at, rank, content });
    }
    const proof = distrust ? "not believed" : "signature checked";
    trail.hop(group, { from: "server", to: back, what: name, note: proof, at, rank, content });
    const hop = { from: back, to: "server", what: said, note: good ? "its answer" : why };
    trail.hop(group, { ...hop, mark: good ? "good" : "bad", at, rank: 5, content: answer ?? undefined });
    // Whoever asked from elsewhere is not here to tell the end.
    if (group.stranger) trail.tell(group, good ? "good" : "bad", `${named(back)} said ${said}`);
  };
  trail.when(id, put, () => ({ way, title: name, at, stranger: true }));
}

/** What became of a published event, as the server's own books tell it, until every delivery has ended. */
export async function follow(trail, group, id) {
  for (let look = 0; trail.of(id) === group; look++) {
    const response = await fetch(`/api/books?event=${id}`).catch(() => null);
    const { deliveries = [] } = (await response?.json().catch(() => null)) ?? {};
    const ended = deliveries.filter(({ status }) => status !== "pending");
    if (deliveries.length && ended.length === deliveries.length) return outcome(trail, group, deliveries);
    const waiting = deliveries.filter(({ status, attempts }) => status === "pending" && attempts);
    const next = waiting.map(({ app, next_attempt_at: at }) => `${app} again in ${span(Date.parse(at) - Date.now())}`);
    if (deliveries.length) {
      trail.tell(group, "running", [`${ended.length} of ${deliveries.length} delivered`, ...next].join(", "));
    }
    await new Promise((done) => setTimeout(done, look < 20 ? 250 : 1000));
  }
}

function outcome(trail, group, deliveries) {
  const delivered = deliveries.filter(({ status }) => status === "delivered").length;
  const attempts = deliveries.reduce((sum, delivery) => sum + delivery.attempts, 0);
  const last = Math.max(...group.hops.map(({ at }) => at));
  const text = `${delivered} of ${deliveries.length} delivered in ${span(last - group.at)}, ${attempts} attempts`;
  trail.tell(group, delivered === deliveries.length ? "good" : "bad", text);
}
