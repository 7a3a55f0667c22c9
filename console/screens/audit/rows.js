// Rows of the audit: who changed what, from where, before and after.
import { Empty, h, href, list, tags, When } from "../../parts/kit.js";
import { differing, screenOf } from "./model.js";

const { a, b, code, details, div, small, span, summary } = tags;

/** @import { AuditRow } from "../../setup.js" */
/** @import { Column } from "../../parts/table.js" */

/** The first of some names, and how many more there are. @param {string[]} names */
const first = (names) => names.slice(0, 4).join(", ") + (names.length > 4 ? ` and ${names.length - 4} more` : "");

/** @param {{ row: AuditRow }} props */
function Change({ row }) {
  const members = differing(row.before, row.after);
  if (members.length === 0) return span({ class: "soft" }, row.note ?? "");
  return details(
    null,
    summary(null, first(members.map((one) => one.name)), row.note && small({ class: "soft" }, ` ${row.note}`)),
    members.map(({ name, before, after }) =>
      div(
        { key: name, class: "change" },
        span({ class: "soft" }, name),
        before !== null && code({ class: "was" }, before),
        after !== null && code(null, after),
      ),
    ),
  );
}

/** @type {Column<AuditRow>[]} */
export const COLUMNS = [
  { title: "At", kind: "id", cell: (row) => h(When, { at: row.at }) },
  {
    title: "Who",
    cell: (row) => [b(null, row.who.name), row.who.kind !== "user" && small({ class: "soft" }, ` ${row.who.kind}`)],
  },
  { title: "From", kind: "id", minor: true, cell: (row) => row.from ?? "–" },
  { title: "Did", kind: "id", cell: (row) => code(null, row.action) },
  {
    title: "To",
    cell: ({ object }) => {
      const to = screenOf(object);
      return to ? a({ href: href(to) }, object.id) : object.id;
    },
  },
  { title: "Change", kind: "wide", cell: (row) => h(Change, { row }) },
];

/** @param {{ query: Record<string, string>, none: string, text?: string }} props */
export const AuditList = ({ query, none, text }) =>
  list({
    path: "/api/v1/audit",
    caption: "Changes",
    columns: COLUMNS,
    query,
    id: (row) => row.id,
    empty: h(Empty, { title: none, text }),
  });
