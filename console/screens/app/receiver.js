// One test request to the receiver of an app, or to one of its hooks.
import {
  api,
  can,
  Facts,
  Fault,
  Fields,
  h,
  loaded,
  tags,
  useAction,
  useResource,
  useState,
  valuesOf,
} from "../../parts/kit.js";
import { TestResult } from "../../parts/probe.js";
import { withRaw } from "../try/model.js";
import { TEXT } from "./text.js";

const { button, code, div, form, p } = tags;

/** @import { App, Hook } from "../../shapes.js" */
/** @import { Attempted } from "../../setup.js" */

/** @param {App} app @param {Hook[]} hooks @returns {(readonly [string, string])[]} */
const targets = (app, hooks) => [
  ...(app.receiver_url ? [/** @type {const} */ (["", `receiver of exchanges: ${app.receiver_url}`])] : []),
  ...hooks.map((hook) => /** @type {const} */ ([hook.id, `hook ${hook.publisher}/${hook.event} → ${hook.route}`])),
];

/** @param {{ app: App, hooks: Hook[], chosen: string }} props */
function Test({ app, hooks, chosen }) {
  const [attempt, setAttempt] = useState(/** @type {Attempted | null} */ (null));
  const options = targets(app, hooks);
  const test = useAction(async (/** @type {string} */ target, /** @type {string} */ text) => {
    setAttempt(null);
    const sent = { text: withRaw({}, "body", text) };
    const result = await (target
      ? api.post("/api/v1/hooks/{id}/test", { params: { id: target }, ...sent })
      : api.post("/api/v1/apps/{name}/receiver/test", { params: { name: app.name }, ...sent }));
    setAttempt(result.delivery);
  });
  const fields = /** @type {import("../../parts/form.js").Field[]} */ ([
    { name: "target", type: "select", label: "To", options, value: chosen },
    { name: "body", type: "area", label: "Body (JSON)", placeholder: '{"hello": "world"}' },
  ]);
  if (options.length === 0) return p({ class: "soft" }, TEXT.noTarget);
  return [
    form(
      {
        class: "stack",
        onSubmit: (event) => {
          event.preventDefault();
          const { target = "", body = "" } = valuesOf(new FormData(event.currentTarget), fields);
          test.run(target, body);
        },
      },
      p({ class: "soft" }, TEXT.test),
      h(Fields, { of: fields }),
      div(
        { class: "row" },
        button({ type: "submit", class: "main", disabled: test.busy }, test.busy ? "Waiting…" : "Send the test"),
      ),
    ),
    test.problem && h(Fault, { problem: test.problem }),
    attempt && h(TestResult, { attempt }),
  ];
}

/** @param {{ app: App, chosen: string }} props */
export function Receiver({ app, chosen }) {
  const hooks = useResource(app.name, (signal) =>
    api.get("/api/v1/hooks", { query: { app: app.name, limit: 250 }, signal }),
  );
  return [
    h(Facts, {
      of: [
        ["Receiver", app.receiver_url ? code(null, app.receiver_url) : "none: it gets no exchanges"],
        ["Takes part in exchanges", app.receiver_enabled ? "yes" : "no"],
        ["Checks the pair of", app.receiver_auth?.name ?? app.name],
        ["Base URL of its hooks", app.url ? code(null, app.url) : "none"],
      ],
    }),
    can("events.send") && loaded({ of: hooks, show: ({ data }) => h(Test, { app, hooks: data, chosen }) }),
  ];
}
