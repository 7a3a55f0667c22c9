// All attempts of an event's deliveries.
import { h } from "../../vendor/preact.js";
import { api } from "../../base/api.js";
import { useResource } from "../../base/resource.js";
import { tags } from "../../base/tags.js";
import { href } from "../../base/url.js";
import { Attempts } from "../../parts/attempts.js";
import { loaded } from "../../parts/states.js";
import { Status } from "../../parts/marks.js";
import { TEXT } from "./text.js";

const { div, h3, a, p } = tags;

/** Deliveries whose attempts are loaded with the tab; the list of deliveries has the others. */
const MOST = 20;

/** @param {{ event: string }} props */
export function AllAttempts({ event }) {
  const deliveries = useResource(`${event} attempts`, async (signal) => {
    const { data } = await api.get("/api/v1/deliveries", { query: { event, limit: MOST }, signal });
    return Promise.all(data.map(({ id }) => api.get("/api/v1/deliveries/{id}", { params: { id }, signal })));
  });
  return loaded({
    of: deliveries,
    show: (data) =>
      data.length === 0
        ? p({ class: "soft" }, TEXT.noAttempts)
        : [
            data.map((one) =>
              div(
                { key: one.id, class: "stack" },
                h3(null, a({ href: href(`/deliveries/${one.id}`) }, one.app), " ", h(Status, { word: one.status })),
                h(Attempts, { attempts: one.attempt_log }),
              ),
            ),
            data.length === MOST &&
              a({ href: href("/deliveries", { q: `event:${event}` }) }, "All deliveries of this event"),
          ],
  });
}
