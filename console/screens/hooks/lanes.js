// The lanes of hooks as a list, and adding a hook.
import { api, can, Do, Empty, go, h, href, list, span as long, Status, tags, useState } from "../../parts/kit.js";
import { newHook, pattern } from "./model.js";
import { TEXT } from "./text.js";

const { b, code, div, small, span } = tags;

/** @import { Column } from "../../parts/table.js" */
/** @import { Field } from "../../parts/form.js" */
/** @import { Lane } from "../../setup.js" */

/** @param {{ lane: Lane }} props */
export const LaneState = ({ lane }) =>
  h(Status, { word: lane.state, ...(lane.state === "moving" && { tone: /** @type {const} */ ("good") }) });

/** @type {Column<Lane>[]} */
const COLUMNS = [
  { title: "App", cell: (row) => b(null, row.hook.app) },
  {
    title: "Events",
    cell: (row) => [code(null, pattern(row.hook)), row.hook.ordered && span({ class: "tag" }, "ordered")],
  },
  { title: "Route", minor: true, cell: (row) => code(null, row.hook.route) },
  {
    title: "Lane",
    kind: "wide",
    cell: (row) => [h(LaneState, { lane: row }), " ", row.why && small({ class: "why" }, row.text)],
  },
  { title: "Waiting", kind: "number", cell: (row) => row.pending.toLocaleString("en") },
  { title: "In flight", kind: "number", minor: true, cell: (row) => row.in_flight },
  {
    title: "Head is",
    kind: "id",
    minor: true,
    cell: (row) => (typeof row.head_age_ms === "number" ? `${long(row.head_age_ms)} old` : "–"),
  },
];

/** @param {{ app?: string, state?: string, none?: string }} props */
export const LaneList = ({ app, state, none = TEXT.none }) =>
  list({
    path: "/api/v1/lanes",
    caption: "Lanes",
    columns: COLUMNS,
    query: { app, state },
    id: (row) => row.hook.id,
    to: (row) => href("/hooks", { id: row.hook.id }),
    empty: state
      ? h(Empty, { title: TEXT.noMatch })
      : h(Empty, { title: none, text: TEXT.noneText, command: TEXT.command.replace("my-app", app ?? "my-app") }),
  });

/** @type {Field[]} */
export const HOOK_FIELDS = [
  { name: "ordered", type: "check", label: TEXT.ordered },
  {
    name: "in_flight",
    type: "number",
    label: "Most deliveries in flight",
    min: 1,
    max: 64,
    placeholder: "8",
    hint: "Not with ordered.",
  },
  {
    name: "answer",
    type: "select",
    label: "Answer",
    options: [
      ["", "as usual"],
      ["required", "required: a failure is retried"],
      ["optional", "optional: no answer is no failure"],
    ],
  },
];

/** @param {{ app?: string | undefined }} props */
export function AddHook({ app }) {
  const [key, setKey] = useState(0);
  if (!can("hooks.write")) return null;
  /** @type {Field[]} */
  const fields = [
    ...(app ? [] : [/** @type {Field} */ ({ name: "app", type: "app", label: "App", required: true })]),
    { name: "pattern", label: "Events", required: true, placeholder: "shop/order-*", value: "*/*", hint: TEXT.pattern },
    { name: "route", label: "Route", required: true, placeholder: "/events", hint: TEXT.route },
    {
      name: "type",
      type: "select",
      label: "Type",
      options: [
        ["", "server: below the app's URL"],
        ["web", "web: a whole URL"],
      ],
    },
    ...HOOK_FIELDS,
  ];
  return div(
    { class: "row end", key },
    h(Do, {
      label: "Add a hook",
      action: "Add",
      look: "main",
      fields,
      act: async (values) => {
        const made = await api.post("/api/v1/hooks", { body: newHook({ ...(app && { app }), ...values }) });
        setKey(key + 1);
        go(href("/hooks", { id: made.id }));
        return made.warnings?.length ? `Added. ${made.warnings.join(" ")}` : "The hook is added";
      },
    }),
  );
}
