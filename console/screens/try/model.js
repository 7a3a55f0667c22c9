// What is sent from the form, and the same for scripts.
import { Problem } from "../../parts/kit.js";

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

/** Headers written one a line, as `name: value`. @param {string} text @returns {Record<string, string>} */
export const headersOf = (text) =>
  Object.fromEntries(
    text.split("\n").flatMap((line) => {
      const place = line.indexOf(":");
      return place > 0 ? [[line.slice(0, place).trim(), line.slice(place + 1).trim()]] : [];
    }),
  );

/** The body of `POST events`. @param {Values} values */
export function eventOf({ app, name, body, headers, subscribers, test }) {
  const own = headersOf(headers ?? "");
  const to = (subscribers ?? "").split(/[\s,]+/).filter(Boolean);
  return {
    app,
    name,
    ...(body && { body: parsed(body) }),
    ...(Object.keys(own).length > 0 && { headers: own }),
    ...(to.length > 0 && { subscribers: to }),
    test: test === "true",
  };
}

/** The body of `POST exchanges`. @param {Values} values */
export const exchangeOf = ({ direction, app, to, body, test }) => ({
  direction,
  app,
  ...(to && { to }),
  body: parsed(body || "{}"),
  test: test === "true",
});

/** The form's values for another event like this one. @param {{ publisher: string, name: string }} event @param {string | null} body as it was written @returns {Values} */
export function like({ publisher, name }, body) {
  return {
    app: publisher,
    name,
    ...(body && { body: body.length > 100_000 ? body : JSON.stringify(JSON.parse(body), null, 2) }),
  };
}
