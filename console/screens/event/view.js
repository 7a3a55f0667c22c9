// The story of one event: how it went from the page to each receiver, and why some did not get it.
import { h } from "../../vendor/preact.js";
import { useState } from "../../vendor/hooks.js";
import { api, readText } from "../../base/api.js";
import { TRAFFIC, useLive } from "../../base/live.js";
import { useResource } from "../../base/resource.js";
import { can } from "../../base/session.js";
import { tags } from "../../base/tags.js";
import { href } from "../../base/url.js";
import { command, useCommands } from "../../parts/commands.js";
import { Facts, Head, Part, Tabs } from "../../parts/head.js";
import { Payload } from "../../parts/payload/view.js";
import { useNeighbours } from "../../parts/rows.js";
import { loaded } from "../../parts/states.js";
import { Way } from "../../parts/marks.js";
import { Drawing } from "../../parts/story/drawing.js";
import { Effects, Id, Origin } from "../../parts/story/origin.js";
import { Receivers } from "../../parts/story/receivers.js";
import { Copy } from "../../parts/toast.js";
import { When } from "../../parts/when.js";
import { AllAttempts, Deliveries } from "./attempts.js";
import { knownEvent } from "./model.js";
import { TEXT } from "./text.js";

const { a, p, span, code } = tags;

/** @import { Story } from "../../shapes.js" */
/** @import { Known } from "./model.js" */
/** @import { Resource } from "../../base/resource.js" */
/** @import { ScreenProps } from "../../base/screens.js" */

/** @param {{ known: Known, story: Story | undefined }} props */
const Details = ({ known: { event, body }, story }) =>
  h(Tabs, {
    tabs: [
      {
        id: "payload",
        title: TEXT.payload,
        show: () =>
          body === null
            ? p({ class: "soft" }, TEXT.noPayload)
            : h(Payload, { text: body, name: event.id, id: event.id }),
      },
      {
        id: "headers",
        title: TEXT.headers,
        show: () => {
          const headers = Object.entries(event.headers ?? {});
          return headers.length === 0
            ? p({ class: "soft" }, TEXT.noHeaders)
            : h(Facts, { of: headers.map(([name, value]) => /** @type {const} */ ([name, code(null, value)])) });
        },
      },
      { id: "attempts", title: TEXT.attempts, show: () => h(AllAttempts, { event: event.id }) },
      {
        id: "origin",
        title: TEXT.origin,
        show: () =>
          story ? h(Origin, { origin: story.origin, trace: event.trace }) : p({ class: "soft" }, TEXT.noStory),
      },
      {
        id: "effects",
        title: TEXT.effects,
        show: () => (story ? h(Effects, { effects: story.effects ?? [] }) : p({ class: "soft" }, TEXT.noStory)),
      },
    ],
  });

/** @param {{ known: Known }} props */
const Title = ({ known: { event } }) =>
  h(
    Head,
    {
      title: event.name,
      sub: [
        h(Id, { id: event.id }),
        span(null, "by ", a({ href: href(`/apps/${encodeURIComponent(event.publisher)}`) }, event.publisher)),
        h(When, { at: event.time, whole: true }),
        h(Way, { way: event.via }),
        event.test && span({ class: "tag" }, "test"),
      ],
    },
    h(Copy, { text: () => location.href, what: "link", label: "Copy link" }),
    can("events.send") && a({ class: "button", href: href("/try", { event: event.id }) }, "Send again…"),
    a({ class: "button", href: href("/explain", { event: event.id }) }, "Explain now"),
  );

/** Loads again when a delivery of this event ends an attempt. @param {string} id @param {() => void} reload @param {boolean} open */
function useDeliveries(id, reload, open) {
  useLive(
    open ? { kinds: TRAFFIC } : null,
    ({ event, data }) => {
      if (event === "delivery" && data.event_id === id) reload();
    },
    // What ended before the rows came is loaded with the story.
    (state) => state === "live" && reload(),
  );
}

/** @param {ScreenProps} props */
export default function Event({ params }) {
  const id = params["id"] ?? "";
  const known = useResource(id, async (signal) =>
    knownEvent(await readText("/api/v1/events/{id}", { params: { id }, signal })),
  );
  const story = useResource(`${id} story`, (signal) =>
    api.get("/api/v1/events/{id}/story", { params: { id }, signal }),
  );
  // A fix makes new deliveries, sometimes a moment later.
  const [mending, setMending] = useState(false);
  const open = mending || (story.data?.receivers.some((one) => one.delivery?.status === "pending") ?? false);
  useDeliveries(id, story.reload, open);
  useNeighbours();
  useCommands({ path: "/api/v1/events/{id}/story", params: { id }, command: command(["event", "show", id]) });
  return [
    !known.data && h(Head, { title: id }),
    loaded({ of: known, rows: 1, show: (data) => h(Title, { known: data }) }),
    known.data && h(StoryPart, { id, story, asked: () => setMending(true) }),
    // Below the story, so that nothing moves when it comes.
    known.data && (story.data || story.problem) && h(Details, { known: known.data, story: story.data }),
  ];
}

/** The drawing and the receivers; without them at least the deliveries. @param {{ id: string, story: Resource<Story>, asked: () => void }} props */
const StoryPart = ({ id, story, asked }) => [
  loaded({
    of: story,
    rows: 6,
    show: (data) => [
      h(Part, { title: TEXT.story }, h(Drawing, { story: data })),
      h(Receivers, { receivers: data.receivers, done: story.reload, asked }),
    ],
  }),
  story.problem && !story.data && h(Part, { title: TEXT.deliveries }, h(Deliveries, { event: id })),
];
