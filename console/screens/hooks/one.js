// One hook and its lane: what waits, why, and what can be done.
import {
  api,
  can,
  command,
  Do,
  Facts,
  go,
  h,
  Head,
  href,
  Id,
  loaded,
  Part,
  span as long,
  tags,
  TRAFFIC,
  useCommands,
  useLive,
  useResource,
  When,
} from "../../parts/kit.js";
import { HOOK_FIELDS, LaneState } from "./lanes.js";
import { changes, pattern } from "./model.js";
import { TEXT } from "./text.js";

const { a, b, code, div, span } = tags;

/** @import { Hook } from "../../shapes.js" */
/** @import { Lane } from "../../setup.js" */
/** @import { Field } from "../../parts/form.js" */

/** @type {Field} */
const REASON = { name: "reason", label: TEXT.reason };

/** @param {{ lane: Lane, reload: () => void }} props */
function LaneButtons({ lane, reload }) {
  const params = { hook: lane.hook.id };
  const body = (/** @type {Record<string, string>} */ { reason }) => (reason ? { reason } : {});
  const head = lane.head;
  return [
    !can("hooks.write")
      ? null
      : lane.paused
        ? h(Do, {
            label: "Resume",
            title: "Resume this lane?",
            look: "main",
            text: TEXT.resume,
            act: async () => {
              await api.post("/api/v1/lanes/{hook}/resume", { params });
              reload();
              return "The lane moves again";
            },
          })
        : h(Do, {
            label: "Pause",
            title: "Pause this lane?",
            text: TEXT.pause,
            fields: [REASON],
            act: async (values) => {
              await api.post("/api/v1/lanes/{hook}/pause", { params, body: body(values) });
              reload();
              return "The lane is paused";
            },
          }),
    head &&
      can("deliveries.retry") &&
      h(Do, {
        label: "Skip the head",
        title: "Skip the delivery at the head?",
        danger: true,
        text: TEXT.skip,
        fields: [{ ...REASON, required: true }],
        act: async ({ reason }) => {
          await api.post("/api/v1/lanes/{hook}/skip", { params, body: { delivery_id: head.delivery_id, reason } });
          reload();
          return "The delivery is cancelled";
        },
      }),
  ];
}

/** @param {{ hook: Hook, reload: () => void }} props */
function HookButtons({ hook, reload }) {
  if (!can("hooks.write")) return null;
  if (hook.managed_by === "file" || hook.managed_by === "package") return span({ class: "soft" }, TEXT.file);
  const params = { id: hook.id };
  const patch = async (/** @type {object} */ body) => {
    await api.patch("/api/v1/hooks/{id}", { params, body });
    reload();
  };
  const values = { ordered: hook.ordered, in_flight: hook.in_flight, answer: hook.answer };
  return [
    h(Do, {
      label: "Change",
      action: "Save",
      title: "Change the hook",
      fields: [
        { name: "route", label: "Route", value: hook.route, required: true, hint: TEXT.route },
        ...HOOK_FIELDS.map((field) => ({ ...field, value: /** @type {any} */ (values)[field.name] ?? null })),
      ],
      act: (values) => patch(changes(hook, values)),
    }),
    h(Do, {
      label: hook.enabled ? "Disable" : "Enable",
      title: `${hook.enabled ? "Disable" : "Enable"} the hook?`,
      danger: hook.enabled,
      text: hook.enabled ? TEXT.off : "",
      act: () => patch({ enabled: !hook.enabled }),
    }),
    h(Do, {
      label: "Remove",
      title: "Remove the hook?",
      danger: true,
      text: TEXT.remove,
      act: async () => {
        await api.delete("/api/v1/hooks/{id}", { params });
        go(href("/hooks"), { replace: true });
        return "The hook is removed";
      },
    }),
  ];
}

/** @param {{ lane: Lane }} props */
const LaneFacts = ({ lane }) =>
  h(Facts, {
    of: [
      ["Why", lane.text],
      ["Since", h(When, { at: lane.since, whole: true })],
      [
        "Waiting",
        a(
          { href: href("/deliveries", { q: `hook:${lane.hook.id} status:pending` }) },
          lane.pending.toLocaleString("en"),
        ),
      ],
      ["In flight", String(lane.in_flight)],
      ...(lane.paused
        ? [/** @type {const} */ (["Paused", [`by ${lane.paused.by}`, lane.paused.reason && `: ${lane.paused.reason}`]])]
        : []),
      ...(lane.head
        ? /** @type {[string, any][]} */ ([
            [
              "At the head",
              a({ href: href(`/deliveries/${lane.head.delivery_id}`) }, code(null, lane.head.delivery_id)),
            ],
            ["Its event", h(Id, { id: lane.head.event_id })],
            ["Its age", typeof lane.head_age_ms === "number" ? long(lane.head_age_ms) : "–"],
            ["Tries so far", String(lane.head.attempts)],
            ["Last answer", [lane.head.last_status, " ", lane.head.last_error ?? ""]],
            ["Next try", h(When, { at: lane.head.next_attempt_at, whole: true })],
          ])
        : []),
    ],
  });

/** @param {{ id: string }} props */
export function HookScreen({ id }) {
  const hook = useResource(id, (signal) => api.get("/api/v1/hooks/{id}", { params: { id }, signal }));
  const lane = useResource(`${id} lane`, (signal) => api.get("/api/v1/lanes/{hook}", { params: { hook: id }, signal }));
  const reload = () => (hook.reload(), lane.reload());
  useLive({ kinds: TRAFFIC }, ({ event, data }) => {
    if (event === "delivery" && data.hook_id === id) lane.reload();
  });
  useCommands({ path: "/api/v1/lanes/{hook}", params: { hook: id }, command: command(["lane", "list"]) });
  return [
    !hook.data && h(Head, { title: id }),
    loaded({
      of: hook,
      show: (data) => [
        h(
          Head,
          {
            title: `${pattern(data)} to ${data.app}`,
            sub: [
              h(Id, { id }),
              !data.enabled && span({ class: "tag" }, "off"),
              data.transient && span({ class: "tag" }, "transient"),
            ],
          },
          h(HookButtons, { hook: data, reload }),
        ),
        h(
          Part,
          { title: "Hook" },
          h(Facts, {
            of: [
              ["App", a({ href: href(`/apps/${encodeURIComponent(data.app)}`) }, b(null, data.app))],
              [
                "Events",
                a(
                  { href: href("/events", { q: `app:${data.publisher} name:${data.event}` }) },
                  code(null, pattern(data)),
                ),
              ],
              ["Route", code(null, data.route)],
              ["Type", data.type],
              ["Order", data.ordered ? TEXT.ordered : `at most ${data.in_flight ?? 8} in flight`],
              ["Created", h(When, { at: data.created_at, whole: true })],
            ],
          }),
          div(
            { class: "row" },
            can("events.send") &&
              a(
                { class: "button", href: href(`/apps/${encodeURIComponent(data.app)}`, { tab: "receiver", hook: id }) },
                "Test it…",
              ),
            can("audit.read") && a({ class: "button", href: href("/audit", { object: `hook:${id}` }) }, "Changes"),
          ),
        ),
      ],
    }),
    loaded({
      of: lane,
      show: (data) =>
        h(
          Part,
          { title: "Lane", aside: h(LaneState, { lane: data }) },
          h(LaneFacts, { lane: data }),
          div({ class: "row" }, h(LaneButtons, { lane: data, reload })),
        ),
    }),
  ];
}
