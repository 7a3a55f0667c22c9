// The same as a command and as curl: what a screen shows can be had by a script.
import { h } from "../vendor/preact.js";
import { signal } from "../vendor/signals.js";
import { useEffect } from "../vendor/hooks.js";
import { address } from "../base/api.js";
import { base } from "../base/url.js";
import { tags } from "../base/tags.js";
import { Copy } from "./toast.js";

const { details, summary, div, pre, span } = tags;

/**
 * @typedef {object} Call
 * @property {string} [command] the command line, without `footbridge`
 * @property {string} path of the API @property {Record<string, string>} [params]
 * @property {import("../base/api-types.js").Options["query"]} [query]
 * @property {string} [method] @property {unknown} [body] @property {string} [text] the body as it is written
 * @property {string | null} [auth] the header with the credential; `null` for an operation without one
 */

/** What the screen tells of itself. @type {import("../vendor/signals.js").Signal<Call | null>} */
const told = signal(null);

/** Tells the foot of the page what this screen shows. @param {Call | null} call */
export function useCommands(call) {
  useEffect(() => {
    told.value = call;
    return () => {
      told.value = null;
    };
  }, [JSON.stringify(call)]);
}

/** A text as one word of a shell. @param {string} text */
export const quote = (text) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

const ADMIN = "Authorization: Bearer $FOOTBRIDGE_ADMIN_TOKEN";

/** @param {Call} call */
export function curl({ path, params, query, method = "GET", body, text = JSON.stringify(body), auth = ADMIN }) {
  const own = address(path, { ...(params && { params }), ...(query && { query }) }).slice(base.length);
  const words = ["curl"];
  if (method !== "GET") words.push("-X", method);
  if (auth) words.push(`-H "${auth}"`);
  if (text !== undefined) words.push("-H 'Content-Type: application/json'", "-d", quote(text));
  return `${words.join(" ")} "$FOOTBRIDGE_SERVER"${quote(own)}`;
}

/** A command line with its options. @param {string[]} words @param {Record<string, string | undefined>} [options] */
export function command(words, options = {}) {
  const given = Object.entries(options).flatMap(([name, value]) => (value ? [`--${name}`, quote(value)] : []));
  return ["footbridge", ...words.map(quote), ...given].join(" ");
}

/** @param {{ title: string, text: string }} props */
const Line = ({ title, text }) =>
  div({ class: "as" }, span({ class: "soft" }, title), pre({ tabIndex: 0 }, text), h(Copy, { text, what: title }));

export function Commands() {
  const call = told.value;
  if (!call) return null;
  return details(
    { class: "commands" },
    summary(null, "As a command, as curl"),
    call.command && h(Line, { title: "Command", text: call.command }),
    h(Line, { title: "curl", text: curl(call) }),
  );
}
