// The rows of the tail: one form for all kinds, a limit, and what is held back during a pause.

/** @import { Row } from "../../base/live.js" */
/**
 * @typedef {object} Line
 * @property {string} id @property {string} kind @property {string} at @property {string} name
 * @property {string} from @property {string} to @property {string} outcome @property {number | null} ms
 * @property {string | null} screen @property {string} note
 *
 * @typedef {{ lines: Line[], held: Line[], missed: number, count: number }} Tail
 */

/** Rows that are kept. */
export const MOST = 2000;

/** @type {Tail} */
export const EMPTY = { lines: [], held: [], missed: 0, count: 0 };

/** @param {Row} row @param {number} count @returns {Line | null} */
export function lineOf({ event, data }, count) {
  const line = {
    id: String(count),
    kind: event,
    at: data.at ?? data.time ?? "",
    name: "",
    from: "",
    to: "",
    outcome: "",
    ms: null,
    screen: null,
    note: "",
  };
  switch (event) {
    case "event":
      return {
        ...line,
        name: data.name,
        from: data.publisher,
        outcome: data.deliveries > 0 ? `${data.deliveries} to deliver` : "no receiver",
        screen: `/events/${data.id}`,
        note: data.via ?? "",
      };
    case "delivery":
      return {
        ...line,
        name: data.event_name ?? data.event_id,
        from: data.publisher ?? "",
        to: data.app,
        outcome: data.status,
        ms: data.attempt?.ms ?? data.last_ms ?? null,
        screen: `/deliveries/${data.id}`,
        note: [data.attempt && `try ${data.attempt.n}`, data.attempt?.status ?? data.attempt?.error]
          .filter(Boolean)
          .join(" · "),
      };
    case "exchange":
      return {
        ...line,
        name: data.event_type,
        from: data.sender,
        to: data.recipient,
        outcome: data.status,
        ms: data.ms ?? null,
        screen: `/exchanges/${data.exchange_id}`,
        note: data.error_code ?? "",
      };
    case "audit":
      return {
        ...line,
        name: data.action,
        from: data.who?.name ?? "",
        to: data.object?.id ?? "",
        outcome: "done",
        note: data.note ?? "",
      };
    case "log":
      return {
        ...line,
        name: data.text ?? data.line ?? "",
        from: data.app ?? "",
        outcome: data.stream ?? "",
        note: "",
      };
    default:
      return null;
  }
}

/** @param {Tail} tail @param {Row} row @param {boolean} paused @returns {Tail} */
export function add(tail, row, paused) {
  if (row.event === "gap") return { ...tail, missed: tail.missed + (row.data.n ?? 0) };
  const line = lineOf(row, tail.count);
  if (!line) return tail;
  const to = paused ? "held" : "lines";
  return { ...tail, count: tail.count + 1, [to]: [line, ...tail[to]].slice(0, MOST) };
}

/** @param {Tail} tail @returns {Tail} with what was held back */
export const release = (tail) => ({ ...tail, lines: [...tail.held, ...tail.lines].slice(0, MOST), held: [] });
