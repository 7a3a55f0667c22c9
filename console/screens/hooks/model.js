// What hooks and their lanes say, and what their forms send.

/** @import { Hook } from "../../shapes.js" */
/** @import { Values } from "../../parts/form.js" */

export const STATES = /** @type {const} */ (["standing", "waiting", "paused", "off", "moving", "idle"]);

/** @param {Hook} hook */
export const pattern = (hook) => `${hook.publisher}/${hook.event}`;

/** The body of a new hook. @param {Values} values @returns {Record<string, unknown>} */
export const newHook = ({ app, pattern, route, type, answer, ordered, in_flight }) => ({
  app,
  pattern,
  route,
  ...(type && { type }),
  ...(answer && { answer }),
  ...(ordered === "true" && { ordered: true }),
  ...(in_flight && ordered !== "true" && { in_flight: Number(in_flight) }),
});

/** What differs between the hook and the form. @param {Hook} hook @param {Values} values */
export function changes(hook, values) {
  const ordered = values["ordered"] === "true";
  const most = Number(values["in_flight"] || 0);
  return {
    ...(values["route"] !== hook.route && { route: values["route"] }),
    ...(ordered !== Boolean(hook.ordered) && { ordered }),
    ...(!ordered && most > 0 && most !== hook.in_flight && { in_flight: most }),
    ...(values["answer"] && values["answer"] !== (hook.answer ?? "required") && { answer: values["answer"] }),
  };
}
