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
  useEffect,
  useRef,
  useResource,
  valuesOf,
} from "../../parts/kit.js";
import { withRaw } from "../try/model.js";

const { b, button, code, form, p, pre } = tags;

/** @import { Field } from "../../parts/form.js" */
/** @import { ReceiverTest } from "../../setup.js" */
/** @import { ScreenProps } from "../../base/screens.js" */

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
  {
    name: "name",
    label: "Event that it knows",
    value: query["name"] ?? "",
    placeholder: "footbridge-test",
    hint: "The name of an event, or the event_type of an exchange.",
  },
  {
    name: "body",
    type: "area",
    label: "A body of it (JSON)",
    rows: 2,
    placeholder: '{"test": true}',
    hint: "For a receiver that takes no other; of an exchange the payload.",
  },
];

/** The test of this id, with further results as they come: each answer waits for the next one. @param {string} id */
function useTest(id) {
  const known = useRef(/** @type {ReceiverTest | null} */ (null));
  const test = useResource(id, async (signal) => {
    if (!id) return null;
    const after = known.current?.id === id ? known.current.probes.length : undefined;
    const path = "/api/v1/receiver-tests/{id}";
    known.current = await api.get(path, { params: { id }, query: { after }, signal });
    return known.current;
  });
  useEffect(() => {
    if (test.data?.id === id && test.data.state === "running") test.reload();
  }, [test.data]);
  return test;
}

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
          cell: (row) => [row.expected, p({ class: "why" }, row.got)],
        },
        {
          title: "What to do",
          kind: "wide",
          cell: (row) =>
            row.ok !== true && [row.advice, row.code && pre({ class: "bytes", tabIndex: 0 }, code(null, row.code))],
        },
      ],
    }),
  ];
};

/** @param {ScreenProps} props */
export default function ReceiverTestScreen({ query }) {
  const id = query["test"] ?? "";
  const fields = fieldsOf(query);
  const test = useTest(id);
  const open = test.data?.state === "running";
  const start = useAction(async (/** @type {Record<string, string>} */ { body, name, ...values }) => {
    const text = withRaw({ ...values, ...(name && { name }) }, "body", body);
    const made = await api.post("/api/v1/receiver-tests", { text });
    setQuery({ ...values, name: name || null, test: made.id });
  });
  const { url = "", app = "", protocol = "event", name } = query;
  useCommands({
    path: "/api/v1/receiver-tests",
    method: "POST",
    body: { url, app, protocol, ...(name && { name }) },
    command: command(["receiver", "test", url], { app, name }) + (protocol === "exchange" ? " --exchange" : ""),
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
              command: "footbridge receiver test https://my-app.example/events --app my-app",
            }),
    }),
  ];
}
