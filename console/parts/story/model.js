// The drawing of a story: which lane each part has, and what each step says.

/** @import { Participant, Receiver, Step, Story } from "../../shapes.js" */

/** Above this many lanes the last ones share one. */
const MOST_LANES = 9;
/** Above this many receivers they are shown by outcome. */
export const MOST_RECEIVERS = 50;

/**
 * @typedef {{ name: string, kind: string, state: string | null }} Lane
 * @typedef {object} Row
 * @property {Step} step @property {number} from @property {number} to lanes
 * @property {number} after milliseconds since the first step
 * @property {string} sentence the same in words
 */

/** @type {Record<string, string>} */
const KINDS = { page: "page", host: "host page", server: "server", app: "back end" };

/** @param {Participant[]} participants @returns {{ lanes: Lane[], place: Map<string, number> }} */
export function lanesOf(participants) {
  const all = participants.map(({ name, kind, state }) => ({ name, kind: KINDS[kind] ?? kind, state: state ?? null }));
  const rest = all.length > MOST_LANES ? all.length - MOST_LANES + 1 : 0;
  const lanes =
    rest > 0 ? [...all.slice(0, MOST_LANES - 1), { name: `${rest} more`, kind: "back ends", state: null }] : all;
  return { lanes, place: new Map(participants.map((one, n) => [one.id, Math.min(n, lanes.length - 1)])) };
}

/** @param {Story} story @returns {Row[]} */
export function rowsOf(story) {
  const { place } = lanesOf(story.participants);
  const names = new Map(story.participants.map((one) => [one.id, `${one.name} (${KINDS[one.kind] ?? one.kind})`]));
  const first = Math.min(...story.steps.map((step) => Date.parse(step.at)));
  return story.steps.map((step) => {
    const from = names.get(step.from) ?? step.from;
    const to = names.get(step.to) ?? step.to;
    return {
      step,
      from: place.get(step.from) ?? 0,
      to: place.get(step.to) ?? 0,
      after: Date.parse(step.at) - first,
      sentence: from === to ? from : `${from} to ${to}`,
    };
  });
}

/** Where a step stands on the time axis, in shares of the whole. @param {Row[]} rows */
export function timeline(rows) {
  const end = Math.max(1, ...rows.map((row) => row.after + (row.step.ms ?? 0)));
  return rows.map((row) => ({ row, start: row.after / end, length: Math.max(0.004, (row.step.ms ?? 0) / end) }));
}

/** @param {Receiver[]} receivers */
export const split = (receivers) => ({
  got: receivers.filter((one) => one.got),
  due: receivers.filter((one) => !one.got && one.delivery?.status === "pending"),
  not: receivers.filter((one) => !one.got && one.delivery?.status !== "pending"),
});

/** Receivers with the same verdict together, the most first. @param {Receiver[]} receivers */
export function byVerdict(receivers) {
  /** @type {Map<string, { text: string, receivers: Receiver[] }>} */
  const groups = new Map();
  for (const one of receivers) {
    const group = groups.get(one.now.code) ?? { text: one.now.text, receivers: [] };
    group.receivers.push(one);
    groups.set(one.now.code, group);
  }
  return [...groups.values()].sort((a, b) => b.receivers.length - a.receivers.length);
}

/** @param {Step["outcome"]} outcome @returns {import("../marks.js").Tone} */
export const toneOfStep = (outcome) =>
  /** @type {const} */ ({ ok: "good", failed: "bad", waiting: "wait", skipped: "none" })[outcome] ?? "none";
