// The list of deliveries.
import { h } from "../../vendor/preact.js";
import { api } from "../../base/api.js";
import { can } from "../../base/session.js";
import { tags } from "../../base/tags.js";
import { span } from "../../base/time.js";
import { href } from "../../base/url.js";
import { command, useCommands } from "../../parts/commands.js";
import { Choices, Head } from "../../parts/head.js";
import { list } from "../../parts/list.js";
import { Export } from "../../parts/save.js";
import { Empty } from "../../parts/states.js";
import { Status } from "../../parts/marks.js";
import { valueOf, withTerm } from "../../parts/terms.js";
import { toast } from "../../parts/toast.js";
import { Views } from "../../parts/views.js";
import { When } from "../../parts/when.js";
import { filterOf, isFiltered } from "../events/model.js";
import { TEXT } from "./text.js";

const { a, b, code, small } = tags;

/** @import { Column } from "../../parts/table.js" */
/** @import { Delivery } from "../../shapes.js" */
/** @import { ScreenProps } from "../../base/screens.js" */

const STATUSES = ["pending", "dead", "delivered", "unanswered", "cancelled"];

/** @param {Delivery} row */
const outcome = (row) => {
  const last = row.last_status ? String(row.last_status) : row.last_error;
  return row.status === "delivered" || !last
    ? null
    : small({ class: "why" }, row.last_status ? [code(null, last), " ", row.last_error] : last);
};

/** @type {Column<Delivery>[]} */
const COLUMNS = [
  { title: "Event", cell: (row) => b(null, row.event_name ?? row.event_id) },
  { title: "By", minor: true, cell: (row) => row.publisher ?? "" },
  { title: "To", cell: (row) => row.app },
  { title: "Status", kind: "wide", cell: (row) => [h(Status, { word: row.status }), " ", outcome(row)] },
  { title: "Tries", kind: "number", cell: (row) => row.attempts },
  {
    title: "Took",
    kind: "number",
    minor: true,
    cell: (row) => (typeof row.last_ms === "number" ? span(row.last_ms) : "–"),
  },
  { title: "Next try", kind: "id", minor: true, cell: (row) => h(When, { at: row.next_attempt_at }) },
  { title: "Made", kind: "id", cell: (row) => h(When, { at: row.made_at }) },
];

/** @param {Delivery} row @param {() => void} reload */
async function retry(row, reload) {
  try {
    await api.post("/api/v1/deliveries/{id}/retry", { params: { id: row.id } });
    toast(`Another attempt of ${row.event_name ?? row.id} to ${row.app} is due`);
    reload();
  } catch (error) {
    toast(/** @type {Error} */ (error).message, { tone: "bad" });
  }
}

/** @param {ScreenProps} props */
export default function Deliveries({ query }) {
  const filter = filterOf(query);
  const q = query["q"] ?? "";
  const status = valueOf(q, "status");
  useCommands({
    path: "/api/v1/deliveries",
    query: { ...filter, limit: 50 },
    command: command(["delivery", "list"], { status, since: query["since"], until: query["until"] }),
  });
  const choices = [
    { title: "All", href: href("/deliveries", { q: withTerm(q, "status", null) }), chosen: !status },
    ...STATUSES.map((one) => ({
      title: h(Status, { word: one }),
      href: href("/deliveries", { q: withTerm(q, "status", one) }),
      chosen: status === one,
    })),
  ];
  const nothing = isFiltered(query)
    ? h(
        Empty,
        { title: TEXT.none, text: TEXT.noneText },
        a({ class: "button", href: href("/deliveries", { since: null, until: null }) }, "All deliveries"),
      )
    : h(Empty, { title: TEXT.never, text: TEXT.neverText, command: TEXT.command });
  return [
    h(
      Head,
      { title: TEXT.title, sub: TEXT.sub },
      can("jobs.run") && a({ class: "button", href: href("/recover", { q: q || "status:dead" }) }, TEXT.recover),
      h(Views, {}),
      h(Export, { path: "/api/v1/deliveries", query: filter, name: "deliveries" }),
    ),
    h(Choices, { label: "Status", of: choices }),
    list({
      path: "/api/v1/deliveries",
      caption: TEXT.title,
      query: filter,
      columns: COLUMNS,
      id: (row) => row.id,
      to: (row) => href(`/deliveries/${row.id}`),
      live: "delivery",
      empty: nothing,
      ...(can("deliveries.retry") && { retry }),
    }),
  ];
}
