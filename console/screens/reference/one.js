// One operation of the API: what it takes, what it answers, and a try with the rights of the person who is signed in.
import {
  address,
  Ask,
  Fault,
  Fields,
  h,
  Head,
  href,
  Part,
  rowTable,
  Status,
  tags,
  useAction,
  useCommands,
  useState,
  valuesOf,
} from "../../parts/kit.js";
import { Payload } from "../../parts/payload/view.js";
import { exampleOf, members } from "./model.js";
import { TEXT } from "./text.js";

const { a, button, code, div, form, p, span } = tags;

/** @import { Field } from "../../parts/form.js" */
/** @import { Operation, Schema } from "./model.js" */
/** @typedef {{ params: Record<string, string>, query: Record<string, string>, headers: Record<string, string>, text: string }} Sent */
/** @typedef {{ status: number, ms: number, text: string }} Got */

/** @param {Operation} operation @param {FormData} data @param {Field[]} fields @returns {Sent} */
function sentOf({ parameters }, data, fields) {
  const values = valuesOf(data, fields);
  const of = (/** @type {string} */ place) =>
    Object.fromEntries(
      parameters.flatMap(({ name, in: where }) =>
        where === place && values[name] ? [[name, values[name] ?? ""]] : [],
      ),
    );
  return { params: of("path"), query: of("query"), headers: of("header"), text: values["(body)"] ?? "" };
}

/** @param {Operation} operation @param {Sent} sent @returns {Promise<Got>} */
async function send({ method, path, body }, { params, query, headers, text }) {
  const began = performance.now();
  const response = await fetch(address(path, { params, query }), {
    method,
    headers: {
      accept: "application/json",
      ...(method !== "GET" && { "content-type": "application/json" }),
      ...headers,
    },
    ...(body && text && { body: text }),
  });
  return { status: response.status, text: await response.text(), ms: Math.round(performance.now() - began) };
}

/** @param {{ got: Got, name: string }} props */
const Answered = ({ got: { status, ms, text }, name }) =>
  h(
    Part,
    {
      title: "Answer",
      aside: [
        h(Status, { word: status < 300 ? "ok" : "failed", text: `HTTP ${status}` }),
        span({ class: "soft" }, `${ms} ms`),
      ],
    },
    text ? h(Payload, { key: text, text, name }) : p({ class: "soft" }, TEXT.noBody),
  );

/** @param {{ description: Schema, operation: Operation, told: (sent: Sent) => void }} props */
function Try({ description, operation, told }) {
  const { method, path, parameters, body, id } = operation;
  const [all, setAll] = useState(false);
  const [asked, setAsked] = useState(/** @type {Sent | null} */ (null));
  const [got, setGot] = useState(/** @type {Got | null} */ (null));
  /** @type {Field[]} */
  const fields = parameters.map(({ name, required, text }) => ({ name, label: name, required, hint: text }));
  if (body) {
    const value = JSON.stringify(exampleOf(description, body, all), null, 2);
    fields.push({
      name: "(body)",
      type: "area",
      label: "Body",
      value,
      rows: Math.min(16, value.split("\n").length + 1),
    });
  }
  const act = async (/** @type {Sent} */ sent) => {
    told(sent);
    setGot(await send(operation, sent));
  };
  const trying = useAction(act);
  return [
    h(
      Part,
      {
        title: "Try it",
        aside:
          body &&
          button({ type: "button", class: "small", "aria-pressed": all, onClick: () => setAll(!all) }, "All members"),
      },
      form(
        {
          class: "stack",
          onSubmit: (event) => {
            event.preventDefault();
            const sent = sentOf(operation, new FormData(event.currentTarget), fields);
            if (method === "GET") trying.run(sent);
            else setAsked(sent);
          },
        },
        div({ key: String(all), class: "stack" }, h(Fields, { of: fields })),
        trying.problem && h(Fault, { problem: trying.problem }),
        div({ class: "row" }, button({ type: "submit", class: "main", disabled: trying.busy }, "Send")),
      ),
    ),
    asked &&
      h(
        Ask,
        {
          title: `${method} ${path}`,
          action: "Send it",
          danger: method === "DELETE",
          act: () => act(asked),
          close: () => setAsked(null),
        },
        p({ class: "soft" }, TEXT.changes),
      ),
    got && h(Answered, { got, name: id }),
  ];
}

/** @param {{ description: Schema, operation: Operation }} props */
export function One({ description, operation }) {
  const { method, path, summary, text, parameters, body, answers, auth, place } = operation;
  const [sent, setSent] = useState(/** @type {Sent | null} */ (null));
  const names = parameters.filter((one) => one.in === "path").map(({ name }) => [name, name.toUpperCase()]);
  const example = body && (sent?.text ?? JSON.stringify(exampleOf(description, body, false)));
  useCommands({
    path,
    params: { ...Object.fromEntries(names), ...sent?.params },
    query: sent?.query,
    method,
    ...(example && { text: example }),
    auth,
  });
  return [
    h(
      Head,
      { title: `${method} ${path}`, sub: [summary, span(null, operation.group)] },
      a({ class: "button", href: href("/reference") }, "All operations"),
    ),
    text && p({ class: "soft" }, text),
    place === "here"
      ? h(Try, { description, operation, told: setSent })
      : p({ class: "calm soft" }, place === "stream" ? TEXT.stream : TEXT.elsewhere),
    body &&
      h(
        Part,
        { title: "What it takes" },
        rowTable({
          caption: "Members of the body",
          rows: members(description, body),
          id: (row) => row.name,
          columns: [
            { title: "Member", cell: (row) => code(null, row.name) },
            { title: "Type", cell: (row) => [row.type, row.required && span({ class: "tag" }, "needed")] },
            { title: "What it is", kind: "wide", cell: (row) => row.text },
          ],
        }),
      ),
    h(
      Part,
      { title: "What it answers" },
      rowTable({
        caption: "Answers",
        rows: answers,
        id: (row) => row.status,
        columns: [
          { title: "Status", cell: (row) => code(null, row.status) },
          { title: "What it is", kind: "wide", cell: (row) => row.text },
          { title: "As", minor: true, cell: (row) => row.media.join(", ") },
        ],
      }),
    ),
  ];
}
