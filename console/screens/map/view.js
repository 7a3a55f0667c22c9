// The map: who says what to whom, from real traffic.
import {
  command,
  Empty,
  h,
  Head,
  href,
  loaded,
  rowTable,
  setQuery,
  Span,
  Status,
  tags,
  useAppNames,
  useCommands,
  useGet,
  Way,
  When,
} from "../../parts/kit.js";
import { layout, MOST_APPS, near, pairOf } from "./model.js";

const { a, b, code, circle, datalist, div, form, g, input, label, option, p, path, select, svg, text } = tags;

/** @import { Column } from "../../parts/table.js" */
/** @import { Edge } from "../../setup.js" */
/** @import { Node } from "./model.js" */
/** @import { ScreenProps } from "../../base/screens.js" */

const WIDTH = 900;
const LEFT = 190;
const RIGHT = WIDTH - 190;

/** Arrow keys walk the nodes: up and down in a column, left and right to the other one. @param {KeyboardEvent} event */
function walk(event) {
  const own = event.target instanceof Element ? event.target.closest("a") : null;
  const columns = ["said", "heard"].map((name) => [...document.querySelectorAll(`.map .${name}`)]);
  const column = columns.findIndex((nodes) => nodes.includes(/** @type {any} */ (own)));
  if (!own || column < 0) return;
  const place = columns[column]?.indexOf(own) ?? 0;
  const [to, step] =
    { ArrowUp: [column, -1], ArrowDown: [column, 1], ArrowLeft: [0, 0], ArrowRight: [1, 0] }[event.key] ?? [];
  const nodes = columns[to ?? -1];
  if (!nodes) return;
  event.preventDefault();
  const next = nodes[Math.min(nodes.length - 1, Math.max(0, place + (step ?? 0)))];
  if (next instanceof SVGElement) next.focus();
}

/** @param {{ node: Node, side: "said" | "heard", focus: string }} props */
const AppNode = ({ node: { name, y }, side, focus }) => {
  const x = side === "said" ? LEFT : RIGHT;
  const away = side === "said" ? -12 : 12;
  return a(
    {
      class: `${side}${name === focus ? " focus" : ""}`,
      href: href("/map", { focus: name === focus ? null : name }),
      "aria-label": `${name} ${side === "said" ? "says" : "hears"}`,
    },
    circle({ cx: x, cy: y, r: 6 }),
    text(
      { x: x + away, y: y + 5, "text-anchor": side === "said" ? "end" : "start" },
      name.length > 24 ? `${name.slice(0, 23)}…` : name,
    ),
  );
};

/** @param {{ edges: Edge[], focus: string, pair: string }} props */
function Drawing({ edges, focus, pair }) {
  const { said, heard, arrows, height } = layout(edges);
  const middle = (LEFT + RIGHT) / 2;
  return div(
    { class: "part map" },
    svg(
      {
        viewBox: `0 0 ${WIDTH} ${height}`,
        role: "group",
        "aria-label": "Map. The arrow keys walk the apps; the table below has the same.",
        onKeyDown: walk,
      },
      arrows.map((one) =>
        path({
          key: one.id,
          class: `curve${one.failing ? " failing" : ""}${one.idle ? " idle" : ""}${one.id === pair ? " chosen" : ""}`,
          "data-way": one.way,
          d: `M${LEFT + 8} ${one.y1}C${middle} ${one.y1} ${middle} ${one.y2} ${RIGHT - 8} ${one.y2}`,
          "stroke-width": one.width,
          onClick: () => setQuery({ pair: one.id === pair ? null : one.id }, { replace: true }),
        }),
      ),
      g(
        null,
        said.map((node) => h(AppNode, { key: node.name, node, side: "said", focus })),
      ),
      g(
        null,
        heard.map((node) => h(AppNode, { key: node.name, node, side: "heard", focus })),
      ),
    ),
    p({ class: "soft" }, "Width is traffic; dashed fails; dotted was declared and not used."),
  );
}

/** @param {number} n */
const number = (n) => n.toLocaleString("en");

