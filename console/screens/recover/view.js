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
  setQuery,
  Status,
  tags,
  useAction,
  useCommands,
  useResource,
  valuesOf,
  When,
} from "../../parts/kit.js";
import { jobOf, matchedText, KINDS, searchOf, sum } from "./model.js";
import { KIND, TEXT } from "./text.js";

const { a, b, button, code, details, div, form, input, label, li, p, span, summary, ul } = tags;

/** @import { Asked } from "./model.js" */
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

/** @type {Field[]} */
const FIELDS = [
  { name: "pace", type: "number", label: "Pace", value: 50, min: 1, max: 1000, hint: TEXT.paceHint },
  { name: "stop_after", type: "number", label: "Stop after failures", value: 10, min: 1, hint: TEXT.stopHint },
  { name: "reason", label: "Reason, for the audit" },
];

/** @param {{ asked: Asked, run: DryRun }} props */
function Start({ asked, run }) {
  const start = useAction(async (/** @type {FormData} */ data) => {
    const job = /** @type {Job} */ (await api.post("/api/v1/jobs", { body: jobOf(asked, valuesOf(data, FIELDS)) }));
    go(href(`/recover/${job.id}`));
  });
  const count = run.matched - sum(run.skip);
  return form(
    {
      class: "row fields",
      onSubmit: (event) => (event.preventDefault(), start.run(new FormData(event.currentTarget))),
    },
    h(Fields, { of: FIELDS }),
    button(
      { type: "submit", class: asked.kind === "cancel" ? "main danger" : "main", disabled: start.busy || count < 1 },
      `${KIND[asked.kind]?.[0]} ${Math.max(0, count).toLocaleString("en")}`,
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
    cell: (row) => `${row.done.toLocaleString("en")} of ${matchedText(row)}`,
  },
  { title: "Failed", kind: "number", minor: true, cell: (row) => row.failed },
  { title: "By", minor: true, cell: (row) => row.by },
  { title: "Started", kind: "id", cell: (row) => h(When, { at: row.started_at, empty: "queued" }) },
];

/** @param {ScreenProps} props */
export default function Recover({ query }) {
  const kind = KIND[query["kind"] ?? ""] ? String(query["kind"]) : "retry";
  const hook = kind === "replay" ? query["hook"] : "";
  const usual = hook ? "" : `status:${KIND[kind]?.[2]}`;
  const asked = { kind, q: searchOf({ ...query, q: query["q"] || usual }), ...(hook && { hook }) };
  const body = { ...asked, dry_run: true };
  const run = useResource(
    JSON.stringify(asked),
    async (signal) => /** @type {DryRun} */ (await api.post("/api/v1/jobs", { body, signal })),
  );
  useCommands({ path: "/api/v1/jobs", method: "POST", body, command: command(["job", "list"]) });
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
        { title: `What would happen`, aside: code(null, asked.q || "all") },
        p({ class: "soft" }, KIND[kind]?.[1]),
        kind === "replay" &&
          label(
            { class: "inline" },
            TEXT.hook,
            input({
              defaultValue: hook ?? "",
              placeholder: "hook_…",
              onChange: (event) => setQuery({ hook: event.currentTarget.value.trim() }, { replace: true }),
            }),
          ),
        loaded({
          of: run,
          show: (data) =>
            data.matched === 0
              ? h(Empty, { title: TEXT.none, text: TEXT.noneText })
              : [h(Result, { run: data }), h(Start, { key: kind, asked, run: data })],
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
