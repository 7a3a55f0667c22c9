// Try it: compose an event or an exchange, from a real one or from nothing, and see what becomes of it.
import {
  command,
  Fault,
  Fields,
  go,
  h,
  Head,
  href,
  Id,
  loaded,
  Part,
  readText,
  sendText,
  setQuery,
  Status,
  Tabs,
  tags,
  useAction,
  useAppNames,
  useCommands,
  useResource,
  useState,
  valuesOf,
} from "../../parts/kit.js";
import { memberText } from "../../parts/payload/parse.js";
import { Raw } from "../../parts/payload/view.js";
import { PageSnippet } from "../app/page.js";
import { eventOf, exchangeOf, like, partsOf } from "./model.js";

const { button, div, form, label, option, p, select } = tags;

/** @import { Field, Values } from "../../parts/form.js" */
/** @import { ScreenProps } from "../../base/screens.js" */
/** @import { SentExchange } from "../../setup.js" */

/** @type {Field} */
const TEST = {
  name: "test",
  type: "check",
  label: "Mark it as a test",
  value: true,
  hint: "Receivers see the header Footbridge-Test: true.",
};

/** @param {Values} like @returns {Field[]} */
const eventFields = (like) => [
  { name: "app", type: "app", label: "As the app", required: true, value: like["app"] ?? "" },
  { name: "name", label: "Name", required: true, value: like["name"] ?? "hello", placeholder: "order-paid" },
  { name: "body", type: "area", label: "Body (JSON)", value: like["body"] ?? '{\n  "from": "the console"\n}' },
  { name: "headers", type: "area", label: "Headers, one a line", rows: 2, placeholder: "x-order: 42" },
  { name: "subscribers", label: "Only to these apps", placeholder: "all that hook it" },
  TEST,
];

/** @param {Values} like @returns {Field[]} */
const exchangeFields = (like) => [
  {
    name: "direction",
    type: "select",
    label: "Direction",
    options: [
      ["to_miniapp", "host to miniapp"],
      ["to_host", "miniapp to host"],
    ],
  },
  { name: "app", type: "app", label: "As the app", required: true, value: like["app"] ?? "" },
  { name: "to", type: "app", label: "To" },
  {
    name: "body",
    type: "area",
    label: "Event of the bridge (JSON)",
    required: true,
    value: '{\n  "event_type": "hello",\n  "payload": {}\n}',
  },
  TEST,
];

/** A form whose call can be had by a script as well. @param {{ fields: Field[], path: "/api/v1/events" | "/api/v1/exchanges", textOf: (values: Values) => string, sent: (answer: string) => void, words: (values: Values) => string }} props */
function Compose({ fields, path, textOf, sent, words }) {
  const first = Object.fromEntries(fields.map(({ name, value }) => [name, value ? String(value) : ""]));
  const [values, setValues] = useState(/** @type {Values} */ (first));
  const read = (/** @type {any} */ event) => valuesOf(new FormData(event.currentTarget), fields);
  const send = useAction(async (/** @type {Values} */ now) => sent(await sendText(path, textOf(now))));
  let text;
  try {
    text = textOf(values);
  } catch {
    text = "{}";
  }
  useCommands({ path, method: "POST", text, command: words(values) });
  return form(
    {
      class: "stack",
      onInput: (event) => setValues(read(event)),
      onSubmit: (event) => (event.preventDefault(), send.run(read(event))),
    },
    h(Fields, { of: fields }),
    send.problem && h(Fault, { problem: send.problem }),
    div({ class: "row" }, button({ type: "submit", class: "main", disabled: send.busy }, "Send")),
  );
}

/** @param {{ like: Values }} props */
const TryEvent = ({ like }) =>
  h(Compose, {
    fields: eventFields(like),
    path: "/api/v1/events",
    textOf: eventOf,
    words: ({ app, name = "", body, test }) =>
      command(["event", "publish", name], { as: app, body }) + (test ? " --test" : ""),
    sent: (answer) => go(href(`/events/${JSON.parse(answer).id}`)),
  });

/** @param {{ like: Values }} props */
function TryExchange({ like }) {
  const [answer, setAnswer] = useState("");
  return [
    h(Compose, {
      fields: exchangeFields(like),
      path: "/api/v1/exchanges",
      textOf: exchangeOf,
      words: ({ app = "", to = "", body, direction, test }) => {
        const { type = "EVENT_TYPE", payload } = partsOf(body) ?? {};
        const flags = (direction === "to_host" ? " --to-host" : "") + (test ? " --test" : "");
        return command(["exchange", "send", app, to || "APP", type], { payload }) + flags;
      },
      sent: setAnswer,
    }),
    answer && h(Outcome, { answer }),
  ];
}

/** @param {{ answer: string }} props the answer as it came */
function Outcome({ answer }) {
  /** @type {SentExchange} */
  const { exchange, http_status } = JSON.parse(answer);
  const text = memberText(answer, "answer");
  return h(
    Part,
    { title: "Answer", aside: h(Status, { word: exchange.status, text: String(http_status) }) },
    p(null, "Its story: ", h(Id, { id: exchange.exchange_id })),
    exchange.error_code && p({ class: "bad" }, `${exchange.error_code}: ${exchange.error_message ?? ""}`),
    text && text !== "null" && h(Raw, { text }),
  );
}

/** @param {{ query: Record<string, string> }} props */
function TryPage({ query }) {
  const names = useAppNames();
  const app = query["app"] ?? names[0] ?? "my-app";
  return [
    label(
      { class: "inline" },
      "App ",
      select(
        { onChange: (event) => setQuery({ app: event.currentTarget.value }, { replace: true }) },
        [...new Set([app, ...names])].map((name) => option({ key: name, value: name, selected: name === app }, name)),
      ),
    ),
    h(PageSnippet, { key: app, app, form: query["form"] }),
  ];
}

/** @param {ScreenProps} props */
export default function Try({ query }) {
  const id = query["event"] ?? "";
  const source = useResource(id, async (signal) => {
    if (!id) return /** @type {Values} */ (query["app"] ? { app: query["app"] } : {});
    const text = await readText("/api/v1/events/{id}", { params: { id }, signal });
    return like(JSON.parse(text), memberText(text, "body"));
  });
  return [
    h(Head, {
      title: "Try it",
      sub: id
        ? ["A copy of ", h(Id, { id }), "; it is sent as a new event."]
        : "Send an event as an app, and see who gets it.",
    }),
    loaded({
      of: source,
      show: (data) =>
        h(Tabs, {
          tabs: [
            { id: "event", title: "Event", show: () => h(TryEvent, { key: id, like: data }) },
            { id: "exchange", title: "Exchange", show: () => h(TryExchange, { like: data }) },
            { id: "page", title: "From a page", show: () => h(TryPage, { query }) },
          ],
        }),
    }),
  ];
}