/** @type {Column<Edge>[]} */
const COLUMNS = [
  { title: "Says", cell: (row) => b(null, row.from) },
  { title: "What", kind: "wide", cell: (row) => code(null, row.name) },
  { title: "Hears", cell: (row) => row.to ?? "nobody" },
  { title: "Way", minor: true, cell: (row) => h(Way, { way: row.way }) },
  { title: "Count", kind: "number", cell: (row) => (row.count === 0 ? "not used" : number(row.count)) },
  { title: "Failed tries", kind: "number", minor: true, cell: (row) => number(row.failed) },
  {
    title: "Dead",
    kind: "number",
    cell: (row) => (row.dead > 0 ? h(Status, { word: "dead", text: number(row.dead) }) : "0"),
  },
  { title: "p95", kind: "number", minor: true, cell: (row) => h(Span, { ms: row.p95_ms }) },
  { title: "Last", kind: "id", minor: true, cell: (row) => h(When, { at: row.last_at, empty: "never" }) },
  {
    title: "Why",
    cell: (row) => a({ href: href("/explain", { app: row.from, name: row.name, to: row.to }) }, "explain"),
  },
];

/** @param {{ query: Record<string, string> }} props */
const Controls = ({ query }) => {
  const names = useAppNames();
  const set = (/** @type {string} */ name) => (/** @type {any} */ event) =>
    setQuery(
      {
        [name]:
          event.currentTarget.type === "checkbox" ? event.currentTarget.checked : event.currentTarget.value.trim(),
        pair: null,
      },
      { replace: true },
    );
  const check = (/** @type {string} */ name, /** @type {string} */ words) =>
    label({ class: "check" }, input({ type: "checkbox", checked: query[name] === "true", onChange: set(name) }), words);
  return form(
    { class: "row", onSubmit: (event) => event.preventDefault() },
    label(
      { class: "inline" },
      "focus",
      input({
        key: query["focus"],
        list: "map-names",
        defaultValue: query["focus"] ?? "",
        placeholder: "an app",
        onChange: set("focus"),
      }),
    ),
    datalist(
      { id: "map-names" },
      names.map((name) => option({ key: name, value: name })),
    ),
    label(
      { class: "inline" },
      "depth",
      select(
        { onChange: set("depth") },
        ["1", "2", "3"].map((one) => option({ key: one, value: one, selected: one === (query["depth"] ?? "1") }, one)),
      ),
    ),
    label(
      { class: "inline" },
      "name",
      input({ defaultValue: query["name"] ?? "", placeholder: "order-*", onChange: set("name") }),
    ),
    check("failing", "only failing"),
    check("idle", "with unused"),
  );
};

/** @param {ScreenProps} props */
export default function MapScreen({ query }) {
  const { focus = "", pair = "", name, since = "1h", until } = query;
  const asked = { since, until, name, failing: query["failing"] === "true" || undefined };
  const edges = useGet("/api/v1/stats/edges", { query: asked });
  useCommands({ path: "/api/v1/stats/edges", query: asked, command: command(["stats"]) });
  return [
    h(Head, { title: "Map", sub: "Who says what to whom, from what really went through." }),
    h(Controls, { query }),
    loaded({
      of: edges,
      show: ({ edges, other }) => {
        const seen = near(edges, focus, Number(query["depth"] ?? 1)).filter(
          (edge) => edge.count > 0 || query["idle"] === "true",
        );
        const apps = new Set(seen.flatMap((edge) => [edge.from, edge.to]));
        const rows = seen.filter((edge) => !pair || pairOf(edge) === pair).slice(0, 500);
        if (seen.length === 0)
          return h(Empty, {
            title: "No traffic here",
            text: "Nothing went through in this time range, or nothing that matches. “with unused” shows hooks and links without traffic.",
          });
        return [
          apps.size > MOST_APPS
            ? p({ class: "calm soft" }, `${apps.size} apps are too many for a drawing. Choose one to focus on.`)
            : h(Drawing, { edges: seen, focus, pair }),
          pair && p(null, b(null, pair.replace("~", " → ")), " ", a({ href: href("/map", { focus }) }, "show all")),
          rowTable({
            caption: "Map as a table",
            columns: COLUMNS,
            rows,
            id: (row) => `${pairOf(row)} ${row.name} ${row.way}`,
          }),
          other > 0 && p({ class: "soft" }, `${number(other)} further events are counted under “other”.`),
        ];
      },
    }),
  ];
}
