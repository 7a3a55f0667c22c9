// Fourteen requests to a receiver, good and bad ones: which checks does it have, and which are missing?
import {
  api,
  command,
  Empty,
  Fault,
  Fields,
  h,
  Head,
  loaded,
  rowTable,
  setQuery,
  Status,
  tags,
  useAction,
  useCommands,
  useReloads,
  useResource,
  valuesOf,
} from "../../parts/kit.js";

const { b, button, code, form, p, pre } = tags;

/** @import { Field } from "../../parts/form.js" */
/** @import { ReceiverTest } from "../../setup.js" */
/** @import { ScreenProps } from "../../base/screens.js" */

/** How often a test that runs is looked at. */
const LOOK = 700;

/** @param {Record<string, string>} query @returns {Field[]} */
const fieldsOf = (query) => [
  {
    name: "url",
    type: "url",
    label: "URL",
    required: true,
    value: query["url"] ?? "",
    placeholder: "https://my-app.example/events",
  },
  { name: "app", type: "app", label: "App whose secret signs", required: true, value: query["app"] ?? "" },
  {
    name: "protocol",
    type: "select",
    label: "Protocol",
    options: [
      ["event", "events"],
      ["exchange", "exchanges"],
    ],
    value: query["protocol"] ?? "event",
  },
];

/** @param {{ test: ReceiverTest }} props */
const Result = ({ test }) => {
  const missing = test.probes.filter((one) => one.ok === false).length;
  return [
    p(
      { role: "status" },
      test.state === "running"
        ? h(Status, { word: "running", text: `${test.probes.length} of 14` })
        : h(
            Status,
            missing === 0
              ? { word: "ok", text: "It has all checks" }
              : { word: "failed", text: `${missing} of ${test.probes.length} are not as they should be` },
          ),
    ),
    rowTable({
      caption: "Probes",
      rows: test.probes,
      id: (row) => String(row.n),
      columns: [
        { title: "No", kind: "number", cell: (row) => row.n },
        { title: "Probe", cell: (row) => [b(null, row.name), p({ class: "why" }, row.sent)] },
        {
          title: "Result",
          cell: (row) =>
            h(Status, row.ok === null ? { word: "skipped", text: "not known" } : { word: row.ok ? "ok" : "failed" }),
        },
        {
          title: "Expected, and got",
          kind: "wide",
          cell: (row) => [row.expected, p({ class: "why" }, row.got ?? "no answer")],
        },
        {
          title: "What to do",
          kind: "wide",
          cell: (row) =>
            row.ok === false && [row.advice, row.code && pre({ class: "bytes", tabIndex: 0 }, code(null, row.code))],
        },
      ],
    }),
  ];
};

/** @param {ScreenProps} props */
export default function ReceiverTestScreen({ query }) {
  const id = query["test"] ?? "";
  const fields = fieldsOf(query);
  const test = useResource(id, async (signal) =>
    id ? api.get("/api/v1/receiver-tests/{id}", { params: { id }, signal }) : null,
  );
  const open = test.data?.state === "running";
  useReloads(test, open, LOOK);
  const start = useAction(async (/** @type {Record<string, string>} */ values) => {
    const made = await api.post("/api/v1/receiver-tests", { body: values });
    setQuery({ ...values, test: made.id });
  });
  const { url = "", app = "", protocol = "event" } = query;
  useCommands({
    path: "/api/v1/receiver-tests",
    method: "POST",
    body: { url, app, protocol },
    command: command(["receiver", "test", url], { app }),
  });
  return [
    h(Head, {
      title: "Receiver tester",
      sub: "Fourteen requests, good and bad ones. It shows which checks of the receiver are missing.",
    }),
    form(
      {
        class: "row fields",
        onSubmit: (event) => (event.preventDefault(), start.run(valuesOf(new FormData(event.currentTarget), fields))),
      },
      h(Fields, { of: fields }),
      button({ type: "submit", class: "main", disabled: start.busy || open }, "Test it"),
    ),
    start.problem && h(Fault, { problem: start.problem }),
    loaded({
      of: { ...test, loading: test.loading && !test.data },
      show: (data) =>
        data
          ? h(Result, { test: data })
          : h(Empty, {
              title: "No test yet",
              text: "A good request, a bad signature, a repeated one, out of order, one megabyte, a slow one and more go to the URL.",
              command: "footbridge receiver test https://my-app.example/events",
            }),
    }),
  ];
}
