// The list of exchanges.
import { h } from "../../vendor/preact.js";
import { tags } from "../../base/tags.js";
import { span } from "../../base/time.js";
import { href } from "../../base/url.js";
import { command, useCommands } from "../../parts/commands.js";
import { Choices, Head } from "../../parts/head.js";
import { list } from "../../parts/list.js";
import { Export } from "../../parts/save.js";
import { Empty } from "../../parts/states.js";
import { Status, Way } from "../../parts/marks.js";
import { valueOf, withTerm } from "../../parts/terms.js";
import { Views } from "../../parts/views.js";
import { When } from "../../parts/when.js";
import { filterOf, isFiltered } from "../events/model.js";
import { TEXT } from "./text.js";

const { a, b, code, small, span: text } = tags;

/** @import { Column } from "../../parts/table.js" */
/** @import { Exchange } from "../../shapes.js" */
/** @import { ScreenProps } from "../../base/screens.js" */

const STATUSES = ["answered", "failed", "running"];

/** @type {Column<Exchange>[]} */
const COLUMNS = [
  { title: "Type", cell: (row) => [b(null, row.event_type), row.test && text({ class: "tag" }, "test")] },
  { title: "From", cell: (row) => row.sender },
  { title: "To", cell: (row) => row.recipient },
  {
    title: "Outcome",
    kind: "wide",
    cell: (row) => [
      h(Status, { word: row.status }),
      " ",
      row.error_code && small({ class: "why" }, code(null, row.error_code)),
    ],
  },
  { title: "Answer", kind: "number", minor: true, cell: (row) => row.http_status ?? "–" },
  { title: "Took", kind: "number", cell: (row) => (typeof row.ms === "number" ? span(row.ms) : "–") },
  { title: "Via", minor: true, cell: (row) => h(Way, { way: row.via }) },
  { title: "Time", kind: "id", cell: (row) => h(When, { at: row.at }) },
];

/** @param {ScreenProps} props */
export default function Exchanges({ query }) {
  const filter = filterOf(query);
  const q = query["q"] ?? "";
  const status = valueOf(q, "status");
  useCommands({ path: "/api/v1/exchanges", query: { ...filter, limit: 50 }, command: command(["exchange", "list"]) });
  const choices = [
    { title: "All", href: href("/exchanges", { q: withTerm(q, "status", null) }), chosen: !status },
    ...STATUSES.map((one) => ({
      title: h(Status, { word: one }),
      href: href("/exchanges", { q: withTerm(q, "status", one) }),
      chosen: status === one,
    })),
  ];
  const nothing = isFiltered(query)
    ? h(
        Empty,
        { title: TEXT.none, text: TEXT.noneText },
        a({ class: "button", href: href("/exchanges", { since: null, until: null }) }, "All exchanges"),
      )
    : h(Empty, { title: TEXT.never, text: TEXT.neverText, command: TEXT.command });
  return [
    h(
      Head,
      { title: TEXT.title, sub: TEXT.sub },
      h(Views, {}),
      h(Export, { path: "/api/v1/exchanges", query: filter, name: "exchanges" }),
    ),
    h(Choices, { label: "Outcome", of: choices }),
    list({
      path: "/api/v1/exchanges",
      caption: TEXT.title,
      query: filter,
      columns: COLUMNS,
      id: (row) => row.exchange_id,
      to: (row) => href(`/exchanges/${row.exchange_id}`),
      live: "exchange",
      empty: nothing,
    }),
  ];
}
