// One job: how far it is, what failed, and the stop.
import {
  api,
  can,
  Choices,
  command,
  Do,
  Facts,
  h,
  Head,
  href,
  Id,
  list,
  loaded,
  Part,
  span as long,
  Status,
  tags,
  useCommands,
  useGet,
  useReloads,
  When,
} from "../../parts/kit.js";
import { isOpen, matchedText, remaining, sum } from "../recover/model.js";
import { KIND, TEXT } from "../recover/text.js";

const { a, code, div, p, progress, span } = tags;

/** @import { Job, JobItem } from "../../setup.js" */
/** @import { Column } from "../../parts/table.js" */
/** @import { ScreenProps } from "../../base/screens.js" */

/** How often a job that runs is looked at. */
const LOOK = 1000;

/** @type {Column<JobItem>[]} */
const COLUMNS = [
  { title: "Delivery", kind: "id", cell: (row) => code(null, row.delivery_id ?? "none") },
  { title: "To", cell: (row) => row.app },
  { title: "Outcome", cell: (row) => h(Status, { word: row.outcome }) },
  { title: "What happened", kind: "wide", cell: (row) => row.text ?? "" },
  { title: "Event", kind: "id", minor: true, cell: (row) => h(Id, { id: row.event_id }) },
];

/** @param {{ job: Job }} props */
const Progress = ({ job }) => {
  const left = remaining(job);
  return div(
    { class: "stack" },
    progress({ class: "job", "aria-label": "Done", max: Math.max(1, job.matched ?? 1), value: job.done }),
    div(
      { class: "row", role: "status" },
      span(null, `${job.done.toLocaleString("en")} of ${matchedText(job)}`),
      h(Status, { word: "ok", text: `${job.ok.toLocaleString("en")} ok` }),
      h(Status, { word: job.failed > 0 ? "failed" : "skipped", text: `${job.failed.toLocaleString("en")} failed` }),
      job.skipped.length > 0 &&
        span(
          { class: "soft" },
          `${sum(job.skipped)} left out: ${job.skipped.map((one) => `${one.reason} ×${one.count}`).join(", ")}`,
        ),
      job.state === "running" &&
        span({ class: "soft" }, `${(job.rate ?? 0).toFixed(0)}/s`, left !== null && `, ${long(left)} left`),
    ),
    job.text && p(null, job.text),
  );
};

/** @param {ScreenProps} props */
export default function JobScreen({ params, query }) {
  const id = params["id"] ?? "";
  const job = useGet("/api/v1/jobs/{id}", { params: { id } });
  const open = job.data ? isOpen(job.data) : false;
  useReloads(job, open, LOOK);
  useCommands({ path: "/api/v1/jobs/{id}", params: { id }, command: command(["job", "show", id]) });
  const outcome = query["outcome"] ?? "failed";
  return [
    !job.data && h(Head, { title: id }),
    loaded({
      // It is looked at every second; that is no reason to grey it out.
      of: { ...job, loading: job.loading && !job.data },
      show: (data) => [
        h(
          Head,
          {
            title: `${KIND[data.kind]?.[0] ?? data.kind} ${matchedText(data)}`,
            sub: [h(Status, { word: data.state }), h(Id, { id }), span(null, `by ${data.by}`)],
          },
          open &&
            can("jobs.run") &&
            h(Do, {
              label: "Stop",
              title: "Stop this job?",
              danger: true,
              text: TEXT.stop,
              act: () => api.post("/api/v1/jobs/{id}/stop", { params: { id } }).then(job.reload),
            }),
          !open &&
            can("jobs.run") &&
            a(
              { class: "button", href: href("/recover", { q: data.q, kind: data.kind, hook: data.hook }) },
              "What is left…",
            ),
        ),
        h(Part, { title: "Progress" }, h(Progress, { job: data })),
        h(
          Part,
          { title: "About it" },
          h(Facts, {
            of: [
              ["Search", code(null, data.q || "all")],
              ["To the hook", data.hook ? h(Id, { id: data.hook }) : "those of the deliveries"],
              ["Reason", data.reason ?? "–"],
              ["Pace", `${data.pace}/s`],
              ["Stops after", data.stop_after ? `${data.stop_after} failures in a row` : "no number of failures"],
              ["Started", h(When, { at: data.started_at, whole: true, empty: "queued" })],
              ["Ended", h(When, { at: data.ended_at, whole: true })],
            ],
          }),
        ),
      ],
    }),
    h(
      Part,
      {
        title: "Deliveries",
        aside: h(Choices, {
          label: "Outcome",
          of: ["failed", "ok", "skipped", "waiting"].map((one) => ({
            title: h(Status, { word: one }),
            href: href(`/recover/${id}`, { outcome: one }),
            chosen: outcome === one,
          })),
        }),
      },
      list({
        path: "/api/v1/jobs/{id}/items",
        params: { id },
        query: { outcome },
        caption: "Deliveries of the job",
        columns: COLUMNS,
        id: (row) => `${row.event_id} ${row.app}`,
        to: (row) => href(row.delivery_id ? `/deliveries/${row.delivery_id}` : `/events/${row.event_id}`),
        empty: p({ class: "soft" }, `None is ${outcome}.`),
        turn: job.data?.[outcome === "ok" ? "ok" : "failed"] ?? 0,
      }),
    ),
  ];
}
