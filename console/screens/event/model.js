// The parts of an event that its screen shows.
import { memberText } from "../../parts/payload/parse.js";

/** @import { EventDetail } from "../../shapes.js" */
/** @typedef {{ event: EventDetail, body: string | null }} Known */

/** The event, and its body exactly as it was published. @param {string} text @returns {Known} */
export function knownEvent(text) {
  const event = JSON.parse(text);
  const body = memberText(text, "body");
  return { event, body: body === "null" && event.headers === null ? null : body };
}
