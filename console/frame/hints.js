// The words of the search, shown while one is written.
import { tags } from "../base/tags.js";
import { terms } from "../parts/terms.js";

const { div, ul, li, button, code, span } = tags;

/** The words of the grammar, with what they mean. @type {[string, string, string?][]} */
const HINTS = [
  ["app:", "who sent it"],
  ["to:", "who receives it"],
  ["name:", "its name; * stands for anything", "name:order-*"],
  ["status:", "pending, delivered, unanswered, dead, cancelled", "status:dead"],
  ["code:", "HTTP status of the last answer", "code:503"],
  ["error:", "part of the last error", "error:timeout"],
  ["since:", "2h, 15m, 3d, 10:00 or a date", "since:2h"],
  ["until:", "the same"],
  ["body.", "a member of the body", "body.order.id:42"],
  ["took:", "how long it took", "took:>2s"],
  ["via:", "api, page, function, system, console", "via:page"],
  ["trace:", "a trace id"],
  ["test:", "true or false", "test:false"],
];

/** The hints for the term that is being written. @param {string} text */
export function hintsFor(text) {
  const last = /\s$/.test(text) ? "" : (terms(text).at(-1) ?? "");
  const begun = last.replace(/^-/, "");
  if (begun.includes(":")) return [];
  return HINTS.filter(([key]) => key.startsWith(begun));
}

/** The text with its last term completed. @param {string} text @param {string} key */
export function completed(text, key) {
  const all = terms(text);
  const last = /\s$/.test(text) ? "" : (all.pop() ?? "");
  return [...all, (last.startsWith("-") ? "-" : "") + key].join(" ");
}

/** @param {{ text: string, take: (completed: string) => void }} props */
export function Hints({ text, take }) {
  const hints = hintsFor(text);
  if (hints.length === 0) return null;
  return div(
    { class: "hints" },
    ul(
      null,
      hints.map(([key, meaning, example]) =>
        li(
          { key },
          button(
            { type: "button", onClick: () => take(completed(text, key)) },
            code(null, key),
            span(null, meaning),
            example && code({ class: "soft" }, example),
          ),
        ),
      ),
    ),
  );
}
