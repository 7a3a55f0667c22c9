// Recovery: a search, what would happen, and a job that does it at a pace.
import {
  api,
  can,
  Choices,
  command,
  Empty,
  Fault,
  Fields,
  go,
  h,
  Head,
  href,
  list,
  loaded,
  Part,
  Status,
  tags,
  useAction,
  useCommands,
  useResource,
  valuesOf,
  When,
} from "../../parts/kit.js";
import { jobOf, KINDS, searchOf, sum } from "./model.js";
import { KIND, TEXT } from "./text.js";

const { a, b, button, code, details, div, form, li, p, span, summary, ul } = tags;

/** @import { Field } from "../../parts/form.js" */
/** @import { Column } from "../../parts/table.js" */
/** @import { Count, DryRun, Job } from "../../setup.js" */
/** @import { ScreenProps } from "../../base/screens.js" */

/** @param {{ name: string, counts: Count[] }} props */
const By = ({ name, counts }) =>
  counts.length > 0 &&
  div(
    { class: "by" },
    span({ class: "soft" }, `by ${name}`),
    counts
      .slice(0, 8)
      .map((one) => span({ key: one.value }, code(null, one.value), ` ×${one.count.toLocaleString("en")}`)),
    counts.length > 8 && span({ class: "soft" }, `and ${counts.length - 8} more`),
  );

/** @param {{ run: DryRun }} props */
const Result = ({ run }) =>
  div(
    { class: "stack" },
    p(
      null,
      b({ class: "big" }, run.matched.toLocaleString("en")),
      ` ${run.matched === 1 ? "delivery" : "deliveries"} to ${run.apps} ${run.apps === 1 ? "app" : "apps"}`,
      run.oldest && [", the oldest of ", h(When, { at: run.oldest })],
    ),
    h(By, { name: "answer", counts: run.by_code }),
    h(By, { name: "name", counts: run.by_name }),
    h(By, { name: "app", counts: run.by_app }),
    run.skip.length > 0 &&
      p(
        { class: "warn" },
        `${sum(run.skip)} will be left out: `,
        run.skip.map((one) => `${one.reason} ×${one.count}`).join(", "),
      ),
    run.sample.length > 0 &&
      details(
        null,
        summary(null, `A sample of ${run.sample.length}`),
        ul(
          { class: "plain" },
          run.sample.map((one) =>
            li(
              { key: one.id },
              a({ href: href(`/deliveries/${one.id}`) }, one.event_name ?? one.event_id),
              ` to ${one.app} `,
              span({ class: "soft" }, one.last_status ?? one.last_error ?? one.status),
            ),
          ),
        ),
      ),
  );

/** @param {string} kind @returns {Field[]} */
const fieldsOf = (kind) => [
  ...(kind === "replay"
    ? [/** @type {Field} */ ({ name: "hook", label: TEXT.hook, placeholder: "hook_…", pattern: "hook_.*" })]
    : []),
  { name: "pace", type: "number", label: "Pace", value: 50, min: 1, max: 1000, hint: TEXT.paceHint },
  { name: "stop_after", type: "number", label: "Stop after failures", value: 10, min: 1, hint: TEXT.stopHint },
  { name: "reason", label: "Reason, for the audit" },
];

/** @param {{ kind: string, q: string, run: DryRun }} props */
function Start({ kind, q, run }) {
  const fields = fieldsOf(kind);
  const start = useAction(async (/** @type {FormData} */ data) => {
    const job = /** @type {Job} */ (await api.post("/api/v1/jobs", { body: jobOf(kind, q, valuesOf(data, fields)) }));
    go(href(`/recover/${job.id}`));
  });
  const count = run.matched - sum(run.skip);
  return form(
    {
      class: "row fields",
      onSubmit: (event) => (event.preventDefault(), start.run(new FormData(event.currentTarget))),
    },
    h(Fields, { of: fields }),
    button(
      { type: "submit", class: kind === "cancel" ? "main danger" : "main", disabled: start.busy || count < 1 },
      `${KIND[kind]?.[0]} ${Math.max(0, count).toLocaleString("en")}`,
    ),
    start.problem && h(Fault, { problem: start.problem }),
  );
}

/** @type {Column<Job>[]} */
const COLUMNS = [
  { title: "Job", cell: (row) => b(null, row.kind) },
  { title: "Search", kind: "wide", cell: (row) => code(null, row.q || "all") },
  { title: "State", cell: (row) => h(Status, { word: row.state }) },
  {
    title: "Done",
    kind: "number",
    cell: (row) => `${row.done.toLocaleString("en")} of ${row.matched.toLocaleString("en")}`,
  },
  { title: "Failed", kind: "number", minor: true, cell: (row) => row.failed },
  { title: "By", minor: true, cell: (row) => row.by },
  { title: "Started", kind: "id", cell: (row) => h(When, { at: row.started_at, empty: "queued" }) },
];

/** @param {ScreenProps} props */
export default function Recover({ query }) {
  const kind = KIND[query["kind"] ?? ""] ? String(query["kind"]) : "retry";
  const q = searchOf({ ...query, q: query["q"] || `status:${KIND[kind]?.[2]}` });
  const run = useResource(JSON.stringify([kind, q]), async (signal) => {
    const body = { kind, q, dry_run: true };
    return /** @type {DryRun} */ (await api.post("/api/v1/jobs", { body, signal }));
  });
  useCommands({
    path: "/api/v1/jobs",
    method: "POST",
    body: { kind, q, dry_run: true },
    command: command(["job", "list"]),
  });
  return [
    h(Head, { title: TEXT.title, sub: TEXT.sub }),
    can("jobs.run") && [
      h(Choices, {
        label: "What to do",
        of: KINDS.map((one) => ({
          title: KIND[one]?.[0],
          href: href("/recover", { q: query["q"], kind: one }),
          chosen: kind === one,
        })),
      }),
      h(
        Part,
        { title: `What would happen`, aside: code(null, q) },
        p({ class: "soft" }, KIND[kind]?.[1]),
        loaded({
          of: run,
          show: (data) =>
            data.matched === 0
              ? h(Empty, { title: TEXT.none, text: TEXT.noneText })
              : [h(Result, { run: data }), h(Start, { key: kind, kind, q, run: data })],
        }),
      ),
    ],
    h(
      Part,
      { title: "Jobs" },
      list({
        path: "/api/v1/jobs",
        caption: "Jobs",
        columns: COLUMNS,
        id: (row) => row.id,
        to: (row) => href(`/recover/${row.id}`),
        empty: p({ class: "soft" }, TEXT.noJobs),
      }),
    ),
  ];
}
