// Rows as they happen: one stream for each filter and browser, however many tabs are open. The tab that holds the lock
// reads the stream and passes rows on to the others; a hidden tab takes no part.
import { useEffect, useRef } from "../vendor/hooks.js";
import { signal } from "../vendor/signals.js";
import { address, asProblem, events, Problem, problemOf } from "./api.js";
import { base } from "./url.js";

/** @typedef {{ event: string, data: any, id: string }} Row */
/** @typedef {{ q?: string, kinds: string }} Filter */
/** @typedef {"live" | "lost" | "refused"} State */
/** @typedef {(state: State, problem?: Problem) => void} OnState */

/** The state of the streams in this tab, for the sign in the frame. @type {import("../vendor/signals.js").Signal<"off" | State>} */
export const liveState = signal("off");

/** What most screens follow. The same kinds mean the same stream. */
export const TRAFFIC = "event,delivery,exchange";

/** True when the server has another version of the console than this page. */
export const outdated = signal(false);

/** The last row of each stream, from which it goes on after a break. @type {Map<string, string>} */
const lastRows = new Map();

/** Asks once which version the server has, after a break: it may have been upgraded. */
async function checkVersion() {
  const answer = await fetch(`${base}/`, { method: "HEAD" }).catch(() => null);
  const version = answer?.headers.get("footbridge-console");
  if (version && version !== document.documentElement.dataset["version"]) outdated.value = true;
}

/** Splits a stream into its messages. @param {ReadableStream<Uint8Array<ArrayBuffer>>} body @param {(row: Row) => void} tell */
export async function readStream(body, tell) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const blocks = (rest + value.replaceAll("\r", "")).split("\n\n");
    rest = blocks.pop() ?? "";
    for (const block of blocks) parse(block, tell);
  }
}

/** @param {string} block @param {(row: Row) => void} tell */
function parse(block, tell) {
  const row = { event: "message", data: "", id: "" };
  for (const line of block.split("\n")) {
    const [, name, value = ""] = /^(event|data|id): ?(.*)$/.exec(line) ?? [];
    if (name === "event" || name === "id") row[name] = value;
    if (name === "data") row.data += value;
  }
  if (!row.data) return;
  try {
    tell({ ...row, data: JSON.parse(row.data) });
  } catch {
    // A row that is no JSON is not shown: it cannot come from this server.
  }
}

/** Reads the stream until `signal` ends it, again after a break. @param {Filter} filter @param {AbortSignal} signal @param {{ row: (row: Row) => void, state: OnState }} told */
async function follow(filter, signal, told) {
  for (let wait = 500; !signal.aborted; wait = Math.min(wait * 2, 4000)) {
    try {
      /** @type {Record<string, string>} */
      const headers = { accept: "text/event-stream" };
      const last = lastRows.get(nameOf(filter));
      if (last) headers["last-event-id"] = last;
      const response = await fetch(address("/api/v1/tail", { query: { ...filter } }), { headers, signal });
      if (response.status === 401) return events.signedOut();
      if (!response.ok || !response.body) throw await problemOf(response);
      told.state("live");
      wait = 500;
      await readStream(response.body, told.row);
      told.state("lost");
    } catch (error) {
      if (signal.aborted) return;
      const problem = asProblem(error);
      const refused = problem.status >= 400 && problem.status < 500;
      told.state(refused ? "refused" : "lost", problem);
      if (refused) return;
    }
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
}

/** @param {Filter} filter */
const nameOf = ({ kinds, q = "" }) => `footbridge.tail ${kinds} ${q}`;

/** Takes part until `signal` ends it: as the reader if no other tab is, otherwise by listening. @param {Filter} filter @param {AbortSignal} signal @param {Parameters<typeof follow>[2]} told */
function takePart(filter, signal, told) {
  const name = nameOf(filter);
  if (!navigator.locks || !globalThis.BroadcastChannel) return void follow(filter, signal, told);
  const channel = new BroadcastChannel(name);
  channel.onmessage = ({ data: { row, state, problem } }) =>
    row ? told.row(row) : told.state(state, problem && new Problem(problem));
  signal.addEventListener("abort", () => channel.close());
  told.state("live");
  const toAll = {
    row: (/** @type {Row} */ row) => (channel.postMessage({ row }), told.row(row)),
    state: (/** @type {State} */ state, /** @type {Problem | undefined} */ problem) => {
      if (!signal.aborted) channel.postMessage({ state, problem: problem?.told });
      told.state(state, problem);
    },
  };
  navigator.locks.request(name, { signal }, () => follow(filter, signal, toAll)).catch(() => {});
}

/**
 * Calls `onRow` with each row while the tab is visible, and `onState` when the stream is live, lost or refused.
 * @param {Filter | null} filter @param {(row: Row) => void} onRow
 * @param {OnState} [onState]
 */
export function useLive(filter, onRow, onState) {
  const latest = useRef({ onRow, onState });
  latest.current = { onRow, onState };
  useEffect(() => {
    if (!filter) return;
    /** @type {AbortController | null} */
    let part = null;
    const told = {
      row: (/** @type {Row} */ row) => {
        if (row.id) lastRows.set(nameOf(filter), row.id);
        latest.current.onRow(row);
      },
      state: (/** @type {State} */ state, /** @type {Problem | undefined} */ problem) => {
        if (state === "live" && liveState.value === "lost") checkVersion();
        liveState.value = state;
        latest.current.onState?.(state, problem);
      },
    };
    const check = () => {
      if (document.hidden) {
        part?.abort();
        part = null;
      } else if (!part) {
        part = new AbortController();
        takePart(filter, part.signal, told);
      }
    };
    check();
    document.addEventListener("visibilitychange", check);
    return () => {
      document.removeEventListener("visibilitychange", check);
      part?.abort();
      liveState.value = "off";
    };
  }, [filter?.q, filter?.kinds]);
}
