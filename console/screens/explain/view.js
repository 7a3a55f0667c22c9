// Who would get an event, who would not and why; and what a change would make of it.
import {
  api,
  call,
  can,
  command,
  Do,
  Empty,
  Fields,
  h,
  Head,
  href,
  Id,
  loaded,
  Mark,
  Part,
  setQuery,
  tags,
  useCommands,
  useResource,
  valuesOf,
} from "../../parts/kit.js";
import { Mend } from "../../parts/story/receivers.js";
import { operationOf, readChanges, switchOf, worded, writeChanges } from "./model.js";

const { a, b, button, div, form, li, p, span, ul } = tags;

/** @import { Field } from "../../parts/form.js" */
/** @import { Explained, Judged } from "../../setup.js" */
/** @import { Change } from "./model.js" */
/** @import { ScreenProps } from "../../base/screens.js" */

/** @param {Change[]} changes */
const keep = (changes) => setQuery({ with: writeChanges(changes) }, { replace: true });

/** @param {{ judged: Judged, changes: Change[], whatIf: boolean, done: () => void }} props */
function Line({ judged, changes, whatIf, done }) {
  const { hook, would_get, reason, then, now, changed, fix } = judged;
  const flip = whatIf ? switchOf(judged) : null;
  return li(
    { class: "receiver" },
    h(Mark, { tone: would_get ? "good" : "none" }),
    b(null, hook.app),
    span(
      { class: "why" },
      then ? `Then: ${then.text}.` : reason,
      now && now.code !== then?.code && span(null, ` Now: ${now.text}.`),
      changed && span({ class: "soft" }, ` ${changed}`),
    ),
    span(
      { class: "row tight" },
      a({ href: href("/hooks", { id: hook.id }), title: `${hook.publisher}/${hook.event} → ${hook.route}` }, "hook"),
      flip &&
        button({ type: "button", class: "small", onClick: () => keep([...changes, flip]) }, "What if it were on?"),
      fix && h(Mend, { fix, done }),
    ),
  );
}

/** @param {{ changes: Change[], data: Explained, done: () => void }} props */
function WhatIf({ changes, data, done }) {
  const names = (/** @type {{ app: string }[] | undefined} */ hooks) =>
    (hooks ?? []).map((hook) => hook.app).join(", ") || "nobody";
  const add = (/** @type {any} */ change) => async (/** @type {any} */ values) => (
    keep([...changes, { ...change, ...values }]),
    null
  );
  return h(
    Part,
    {
      title: "What if",
      aside: [
        h(Do, {
          label: "A hook",
          look: "small",
          action: "Try",
          fields: [
            { name: "app", type: "app", label: "App", required: true },
            { name: "pattern", label: "Events", required: true, value: "*/*" },
            { name: "route", label: "Route", required: true, value: "/events" },
          ],
          act: add({ change: "new_hook" }),
        }),
        h(Do, {
          label: "A link",
          look: "small",
          action: "Try",
          fields: [
            { name: "host", type: "app", label: "Host", required: true },
            { name: "miniapp", type: "app", label: "Miniapp", required: true },
          ],
          act: add({ change: "link", enabled: true }),
        }),
      ],
    },
    changes.length === 0
      ? p(
          { class: "soft" },
          "Add a change, or turn a switch in the list, to see what it would make of it. Nothing is changed by that.",
        )
      : div(
          { class: "stack" },
          ul(
            { class: "row" },
            changes.map((one, place) =>
              li(
                { key: place, class: "tag" },
                worded(one),
                button(
                  {
                    type: "button",
                    class: "quiet small",
                    "aria-label": `Without: ${worded(one)}`,
                    onClick: () => keep(changes.filter((_, n) => n !== place)),
                  },
                  "×",
                ),
              ),
            ),
          ),
          p(
            null,
            "Would add: ",
            b(null, names(data.would_add)),
            ". Would lose: ",
            b(null, names(data.would_lose)),
            ".",
          ),
          can("hooks.write") &&
            div(
              null,
              h(Do, {
                label: changes.length === 1 ? "Do it" : "Do all",
                look: "main",
                text: "This changes the server at once:",
                fields: [],
                act: async () => {
                  for (const { method, path, body } of changes.map(operationOf)) await call(method, path, { body });
                  keep([]);
                  done();
                },
              }),
            ),
        ),
  );
}

/** @param {ScreenProps} props */
export default function Explain({ query }) {
  const { app = "", name = "", event = "", to = "" } = query;
  const changes = readChanges(query["with"]);
  const body = {
    publisher: app,
    name,
    ...(query["private"] && { private: true }),
    ...(changes.length > 0 && { with: changes }),
  };
  const asked = event || (app && name);
  const answer = useResource(JSON.stringify([asked, body, event, to]), async (signal) => {
    if (!asked) return null;
    return event
      ? api.get("/api/v1/events/{id}/explain", { params: { id: event }, query: { limit: 250 }, signal })
      : api.post("/api/v1/explain", { body, query: { app: to, limit: 250 }, signal });
  });
  useCommands(
    event
      ? { path: "/api/v1/events/{id}/explain", params: { id: event } }
      : { path: "/api/v1/explain", method: "POST", body, command: command(["explain", `${app}/${name}`]) },
  );
  /** @type {Field[]} */
  const fields = [
    { name: "app", type: "app", label: "If this app", value: app, required: true },
    { name: "name", label: "says", value: name, required: true, placeholder: "order-paid" },
    { name: "to", type: "app", label: "only to", value: to, placeholder: "all" },
    { name: "private", type: "check", label: "private", value: query["private"] ?? "" },
  ];
  return [
    h(Head, {
      title: "Explain",
      sub: event
        ? ["The stored event ", h(Id, { id: event }), a({ href: href("/explain") }, "another one")]
        : "Who would get an event, and why others would not.",
    }),
    !event &&
      form(
        {
          class: "row fields",
          onSubmit: (submit) => (
            submit.preventDefault(),
            setQuery(valuesOf(new FormData(submit.currentTarget), fields))
          ),
        },
        h(Fields, { of: fields }),
        button({ type: "submit", class: "main" }, "Explain"),
      ),
    loaded({
      of: answer,
      show: (data) =>
        !data
          ? h(Empty, {
              title: "Say which event",
              text: "An app and a name give the verdict of each hook.",
              command: "footbridge explain shop/order-paid",
            })
          : [
              data.warnings.map((one) => p({ key: one, class: "warn" }, one)),
              h(
                Part,
                {
                  title: event ? "Then and now" : `${data.would_get} would get it`,
                  aside: data.next && span({ class: "soft" }, "the first 250 hooks"),
                },
                data.data.length === 0
                  ? p({ class: "soft" }, "No hook exists that could match.")
                  : ul(
                      null,
                      data.data.map((judged, place) =>
                        h(Line, { key: place, judged, changes, whatIf: !event, done: answer.reload }),
                      ),
                    ),
              ),
              !event && h(WhatIf, { changes, data, done: answer.reload }),
            ],
    }),
  ];
}
