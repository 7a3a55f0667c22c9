// One delivery: its attempts, what comes next, and what can be done.
import { h } from "../../vendor/preact.js";
import { useState } from "../../vendor/hooks.js";
import { api } from "../../base/api.js";
import { useKeys } from "../../base/keys.js";
import { TRAFFIC, useLive } from "../../base/live.js";
import { useResource } from "../../base/resource.js";
import { can } from "../../base/session.js";
import { tags } from "../../base/tags.js";
import { href } from "../../base/url.js";
import { Attempts } from "../../parts/attempts.js";
import { command, useCommands } from "../../parts/commands.js";
import { Ask } from "../../parts/dialog.js";
import { Facts, Head, Part } from "../../parts/head.js";
import { useNeighbours } from "../../parts/rows.js";
import { loaded } from "../../parts/states.js";
import { Status } from "../../parts/marks.js";
import { Id } from "../../parts/story/origin.js";
import { toast } from "../../parts/toast.js";
import { When } from "../../parts/when.js";
import { actionsOf } from "./model.js";
import { TEXT } from "./text.js";

const { a, b, button, code, input, label, p, span } = tags;

/** @import { DeliveryDetail } from "../../shapes.js" */
/** @import { ScreenProps } from "../../base/screens.js" */
/** @typedef {"retry" | "replay" | "cancel"} Action */

/** @param {{ delivery: DeliveryDetail, action: Action, close: () => void, done: () => void }} props */
function Question({ delivery, action, close, done }) {
  const [reason, setReason] = useState("");
  const params = { id: delivery.id };
  const calls = {
    retry: () => api.post("/api/v1/deliveries/{id}/retry", { params }),
    replay: () => api.post("/api/v1/deliveries/{id}/replay", { params }),
    cancel: () => api.post("/api/v1/deliveries/{id}/cancel", { params, body: reason ? { reason } : {} }),
  };
  const act = async () => {
    await calls[action]();
    toast(`${TEXT[action]}: done`);
    done();
  };
  return h(
    Ask,
    { title: `${TEXT[action]}?`, action: TEXT[action], danger: action === "cancel", act, close },
    p(null, b(null, delivery.event_name ?? delivery.event_id), ` to ${delivery.app}`),
    p({ class: "soft" }, TEXT[`${action}Text`]),
    action === "cancel" &&
      label(
        null,
        TEXT.reason,
        input({ value: reason, maxLength: 200, onInput: (event) => setReason(event.currentTarget.value) }),
      ),
  );
}

/** @param {{ delivery: DeliveryDetail, reload: () => void }} props */
function Shown({ delivery, reload }) {
  const [action, setAction] = useState(/** @type {Action | null} */ (null));
  const may = actionsOf(delivery.status);
  const allowed = can("deliveries.retry");
  useKeys({ r: () => (allowed && may.retry ? setAction("retry") : false) });
  const act = (/** @type {Action} */ one, main = false) =>
    allowed &&
    may[one] &&
    button({ type: "button", class: main ? "main" : "", onClick: () => setAction(one) }, TEXT[one], "…");
  return [
    h(
      Head,
      {
        title: `${delivery.event_name ?? "Event"} to ${delivery.app}`,
        sub: [
          h(Status, { word: delivery.status }),
          h(Id, { id: delivery.id }),
          delivery.test && span({ class: "tag" }, "test"),
        ],
      },
      act("retry", true),
      act("replay"),
      act("cancel"),
    ),
    h(
      Part,
      { title: TEXT.about },
      h(Facts, {
        of: [
          ["Event", h(Id, { id: delivery.event_id })],
          ["Publisher", delivery.publisher ?? "–"],
          ["Hook", a({ href: href("/hooks", { id: delivery.hook_id }) }, code(null, delivery.hook_id))],
          ["Receiver", code(null, delivery.url)],
          ["Made", h(When, { at: delivery.made_at, whole: true })],
          ["Next try", h(When, { at: delivery.next_attempt_at, whole: true })],
          ["Last error", delivery.last_error ?? "–"],
        ],
      }),
    ),
    h(Part, { title: TEXT.attempts }, h(Attempts, { attempts: delivery.attempt_log })),
    action && h(Question, { delivery, action, close: () => setAction(null), done: reload }),
  ];
}

/** @param {ScreenProps} props */
export default function DeliveryScreen({ params }) {
  const id = params["id"] ?? "";
  const delivery = useResource(id, (signal) => api.get("/api/v1/deliveries/{id}", { params: { id }, signal }));
  useLive(delivery.data?.status === "pending" ? { kinds: TRAFFIC } : null, ({ event, data }) => {
    if (event === "delivery" && data.id === id) delivery.reload();
  });
  useNeighbours();
  useCommands({ path: "/api/v1/deliveries/{id}", params: { id }, command: command(["delivery", "show", id]) });
  return [
    !delivery.data && h(Head, { title: id }),
    loaded({ of: delivery, show: (data) => h(Shown, { delivery: data, reload: delivery.reload }) }),
  ];
}
