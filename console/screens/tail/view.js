// The tail: events, attempts, exchanges, logs and changes as they happen. The server applies the filter.
import { h } from "../../vendor/preact.js";
import { useEffect, useRef, useState } from "../../vendor/hooks.js";
import { useKeys } from "../../base/keys.js";
import { TRAFFIC, useLive } from "../../base/live.js";
import { tags } from "../../base/tags.js";
import { span } from "../../base/time.js";
import { href, setQuery } from "../../base/url.js";
import { useCommands } from "../../parts/commands.js";
import { Head } from "../../parts/head.js";
import { rowTable } from "../../parts/table.js";
import { Fault } from "../../parts/states.js";
import { Status } from "../../parts/marks.js";
import { When } from "../../parts/when.js";
import { add, EMPTY, release } from "./model.js";
import { KINDS, TEXT } from "./text.js";

const { div, button, label, input, a, p, b, span: text } = tags;

/** @import { Column } from "../../parts/table.js" */
/** @import { Line, Tail } from "./model.js" */
/** @import { Row } from "../../base/live.js" */
/** @import { ScreenProps } from "../../base/screens.js" */

/** Rows that are drawn; the others are kept. */
const DRAWN = 300;

/** @type {Column<Line>[]} */
const COLUMNS = [
  { title: "Time", kind: "id", cell: (row) => h(When, { at: row.at }) },
  { title: "Kind", minor: true, cell: (row) => text({ class: "way", "data-way": row.kind }, row.kind) },
  {
    title: "Name",
    kind: "wide",
    cell: (row) => (row.screen ? a({ class: "row-link", href: href(row.screen) }, row.name) : b(null, row.name)),
  },
  { title: "From", cell: (row) => row.from },
  { title: "To", cell: (row) => row.to },
  {
    title: "Outcome",
    cell: (row) => [h(Status, { word: row.outcome }), row.note && text({ class: "soft" }, ` ${row.note}`)],
  },
  { title: "Took", kind: "number", minor: true, cell: (row) => (row.ms === null ? "" : span(row.ms)) },
];

/** Collects rows for a short while, so that a burst is drawn once. @param {boolean} paused */
function useTail(paused) {
  const [tail, setTail] = useState(/** @type {Tail} */ (EMPTY));
  const waiting = useRef(/** @type {Row[]} */ ([]));
  const timer = useRef(0);
  const latest = useRef(paused);
  latest.current = paused;
  useEffect(() => () => clearTimeout(timer.current), []);
  /** @param {Row} row */
  const take = (row) => {
    waiting.current.push(row);
    timer.current ||= window.setTimeout(() => {
      timer.current = 0;
      const rows = waiting.current.splice(0);
      setTail((old) => rows.reduce((all, one) => add(all, one, latest.current), old));
    }, 150);
  };
  return { tail, setTail, take };
}

/** @param {ScreenProps} props */
export default function TailScreen({ query }) {
  const [paused, setPaused] = useState(false);
  const [problem, setProblem] = useState(/** @type {import("../../base/api.js").Problem | undefined} */ (undefined));
  const { tail, setTail, take } = useTail(paused);
  const kinds = query["kinds"] ?? TRAFFIC;
  const q = query["q"] ?? "";
  useLive({ kinds, ...(q && { q }) }, take, (_, told) => setProblem(told));
  const turn = () => {
    if (paused) setTail(release);
    setPaused(!paused);
  };
  useKeys({
    " ": (event) =>
      event.target instanceof HTMLButtonElement || event.target instanceof HTMLInputElement ? false : turn(),
  });
  useCommands({ path: "/api/v1/tail", query: { kinds, q } });
  /** @param {string} kind @param {boolean} on */
  const choose = (kind, on) => {
    const chosen = KINDS.filter((one) => (one === kind ? on : kinds.split(",").includes(one)));
    if (chosen.length > 0) setQuery({ kinds: chosen.join(",") }, { replace: true });
  };
  return [
    h(
      Head,
      { title: TEXT.title, sub: TEXT.sub },
      button(
        { type: "button", "aria-pressed": paused, onClick: turn },
        paused ? `${TEXT.go} (${tail.held.length})` : TEXT.pause,
      ),
      button({ type: "button", onClick: () => setTail(EMPTY) }, TEXT.clear),
      a({ class: "button", href: href("/events", { q }) }, TEXT.search),
    ),
    div(
      { class: "row", role: "group", "aria-label": "Kinds of rows" },
      KINDS.map((kind) =>
        label(
          { key: kind, class: "check" },
          input({
            type: "checkbox",
            checked: kinds.split(",").includes(kind),
            onChange: (event) => choose(kind, event.currentTarget.checked),
          }),
          kind,
        ),
      ),
    ),
    problem && h(Fault, { problem }),
    tail.missed > 0 &&
      p(
        { class: "gap", role: "status" },
        `${tail.missed.toLocaleString("en")} rows not shown: more than 200 a second came.`,
      ),
    tail.lines.length === 0
      ? p({ class: "calm soft" }, TEXT.waiting)
      : rowTable({ caption: TEXT.title, columns: COLUMNS, rows: tail.lines.slice(0, DRAWN), id: (row) => row.id }),
    tail.lines.length > DRAWN &&
      p({ class: "soft" }, `${tail.lines.length - DRAWN} older rows are kept but not drawn. A search finds all.`),
  ];
}
