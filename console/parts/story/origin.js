// Where an event or an exchange comes from, and what it caused.
import { h } from "../../vendor/preact.js";
import { tags } from "../../base/tags.js";
import { href, place } from "../../base/url.js";
import { Facts } from "../head.js";
import { screenOfId } from "../../base/screens.js";
import { Copy } from "../toast.js";
import { When } from "../when.js";

const { a, code, span, ul, li, b } = tags;

/** @import { ComponentChildren } from "../../vendor/preact.js" */
/** @import { Effect, Origin as From } from "../../shapes.js" */

/** An id as a link to its screen (unless this is it), with a copy button. @param {{ id: string }} props */
export function Id({ id }) {
  const to = screenOfId(id) === place.value.path ? null : screenOfId(id);
  return span(
    { class: "id" },
    to ? a({ href: href(to) }, code(null, id)) : code(null, id),
    h(Copy, { text: id, what: "id" }),
  );
}

/** @param {{ origin: From, trace: string | null | undefined }} props */
export function Origin({ origin, trace }) {
  /** @type {[string, ComponentChildren][]} */
  const facts = [
    ["Came by", origin.via ?? "–"],
    ["Page event", origin.page_event ? code(null, origin.page_event) : "–"],
    ["Caused by", origin.cause ? [`${origin.cause.kind} `, h(Id, { id: origin.cause.id })] : "–"],
    ["App version", origin.app_version ?? "–"],
    ["Test", origin.test ? "yes: receivers see the header Footbridge-Test" : "no"],
    [
      "Trace",
      trace
        ? [code(null, trace), " ", a({ href: href("/events", { q: `trace:${trace}` }) }, "all of this trace")]
        : "–",
    ],
  ];
  return h(Facts, { of: facts });
}

/** @param {{ effects: Effect[] }} props */
export const Effects = ({ effects }) =>
  effects.length === 0
    ? span({ class: "soft" }, "It caused nothing else that the server knows of.")
    : ul(
        { class: "plain" },
        effects.map((one) =>
          li({ key: one.id }, h(When, { at: one.at }), ` ${one.kind} `, b(null, one.name), " ", h(Id, { id: one.id })),
        ),
      );
