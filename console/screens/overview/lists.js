// What is broken and waits for a person, the worst first; and each app, trouble first.
import { h } from "../../vendor/preact.js";
import { useState } from "../../vendor/hooks.js";
import { can } from "../../base/session.js";
import { tags } from "../../base/tags.js";
import { href } from "../../base/url.js";
import { Part } from "../../parts/head.js";
import { Mark, toneOf } from "../../parts/marks.js";
import { loaded } from "../../parts/states.js";
import { rowTable } from "../../parts/table.js";
import { Span, When } from "../../parts/when.js";
import { inOrder, percent, rateText, worstFirst } from "./model.js";
import { TEXT } from "./text.js";

const { ul, li, p, span, a, b, button } = tags;

/** @import { Resource } from "../../base/resource.js" */
/** @import { AppNow, Attention } from "../../shapes.js" */
/** @import { Column } from "../../parts/table.js" */

/** @param {{ item: Attention }} props */
const Need = ({ item }) =>
  li(
    { class: `need ${item.level}` },
    h(Mark, { tone: toneOf(item.level) }),
    span({ class: "unseen" }, item.level),
    b({ class: "need-object" }, item.object.id),
    span({ class: "need-text" }, item.text),
    item.since && span({ class: "soft need-since" }, "since ", h(When, { at: item.since })),
    span(
      { class: "row tight need-acts" },
      item.screen && a({ class: "button small", href: href(item.screen) }, "See"),
      item.recover &&
        can("jobs.run") &&
        a({ class: "button small", href: href("/recover", { q: item.recover }) }, "Recover…"),
    ),
  );

/** @param {{ attention: Resource<{ data: Attention[] }> }} props */
export const NeedsYou = ({ attention }) =>
  h(
    Part,
    {
      title: TEXT.needsYou,
      class: "needs",
      aside: attention.data && span({ class: "soft" }, String(attention.data.data.length)),
    },
    loaded({
      of: attention,
      rows: 2,
      show: ({ data }) =>
        data.length === 0
          ? p({ class: "calm" }, h(Mark, { tone: "good" }), TEXT.nothing)
          : ul(
              { class: "need-list" },
              worstFirst(data).map((item) => h(Need, { key: `${item.kind} ${item.object.id}`, item })),
            ),
    }),
  );

const PAGE = 25;

/** @type {Column<AppNow>[]} */
const COLUMNS = [
  { title: "App", cell: (row) => b(null, row.app) },
  { title: "Says/s", kind: "number", cell: (row) => rateText(row.says) },
  { title: "Hears/s", kind: "number", cell: (row) => rateText(row.hears) },
  { title: "First try", kind: "number", minor: true, cell: (row) => percent(row.first_try_ok) },
  { title: "p95", kind: "number", minor: true, cell: (row) => h(Span, { ms: row.p95_ms }) },
  {
    title: "Waiting",
    kind: "number",
    cell: (row) =>
      row.waiting > 0
        ? a({ href: href("/deliveries", { q: `to:${row.app} status:pending` }) }, row.waiting.toLocaleString("en"))
        : "0",
  },
  {
    title: "Dead",
    kind: "number",
    cell: (row) =>
      row.dead > 0
        ? a(
            { class: "bad", href: href("/deliveries", { q: `to:${row.app} status:dead` }) },
            row.dead.toLocaleString("en"),
          )
        : "0",
  },
  { title: "Last heard", kind: "id", minor: true, cell: (row) => h(When, { at: row.last_heard_at, empty: "never" }) },
];

/** @param {{ apps: AppNow[] }} props */
export function Apps({ apps }) {
  const [shown, setShown] = useState(PAGE);
  const rows = inOrder(apps);
  return h(
    Part,
    { title: TEXT.apps, aside: a({ href: href("/apps") }, "All apps") },
    rowTable({
      caption: TEXT.apps,
      columns: COLUMNS,
      rows: rows.slice(0, shown),
      id: (row) => row.app,
      to: (row) => href(`/apps/${encodeURIComponent(row.app)}`),
    }),
    rows.length > shown &&
      button({ type: "button", onClick: () => setShown(shown + 100) }, `${rows.length - shown} more`),
  );
}
