// What is sent from the form, and the same for scripts.
import { Problem } from "../../parts/kit.js";
import { memberText } from "../../parts/payload/parse.js";

/** @import { Values } from "../../parts/form.js" */

/** The value of a JSON text. Throws a problem that says where it is wrong. @param {string} text */
export function parsed(text) {
  try {
    return JSON.parse(text);
  } catch (error) {
    const detail = `The body is no JSON: ${/** @type {Error} */ (error).message}`;
    throw new Problem({ code: "invalid_body", title: "Not JSON", detail, status: 0 });
  }
}

/** The JSON text of an object, with a last member that is sent as it was written. @param {object} object @param {string} name @param {string | undefined} text */
export function withRaw(object, name, text) {
  const written = JSON.stringify(object);
  if (!text?.trim()) return written;
  parsed(text);
  return `${written.slice(0, -1)}${written === "{}" ? "" : ","}"${name}":${text.trim()}}`;
}

/** Headers written one a line, as `name: value`. @param {string} text @returns {Record<string, string>} */
export const headersOf = (text) =>
  Object.fromEntries(
    text.split("\n").flatMap((line) => {
      const place = line.indexOf(":");
      return place > 0 ? [[line.slice(0, place).trim(), line.slice(place + 1).trim()]] : [];
    }),
  );

/** The request of `POST events`. @param {Values} values */
export function eventOf({ app, name, body, headers, subscribers, test }) {
  const own = headersOf(headers ?? "");
  const to = (subscribers ?? "").split(/[\s,]+/).filter(Boolean);
  const event = {
    app,
    name,
    ...(Object.keys(own).length > 0 && { headers: own }),
    ...(to.length > 0 && { subscribers: to }),
    test: test === "true",
  };
  return withRaw(event, "body", body);
}

/** The request of `POST exchanges`. @param {Values} values */
export const exchangeOf = ({ direction, app, to, body, test }) =>
  withRaw({ direction, app, ...(to && { to }), test: test === "true" }, "body", body || "{}");

/** The event of the bridge with its parts. `null` if it is none. @param {string | undefined} body */
export function partsOf(body = "") {
  try {
    const type = JSON.parse(body).event_type;
    return typeof type === "string" ? { type, payload: memberText(body, "payload") ?? "{}" } : null;
  } catch {
    return null;
  }
}

/** The form's values for another event like this one. @param {{ publisher: string, name: string }} event @param {string | null} body as it was written @returns {Values} */
export function like({ publisher, name }, body) {
  return { app: publisher, name, ...(body && { body: indented(body) }) };
}

/** The text with indentation, if that changes no value. @param {string} body */
function indented(body) {
  if (body.length > 100_000) return body;
  const value = JSON.parse(body);
  return JSON.stringify(value) === body ? JSON.stringify(value, null, 2) : body;
}
