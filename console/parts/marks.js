// Drawings of 12 to 16 units. A status is a shape, a word and a colour, so that it can be read without any one of them;
// an icon takes the colour of the text and is never the only sign of anything.
import { h } from "../vendor/preact.js";
import { tags } from "../base/tags.js";

const { span, svg, path, circle } = tags;

/** @typedef {"good" | "bad" | "wait" | "open" | "none"} Tone */

/** @type {Record<Tone, () => import("../vendor/preact.js").VNode>} */
const SHAPES = {
  good: () => circle({ cx: 6, cy: 6, r: 4.5, class: "fill" }),
  bad: () => path({ d: "M2.5 2.5l7 7M9.5 2.5l-7 7", class: "line" }),
  wait: () => path({ d: "M6 1.5L11 10.5H1z", class: "fill" }),
  open: () => circle({ cx: 6, cy: 6, r: 4, class: "line" }),
  none: () => path({ d: "M2 6h8", class: "line" }),
};

/** @type {Record<string, Tone>} */
const TONES = {
  delivered: "good",
  answered: "good",
  ok: "good",
  done: "good",
  info: "open",
  running: "wait",
  pending: "wait",
  waiting: "wait",
  warning: "wait",
  queued: "wait",
  paused: "wait",
  standing: "bad",
  dead: "bad",
  failed: "bad",
  error: "bad",
  unanswered: "open",
  cancelled: "none",
  skipped: "none",
  stopped: "none",
  off: "none",
};

/** @param {string} word */
export const toneOf = (word) => TONES[word] ?? "none";

/** @param {{ tone: Tone }} props */
export const Mark = ({ tone }) =>
  svg({ class: `mark ${tone}`, viewBox: "0 0 12 12", "aria-hidden": "true" }, SHAPES[tone]());

/** @param {{ word: string, tone?: Tone, text?: string }} props */
export const Status = ({ word, tone = toneOf(word), text = word }) =>
  span({ class: `status ${tone}` }, h(Mark, { tone }), text);

/** How many of an event's deliveries have each status. @param {{ counts: Record<string, number> | undefined, total?: number }} props */
export function Counts({ counts, total = 0 }) {
  const known = Object.entries(counts ?? {}).filter(([, n]) => n > 0);
  if (known.length === 0) return span({ class: "soft" }, total > 0 ? `${total}` : "nobody");
  return span(
    { class: "counts" },
    known.map(([word, n]) =>
      span(
        { key: word, class: `status ${toneOf(word)}`, title: `${n} ${word}` },
        h(Mark, { tone: toneOf(word) }),
        n,
        span({ class: "unseen" }, ` ${word}`),
      ),
    ),
  );
}

/** The way that an event took. @param {{ way: string | null | undefined }} props */
export const Way = ({ way }) => (way ? span({ class: "way", "data-way": way }, way) : null);

const LINES = {
  search: "M7 12a5 5 0 1 0 0-10 5 5 0 0 0 0 10zM10.6 10.6 14 14",
  menu: "M2 4h12M2 8h12M2 12h12",
  close: "M4 4l8 8M12 4l-8 8",
  copy: "M6 6h7v8H6zM10 6V2H3v8h3",
  down: "M4 6l4 4 4-4",
  right: "M6 4l4 4-4 4",
  left: "M10 4L6 8l4 4",
  more: "M3.5 8h.01M8 8h.01M12.5 8h.01",
  open: "M9 3h4v4M13 3L7 9M11 9v4H3V5h4",
  save: "M8 2v8M4.5 6.5 8 10l3.5-3.5M3 13h10",
  again: "M13 8a5 5 0 1 1-1.6-3.7M13 2v3h-3",
  pause: "M5.5 3v10M10.5 3v10",
  play: "M5 3l8 5-8 5z",
  sun: "M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1",
  moon: "M13.5 9.5A6 6 0 0 1 6.5 2.5a6 6 0 1 0 7 7z",
  half: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 2v12",
  person: "M8 8a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM2.5 14c.5-3 2.6-4 5.5-4s5 1 5.5 4",
  code: "M5 4L1.5 8 5 12M11 4l3.5 4L11 12",
  clock: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 5v3.5l2 1.5",
  plus: "M8 3v10M3 8h10",
};

/** @typedef {keyof typeof LINES} IconName */

/** @param {{ name: IconName }} props */
export function Icon({ name }) {
  return svg({ class: "icon", viewBox: "0 0 16 16", "aria-hidden": "true" }, path({ d: LINES[name] }));
}
