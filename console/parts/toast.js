// Short messages at the edge, and copying, which is told by one.
import { signal } from "../vendor/signals.js";
import { tags } from "../base/tags.js";
import { h } from "../vendor/preact.js";
import { Icon } from "./marks.js";

const { div, button, span } = tags;

/** @typedef {{ id: number, text: string, tone: "good" | "bad", action?: { text: string, run: () => void } }} Toast */

/** @type {import("../vendor/signals.js").Signal<Toast[]>} */
const toasts = signal([]);
let count = 0;

/** @param {string} text @param {Partial<Toast>} [more] */
export function toast(text, more = {}) {
  const id = (count += 1);
  toasts.value = [...toasts.value.slice(-2), { id, text, tone: "good", ...more }];
  // One with an action stays until it is closed: nobody should have to hurry.
  if (!more.action) setTimeout(() => close(id), 6000);
}

/** @param {number} id */
const close = (id) => (toasts.value = toasts.value.filter((one) => one.id !== id));

export const Toasts = () =>
  div(
    { class: "toasts", role: "status", "aria-live": "polite" },
    toasts.value.map(({ id, text, tone, action }) =>
      div(
        { key: id, class: `toast ${tone}` },
        span(null, text),
        action && button({ type: "button", onClick: () => (action.run(), close(id)) }, action.text),
        button(
          { type: "button", class: "quiet", "aria-label": "Close", onClick: () => close(id) },
          h(Icon, { name: "close" }),
        ),
      ),
    ),
  );

/** @param {string} text @param {string} what in the message, such as "Link" @param {boolean} [secret] then it is never shown */
export async function copy(text, what, secret = false) {
  try {
    await navigator.clipboard.writeText(text);
    toast(`${what} copied`);
  } catch {
    const rest = secret ? "Select the text and copy it by hand." : `${what}: ${text.slice(0, 200)}`;
    toast(`The browser does not allow copying here. ${rest}`, { tone: "bad" });
  }
}

/** A button that copies; a text that is long to make is made then. @param {{ text: string | (() => string), what: string, label?: string, secret?: boolean }} props */
export const Copy = ({ text, what, label, secret }) =>
  button(
    {
      type: "button",
      class: label ? "" : "quiet",
      title: `Copy ${what}`,
      onClick: () => copy(typeof text === "string" ? text : text(), what, secret),
    },
    h(Icon, { name: "copy" }),
    label ?? span({ class: "unseen" }, `Copy ${what}`),
  );
