// A plot of a series: text is text, the arrow keys move the cursor, a table has the same numbers.
import { h } from "../vendor/preact.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { tags } from "../base/tags.js";
import { full, span as duration, tick, zone } from "../base/time.js";

const {
  figure,
  figcaption,
  svg,
  g,
  path,
  line,
  rect,
  text,
  div,
  span,
  details,
  summary,
  table,
  thead,
  tbody,
  tr,
  th,
  td,
} = tags;

/** @import { Series } from "../shapes.js" */

/** @typedef {(number | null)[]} Points */

/** A round number at or above `value`, for the top of an axis. @param {number} value */
export function roundUp(value) {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  for (const step of [1, 2, 2.5, 5, 10]) if (value <= step * power * 1.0000001) return step * power;
  return 10 * power;
}

/** @param {Points[]} lines */
export function top(lines) {
  let most = 0;
  for (const points of lines) for (const value of points) if (value !== null && value > most) most = value;
  return roundUp(most);
}

/**
 * The path of a line, with breaks where there is no value. A value without neighbours becomes a short stroke.
 * @param {Points} points @param {{ width: number, height: number, max: number }} area
 */
export function linePath(points, { width, height, max }) {
  const step = points.length > 1 ? width / (points.length - 1) : 0;
  let path = "";
  let drawn = false;
  points.forEach((value, place) => {
    if (value === null) return void (drawn = false);
    const x = (place * step).toFixed(1);
    const y = (height - (value / max) * height).toFixed(1);
    const alone = !drawn && (points[place + 1] ?? null) === null;
    path += `${drawn ? "L" : "M"}${x} ${y}${alone ? "h1" : ""}`;
    drawn = true;
  });
  return path;
}

/** Times of an axis: about `count`, on round times of a zone that is `ahead` of UTC. @param {number} from @param {number} until @param {number} count @param {number} [ahead] milliseconds */
export function ticks(from, until, count, ahead = 0) {
  const steps = [1, 5, 10, 30, 60, 300, 600, 900, 1800, 3600, 10800, 21600, 43200, 86400, 172800, 604800, 2592000];
  const wanted = (until - from) / 1000 / count;
  const step = (steps.find((one) => one >= wanted) ?? 31536000) * 1000;
  const all = [];
  for (let at = Math.ceil((from + ahead) / step) * step - ahead; at <= until; at += step) all.push(at);
  return all;
}

/** @param {number | null} value @param {string} unit */
export function worded(value, unit) {
  if (value === null) return "no value";
  if (unit === "ratio") return `${(value * 100).toFixed(value > 0.99 && value < 1 ? 2 : 1)} %`;
  const text = value >= 100 || Number.isInteger(value) ? Math.round(value).toLocaleString("en") : value.toFixed(1);
  return unit === "ms" ? duration(value) : text;
}

/** The place of a pointer on the axis. @param {number} share of the width @param {number} count of points */
export const nearest = (share, count) => Math.min(count - 1, Math.max(0, Math.round(share * (count - 1))));

const HEIGHT = 120;

/** The width in pixels, so that text has its own size in a plot of any width. */
function useWidth() {
  const own = useRef(/** @type {HTMLElement | null} */ (null));
  const [width, setWidth] = useState(320);
  useEffect(() => {
    if (!own.current) return;
    const watch = new ResizeObserver(([entry]) => setWidth(Math.max(120, Math.round(entry?.contentRect.width ?? 320))));
    watch.observe(own.current);
    return () => watch.disconnect();
  }, []);
  return { own, width };
}

/** @param {{ series: Series, names: string[] }} props */
const Twin = ({ series, names }) =>
  details(
    { class: "twin" },
    summary(null, "As a table"),
    div(
      { class: "table short", tabIndex: 0, role: "group", "aria-label": "Values" },
      table(
        { class: "rows" },
        thead(
          null,
          tr(
            null,
            th({ scope: "col" }, "Time"),
            names.map((name) => th({ key: name, scope: "col", class: "number" }, name)),
          ),
        ),
        tbody(
          null,
          (series.lines[0]?.points ?? []).map((_, place) =>
            tr(
              { key: place },
              th({ scope: "row" }, timeOf(series, place)),
              series.lines.map((one, n) =>
                td({ key: n, class: "number" }, worded(one.points[place] ?? null, series.unit)),
              ),
            ),
          ),
        ),
      ),
    ),
  );

/** @param {Series} series @param {number} place */
const atOf = (series, place) => Date.parse(series.from) + place * series.step_ms;
/** @param {Series} series @param {number} place */
const timeOf = (series, place) =>
  full(new Date(atOf(series, place)).toISOString(), zone.value === "ago" ? "local" : zone.value, Date.now());

