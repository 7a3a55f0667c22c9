// The list of events.
import { h } from "../../vendor/preact.js";
import { can } from "../../base/session.js";
import { tags } from "../../base/tags.js";
import { href } from "../../base/url.js";
import { command, useCommands } from "../../parts/commands.js";
import { Head } from "../../parts/head.js";
import { list } from "../../parts/list.js";
import { Export } from "../../parts/save.js";
import { Empty } from "../../parts/states.js";
import { Counts, Way } from "../../parts/marks.js";
import { Views } from "../../parts/views.js";
import { When } from "../../parts/when.js";
import { filterOf, isFiltered } from "./model.js";
import { TEXT } from "./text.js";

const { a, b, code, span } = tags;

/** @import { Column } from "../../parts/table.js" */
/** @import { Event } from "../../shapes.js" */
/** @import { ScreenProps } from "../../base/screens.js" */

/** @type {Column<Event>[]} */
const COLUMNS = [
  { title: "Event", kind: "wide", cell: (row) => [b(null, row.name), row.test && span({ class: "tag" }, "test")] },
  { title: "By", cell: (row) => row.publisher },
  { title: "Via", minor: true, cell: (row) => h(Way, { way: row.via }) },
  { title: "Receivers", cell: (row) => h(Counts, { counts: row.statuses, total: row.deliveries }) },
  { title: "Time", kind: "id", cell: (row) => h(When, { at: row.time }) },
  { title: "Id", kind: "id", minor: true, cell: (row) => code(null, row.id) },
];

/** @param {ScreenProps} props */
export default function Events({ query }) {
  const filter = filterOf(query);
  useCommands({ path: "/api/v1/events", query: { ...filter, limit: 50 }, command: command(["event", "list"]) });
  const nothing = isFiltered(query)
    ? h(
        Empty,
        { title: TEXT.none, text: TEXT.noneText },
        a({ class: "button", href: href("/events", { since: null, until: null }) }, "All events"),
      )
    : h(
        Empty,
        { title: TEXT.never, text: TEXT.neverText, command: TEXT.command },
        can("events.send") && a({ class: "button main", href: href("/try") }, "Send a test event"),
      );
  return [
    h(
      Head,
      { title: TEXT.title, sub: TEXT.sub },
      h(Views, {}),
      h(Export, { path: "/api/v1/events", query: filter, name: "events" }),
    ),
    list({
      path: "/api/v1/events",
      caption: TEXT.title,
      query: filter,
      columns: COLUMNS,
      id: (row) => row.id,
      to: (row) => href(`/events/${row.id}`),
      live: "event",
      empty: nothing,
    }),
  ];
}
