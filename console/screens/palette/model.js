// What the palette finds, and in which order.
import { screenOfId } from "../../base/screens.js";
import { quoted } from "../../parts/terms.js";

/** How well a text fits what was typed; 0 is not at all. @param {string} text @param {string} typed */
export function fit(text, typed) {
  const [has, wanted] = [text.toLowerCase(), typed.trim().toLowerCase()];
  if (wanted === "") return 1;
  if (has.startsWith(wanted)) return 4;
  if (has.split(/[\s-]/).some((word) => word.startsWith(wanted))) return 3;
  if (has.includes(wanted)) return 2;
  return wanted.split(/\s+/).every((word) => has.includes(word)) ? 1 : 0;
}

/**
 * @template {{ title: string, words?: string }} C
 * @param {C[]} choices @param {string} typed @returns {C[]} the best first; equals keep their order
 */
export function best(choices, typed) {
  const rated = choices.map((choice) => ({
    choice,
    fit: Math.max(fit(choice.title, typed), Math.min(2, fit(choice.words ?? "", typed))),
  }));
  return rated
    .filter((one) => one.fit > 0)
    .sort((a, b) => b.fit - a.fit)
    .map((one) => one.choice);
}

/** Where something leads that the server found. @param {import("../../shapes.js").Found} found */
export function screenOfFound({ kind, id }) {
  if (kind === "app") return `/apps/${encodeURIComponent(id)}`;
  if (kind === "name") return `/events?q=${encodeURIComponent(`name:${quoted(id)}`)}`;
  return screenOfId(id) ?? "/";
}