/** @param {{ from: number, until: number, width: number }} props */
const Axis = ({ from, until, width }) =>
  g(
    { class: "axis" },
    ticks(from, until, width / 90, zone.value === "utc" ? 0 : -60_000 * new Date(until).getTimezoneOffset()).map(
      (at) => {
        const x = ((at - from) / Math.max(1, until - from)) * width;
        return g(
          { key: at },
          line({ x1: x, x2: x, y1: 0, y2: HEIGHT }),
          text(
            { x, y: HEIGHT + 16, "text-anchor": x < 20 ? "start" : x > width - 20 ? "end" : "middle" },
            tick(at, until - from, zone.value, Date.now()),
          ),
        );
      },
    ),
  );

/**
 * @param {{ title: string, series: Series, name?: (labels: Record<string, string>) => string, tone?: (labels: Record<string, string>) => string, onRange?: (since: string, until: string) => void }} props
 */
export function Plot({
  title,
  series,
  name = (labels) => Object.values(labels)[0] ?? title,
  tone = () => "",
  onRange,
}) {
  const { own, width } = useWidth();
  const [cursor, setCursor] = useState(/** @type {number | null} */ (null));
  const [from, setFrom] = useState(/** @type {number | null} */ (null));
  const names = series.lines.map((one) => name(one.labels));
  const count = series.lines[0]?.points.length ?? 0;
  const max = top(series.lines.map((one) => one.points));
  const area = { width, height: HEIGHT, max };
  const x = (/** @type {number} */ place) => (count > 1 ? (place / (count - 1)) * width : 0);
  const told =
    cursor === null
      ? null
      : `${timeOf(series, cursor)}: ${series.lines.map((one, n) => `${names[n]} ${worded(one.points[cursor] ?? null, series.unit)}`).join(", ")}`;

  /** @param {PointerEvent} event */
  const placeOf = (event) => {
    const box = /** @type {Element} */ (event.currentTarget).getBoundingClientRect();
    return nearest((event.clientX - box.left) / box.width, count);
  };
  /** @param {number} end */
  const zoom = (end) => {
    if (from !== null && Math.abs(end - from) >= 2) {
      onRange?.(
        new Date(atOf(series, Math.min(from, end))).toISOString(),
        new Date(atOf(series, Math.max(from, end) + 1)).toISOString(),
      );
    }
    setFrom(null);
  };
  /** @param {KeyboardEvent} event */
  const move = (event) => {
    const place = cursor ?? count - 1;
    const next = { ArrowLeft: place - 1, ArrowRight: place + 1, Home: 0, End: count - 1 }[event.key];
    if (event.key === "Enter" && onRange) return void (from === null ? setFrom(place) : zoom(place));
    if (event.key === "Escape") return setFrom(null);
    if (next === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    setCursor(Math.min(count - 1, Math.max(0, next)));
  };

  return figure(
    { class: "plot", ref: own },
    figcaption(
      null,
      span({ class: "plot-title" }, title),
      series.unit === "count" && span({ class: "soft" }, `per ${duration(series.step_ms, 1)}`),
      series.lines.length > 1 &&
        series.lines.map((one, n) => span({ key: n, class: "key", "data-way": tone(one.labels) }, names[n])),
      span({ class: "told", role: "status" }, told),
    ),
    svg(
      {
        viewBox: `0 0 ${width} ${HEIGHT + 20}`,
        role: "img",
        // Attributes of SVG have small and large letters.
        tabindex: 0,
        "aria-label": `${title}. Left and right move the cursor${onRange ? ", Enter at two places zooms" : ""}.`,
        onKeyDown: move,
        onPointerMove: (event) => setCursor(placeOf(event)),
        onPointerLeave: () => (setCursor(null), setFrom(null)),
        onPointerDown: (event) => onRange && setFrom(placeOf(event)),
        onPointerUp: (event) => onRange && zoom(placeOf(event)),
      },
      h(Axis, { from: Date.parse(series.from), until: Date.parse(series.until), width }),
      line({ class: "floor", x1: 0, x2: width, y1: HEIGHT, y2: HEIGHT }),
      text({ class: "max", x: 0, y: 10 }, worded(max, series.unit)),
      from !== null &&
        cursor !== null &&
        rect({
          class: "brush",
          x: Math.min(x(from), x(cursor)),
          width: Math.abs(x(from) - x(cursor)),
          y: 0,
          height: HEIGHT,
        }),
      series.lines.map((one, n) =>
        path({ key: n, class: "curve", "data-way": tone(one.labels), d: linePath(one.points, area) }),
      ),
      cursor !== null && line({ class: "cursor", x1: x(cursor), x2: x(cursor), y1: 0, y2: HEIGHT }),
    ),
    h(Twin, { series, names }),
  );
}
