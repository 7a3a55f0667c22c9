// Answers for whole screens: full, empty, failed, or with texts everywhere that try to be more than texts.
import { attention, checks, HOSTILE, now, series, story } from "./answers.js";
import { setupAnswer } from "./setup-answers.js";

/** The prepared answer of an operation, if there is one. @param {string} method @param {URL} url */
export function prepared(method, url) {
  const { pathname, searchParams } = url;
  if (pathname === "/api/v1/stats/now") return now;
  if (pathname === "/api/v1/attention") return attention;
  if (pathname === "/api/v1/stats/series") return series(searchParams);
  if (/\/events\/\w+\/story$/.test(pathname)) return story;
  if (/\/exchanges\/\w+\/story$/.test(pathname)) return { ...story, checks };
  return setupAnswer(method, url);
}

const NOTHING = {
  ...now,
  rates: { page: 0, publish: 0, exchange: 0 },
  first_try_ok: null,
  p50_ms: null,
  p95_ms: null,
  account: { accepted: 0, pending: 0, delivered: 0, unanswered: 0, dead: 0, cancelled: 0 },
  lanes: { waiting: 0, standing: 0, paused: 0 },
  apps: [],
};

/** Lists of a server that has nothing yet. An object that is asked for by its name is there. @param {string} method @param {URL} url */
export function empty(method, url) {
  if (url.pathname === "/api/v1/stats/now") return NOTHING;
  const answer = prepared(method, url);
  if (answer) {
    const members = Object.entries(answer).map(([name, value]) => [name, Array.isArray(value) ? [] : value]);
    const none = Object.fromEntries(members);
    return "matched" in none
      ? { ...none, matched: 0, apps: 0, oldest: null }
      : "next" in none
        ? { ...none, next: null }
        : none;
  }
  const lists = /^\/api\/v1\/(apps|events|deliveries|exchanges|hooks|links|views|search|jobs)$/;
  return method === "GET" && lists.test(url.pathname) ? { data: [], next: null } : undefined;
}

export const FAILED = {
  code: "internal",
  title: "Internal error",
  detail: "The server failed to answer. This is prepared by a test.",
  status: 500,
};

/** Members whose value is one of a few words, an id, a time or an address, and not a text of somebody. */
const FIXED =
  /^(id|at|.*_at|.*_id|time|since|until|status|state|kind|level|outcome|way|via|unit|metric|method|type|where|path|screen|recover|source|next|cursor|code|then|now|expires_at|protocol)$/;
const WORDS = HOSTILE.map((text) => text.replaceAll("\u0000", "\\0").toWellFormed?.() ?? text);

/** Makes a value hostile: every text of somebody becomes one that tries to be more, in turn. @param {unknown} value @param {{ n: number }} turn @param {string} [name] */
export function hostile(value, turn, name = "") {
  if (typeof value === "string")
    return FIXED.test(name) || /^\d{4}-\d\d-\d\dT/.test(value) ? value : WORDS[turn.n++ % WORDS.length];
  if (Array.isArray(value)) return value.map((one) => hostile(one, turn, name));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, hostile(one, turn, key)]));
}
