// Who got an event, who did not and why, each with what mends it.
import { h } from "../../vendor/preact.js";
import { useState } from "../../vendor/hooks.js";
import { call } from "../../base/api.js";
import { tags } from "../../base/tags.js";
import { href } from "../../base/url.js";
import { curl } from "../commands.js";
import { Ask } from "../dialog.js";
import { Part } from "../head.js";
import { Mark, toneOf } from "../marks.js";
import { toast } from "../toast.js";
import { When } from "../when.js";
import { byVerdict, MOST_RECEIVERS, split } from "./model.js";

const { ul, li, b, span, a, button, p, code, details, summary } = tags;

/** @import { Fix, Receiver } from "../../shapes.js" */

/**
 * What mends it: a link to a screen, or an operation after a question.
 * @param {{ fix: Fix, done: () => void, asked?: (() => void) | undefined }} props
 */
export function Mend({ fix, done, asked }) {
  const [asking, setAsking] = useState(false);
  const { operation, screen } = fix;
  if (!operation)
    return screen ? a({ class: "button small", href: href(screen) }, fix.text) : span({ class: "soft" }, fix.text);
  const act = async () => {
    await call(operation.method, operation.path, operation.body === undefined ? {} : { body: operation.body });
    toast(`Done: ${fix.text}`);
    done();
  };
  return [
    button({ type: "button", class: "small", onClick: () => (asked?.(), setAsking(true)) }, `${fix.text}…`),
    asking &&
      h(
        Ask,
        { title: fix.text, action: fix.text, act, close: () => setAsking(false) },
        p(null, "This changes the server at once:"),
        code({ class: "command" }, curl(operation)),
      ),
  ];
}

/** What a list of receivers can do. @typedef {{ done: () => void, asked?: (() => void) | undefined }} Acts */

/** @param {{ receiver: Receiver } & Acts} props */
function Line({ receiver, done, asked }) {
  const { delivery, hook, got } = receiver;
  const tone = got ? "good" : delivery ? toneOf(delivery.status) : "none";
  const changed = receiver.then.code !== receiver.now.code;
  return li(
    { class: `receiver ${got ? "got" : ""}` },
    h(Mark, { tone }),
    b(null, receiver.app),
    span(
      { class: "why" },
      receiver.why,
      receiver.since && span({ class: "soft" }, " since ", h(When, { at: receiver.since })),
      changed && span({ class: "soft" }, ` ${receiver.changed ?? `Now: ${receiver.now.text}`}`),
    ),
    span(
      { class: "row tight" },
      delivery &&
        a(
          { href: href(`/deliveries/${delivery.id}`) },
          delivery.attempts === 1 ? "1 try" : `${delivery.attempts} tries`,
        ),
      hook &&
        a({ href: href("/hooks", { id: hook.id }), title: `${hook.publisher}/${hook.event} → ${hook.route}` }, "hook"),
      receiver.fix && h(Mend, { fix: receiver.fix, done, asked }),
    ),
  );
}

/** @param {{ receivers: Receiver[] } & Acts} props */
const Lines = ({ receivers, ...acts }) =>
  receivers.length <= MOST_RECEIVERS
    ? ul(
        { class: "receivers" },
        receivers.map((one) => h(Line, { key: `${one.app} ${one.hook?.id}`, receiver: one, ...acts })),
      )
    : byVerdict(receivers).map((group) =>
        details(
          { key: group.text },
          summary(null, `${group.receivers.length} × ${group.text}`),
          ul(
            { class: "receivers" },
            group.receivers
              .slice(0, 200)
              .map((one) => h(Line, { key: `${one.app} ${one.hook?.id}`, receiver: one, ...acts })),
          ),
        ),
      );

/** @param {{ receivers: Receiver[] } & Acts} props `done` is called after a fix, `asked` when one is considered */
export function Receivers({ receivers, ...acts }) {
  const { got, due, not } = split(receivers);
  const count = (/** @type {Receiver[]} */ list) => span({ class: "soft" }, String(list.length));
  return [
    h(
      Part,
      { title: "Who got it", aside: count(got) },
      got.length > 0 ? h(Lines, { receivers: got, ...acts }) : p({ class: "soft" }, "Nobody so far."),
    ),
    due.length > 0 && h(Part, { title: "Who still waits", aside: count(due) }, h(Lines, { receivers: due, ...acts })),
    not.length > 0 && h(Part, { title: "Who did not, and why", aside: count(not) }, h(Lines, { receivers: not, ...acts })),
  ];
}
