// The deliveries of an event, and all their attempts.
import { h } from "../../vendor/preact.js";
import { api } from "../../base/api.js";
import { useResource } from "../../base/resource.js";
import { tags } from "../../base/tags.js";
import { href } from "../../base/url.js";
import { Attempts } from "../../parts/attempts.js";
import { list } from "../../parts/list.js";
import { loaded } from "../../parts/states.js";
import { When } from "../../parts/when.js";
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

/** The deliveries as the list has them. @param {{ event: string }} props */
export const Deliveries = ({ event }) =>
  list({
    path: "/api/v1/deliveries",
    caption: TEXT.deliveries,
    query: { event },
    id: (row) => row.id,
    to: (row) => href(`/deliveries/${row.id}`),
    empty: p({ class: "soft" }, TEXT.noAttempts),
    columns: [
      { title: "To", cell: (row) => row.app },
      { title: "Status", kind: "wide", cell: (row) => [h(Status, { word: row.status }), " ", row.last_error] },
      { title: "Tries", kind: "number", cell: (row) => row.attempts },
      { title: "Next try", kind: "id", minor: true, cell: (row) => h(When, { at: row.next_attempt_at }) },
    ],
  });
