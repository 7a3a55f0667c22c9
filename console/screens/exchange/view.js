// The story of one exchange: the request, the checks, the answer.
import { h } from "../../vendor/preact.js";
import { api, readText } from "../../base/api.js";
import { useResource } from "../../base/resource.js";
import { tags } from "../../base/tags.js";
import { span } from "../../base/time.js";
import { command, useCommands } from "../../parts/commands.js";
import { Facts, Head, Part, Tabs } from "../../parts/head.js";
import { memberText } from "../../parts/payload/parse.js";
import { Payload } from "../../parts/payload/view.js";
import { useNeighbours } from "../../parts/rows.js";
import { loaded } from "../../parts/states.js";
import { Mark, Status } from "../../parts/marks.js";
import { Drawing } from "../../parts/story/drawing.js";
import { Id, Origin } from "../../parts/story/origin.js";
import { Receivers } from "../../parts/story/receivers.js";
import { When } from "../../parts/when.js";
import { CHECKS, TEXT } from "./text.js";

const { p, ol, li, span: text, code } = tags;

/** @import { Check, Exchange, Story } from "../../shapes.js" */
/** @import { ScreenProps } from "../../base/screens.js" */

/** @param {{ checks: Check[] }} props */
const Checks = ({ checks }) =>
  ol(
    { class: "checks" },
    checks.map((one) =>
      li(
        { key: one.check },
        h(Mark, { tone: typeof one.ok !== "boolean" ? "none" : one.ok ? "good" : "bad" }),
        text({ class: "unseen" }, typeof one.ok !== "boolean" ? "not reached: " : one.ok ? "passed: " : "failed: "),
        text(null, CHECKS[one.check] ?? one.check),
        one.text && text({ class: "soft" }, one.text),
      ),
    ),
  );

/** @param {{ exchange: Exchange, answer: string | null, story: Story | undefined }} props */
const Details = ({ exchange, answer, story }) =>
  h(Tabs, {
    tabs: [
      {
        id: "answer",
        title: TEXT.answer,
        show: () =>
          answer === null || answer === "null"
            ? p({ class: "soft" }, TEXT.noAnswer)
            : h(Payload, { text: answer, name: exchange.exchange_id }),
      },
      {
        id: "origin",
        title: TEXT.origin,
        show: () => story && h(Origin, { origin: story.origin, trace: exchange.trace }),
      },
    ],
  });

/** @param {{ exchange: Exchange }} props */
const Title = ({ exchange }) => [
  h(Head, {
    title: exchange.event_type,
    sub: [
      h(Status, { word: exchange.status }),
      h(Id, { id: exchange.exchange_id }),
      text(null, `${exchange.sender} to ${exchange.recipient}`),
      h(When, { at: exchange.at, whole: true }),
    ],
  }),
  h(
    Part,
    { title: TEXT.about },
    h(Facts, {
      of: [
        ["Sender got", exchange.http_status ? code(null, String(exchange.http_status)) : "–"],
        ["Receiver answered", exchange.upstream_status ? code(null, String(exchange.upstream_status)) : "–"],
        ["Took", typeof exchange.ms === "number" ? span(exchange.ms) : "–"],
        ["Error", exchange.error_code ? [code(null, exchange.error_code), " ", exchange.error_message] : "none"],
      ],
    }),
  ),
];

/** @param {ScreenProps} props */
export default function ExchangeScreen({ params }) {
  const id = params["id"] ?? "";
  const known = useResource(id, async (signal) => {
    const written = await readText("/api/v1/exchanges/{id}", { params: { id }, signal });
    /** @type {Exchange} */
    const exchange = JSON.parse(written);
    return { exchange, answer: memberText(written, "answer") };
  });
  const story = useResource(`${id} story`, (signal) =>
    api.get("/api/v1/exchanges/{id}/story", { params: { id }, signal }),
  );
  useNeighbours();
  useCommands({ path: "/api/v1/exchanges/{id}/story", params: { id }, command: command(["exchange", "show", id]) });
  return [
    !known.data && h(Head, { title: id }),
    loaded({ of: known, rows: 2, show: ({ exchange }) => h(Title, { exchange }) }),
    known.data &&
      loaded({
        of: story,
        show: (data) => [
          h(Part, { title: TEXT.story }, h(Drawing, { story: data })),
          data.checks && h(Part, { title: TEXT.checks }, h(Checks, { checks: data.checks })),
          data.receivers.length > 0 && h(Receivers, { receivers: data.receivers, done: story.reload }),
        ],
      }),
    known.data && h(Details, { ...known.data, story: story.data }),
  ];
}
