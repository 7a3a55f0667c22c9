// A time in the chosen zone. The pointer shows the other two; copying it gives RFC 3339.
import { tags } from "../base/tags.js";
import { clock, full, span, stamp, zone, ZONES } from "../base/time.js";

const { time, span: text } = tags;

/** @param {{ at: string | null | undefined, whole?: boolean, empty?: string }} props */
export function When({ at, whole = false, empty = "–" }) {
  if (!at) return text({ class: "soft" }, empty);
  const now = zone.value === "ago" ? clock.value : Date.now();
  const others = ZONES.filter((other) => other !== zone.value).map((other) => full(at, other, now));
  return time(
    { dateTime: at, title: others.join("\n") },
    whole ? full(at, zone.value, now) : stamp(at, zone.value, now),
  );
}

/** A length of time. @param {{ ms: number | null | undefined }} props */
export const Span = ({ ms }) => (ms === null || ms === undefined ? text({ class: "soft" }, "–") : text(null, span(ms)));

/** @param {ClipboardEvent} event */
function copyRfc(event) {
  const selection = document.getSelection();
  const start = selection?.anchorNode?.parentElement?.closest("time");
  if (!start || start !== selection?.focusNode?.parentElement?.closest("time")) return;
  event.clipboardData?.setData("text/plain", start.dateTime);
  event.preventDefault();
}

/** Lets a copied time be a machine's time. */
export const copyTimes = () => document.addEventListener("copy", copyRfc);
