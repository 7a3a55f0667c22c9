// The list of apps, and adding one.
import {
  api,
  Ask,
  can,
  command,
  Empty,
  Fields,
  go,
  h,
  Head,
  href,
  loaded,
  Once,
  rowTable,
  setQuery,
  Status,
  tags,
  useCommands,
  useRef,
  useResource,
  useRowKeys,
  useState,
  valuesOf,
  When,
} from "../../parts/kit.js";
import { newApp, openSecrets, rowsOf } from "./model.js";
import { KINDS, TEXT } from "./text.js";

const { a, b, button, div, input, p, small, span } = tags;

/** @import { Column } from "../../parts/table.js" */
/** @import { Field } from "../../parts/form.js" */
/** @import { Row } from "./model.js" */
/** @import { ScreenProps } from "../../base/screens.js" */

const PAGE = 100;

/** @param {string} name */
const appHref = (name) => href(`/apps/${encodeURIComponent(name)}`);
/** @param {number | undefined} rate */
const perSecond = (rate) =>
  rate === undefined ? "–" : rate === 0 ? "0" : rate < 10 ? rate.toFixed(1) : Math.round(rate);
/** @param {number | undefined} n @param {string} q @param {string} [tone] */
const count = (n, q, tone = "") =>
  n ? a({ class: tone, href: href("/deliveries", { q }) }, n.toLocaleString("en")) : n === 0 ? "0" : "–";

/** @type {Column<Row>[]} */
const COLUMNS = [
  { title: "App", kind: "wide", cell: ({ app }) => b(null, app.name) },
  {
    title: "State",
    cell: ({ app }) => {
      const { unseen, overlap } = openSecrets(app);
      return [
        h(Status, app.enabled ? { word: "on", tone: "good" } : { word: "off" }),
        (unseen > 0 || overlap > 0) &&
          small({ class: "why" }, unseen > 0 ? " credentials not read yet" : " old secret still valid"),
      ];
    },
  },
  { title: "Says/s", kind: "number", minor: true, cell: ({ now }) => perSecond(now?.says) },
  { title: "Hears/s", kind: "number", minor: true, cell: ({ now }) => perSecond(now?.hears) },
  { title: "Waiting", kind: "number", cell: ({ app, now }) => count(now?.waiting, `to:${app.name} status:pending`) },
  { title: "Dead", kind: "number", cell: ({ app, now }) => count(now?.dead, `to:${app.name} status:dead`, "bad") },
  {
    title: "Last said",
    kind: "id",
    minor: true,
    cell: ({ now }) => h(When, { at: now?.last_said_at, empty: "never" }),
  },
  {
    title: "Last heard",
    kind: "id",
    minor: true,
    cell: ({ now }) => h(When, { at: now?.last_heard_at, empty: "never" }),
  },
];

/** All apps. They come in pages; a thousand of them are four calls. @param {AbortSignal} signal */
async function allApps(signal) {
  const apps = [];
  /** @type {string | null | undefined} */
  let cursor;
  do {
    /** @type {any} */
    const page = await api.get("/api/v1/apps", { query: { limit: 250, cursor }, signal });
    apps.push(...page.data);
    cursor = page.next;
  } while (cursor);
  return /** @type {import("../../shapes.js").App[]} */ (apps);
}

/** @type {Field[]} */
const FIELDS = [
  { name: "name", label: "Name", required: true, placeholder: "my-app", hint: "Small letters, digits, and - or _." },
  { name: "url", type: "url", label: "Base URL of its hooks", placeholder: "https://my-app.example" },
  {
    name: "gets",
    label: "Events that it gets",
    placeholder: "shop/order-*",
    hint: "Publisher and name; * stands for anything. Its base URL gets them.",
  },
  { name: "receiver_url", type: "url", label: "URL that gets its exchanges" },
];

/** @param {{ close: () => void }} props */
function Add({ close }) {
  const [made, setMade] = useState(/** @type {any} */ (null));
  if (made) {
    const secrets = Object.keys(KINDS).flatMap((kind) =>
      made[kind] ? [/** @type {const} */ ([KINDS[kind] ?? kind, made[kind]])] : [],
    );
    return h(Once, {
      title: `${TEXT.made} ${made.name}`,
      values: secrets,
      close: () => go(appHref(made.name), { replace: true }),
    });
  }
  return h(
    Ask,
    {
      title: TEXT.add,
      action: "Add",
      act: async (data) => {
        setMade(await api.post("/api/v1/apps", { body: newApp(valuesOf(data, FIELDS)) }));
        // The question gives way to the credentials.
        return new Promise(() => {});
      },
      close,
    },
    p({ class: "soft" }, TEXT.addText),
    h(Fields, { of: FIELDS }),
  );
}

/** @param {{ rows: Row[], typed: string }} props */
function Rows({ rows, typed }) {
  const own = useRef(/** @type {HTMLDivElement | null} */ (null));
  const [shown, setShown] = useState(PAGE);
  useRowKeys(own);
  if (rows.length === 0)
    return typed
      ? h(Empty, { title: TEXT.noMatch })
      : h(Empty, { title: TEXT.none, text: TEXT.noneText, command: TEXT.command });
  return div(
    { class: "list", ref: own },
    rowTable({
      caption: TEXT.title,
      columns: COLUMNS,
      rows: rows.slice(0, shown),
      id: ({ app }) => app.name,
      to: ({ app }) => appHref(app.name),
    }),
    div(
      { class: "list-foot", role: "status" },
      span(null, `${rows.length} ${rows.length === 1 ? "app" : "apps"}`),
      rows.length > shown && button({ type: "button", onClick: () => setShown(shown + PAGE) }, "More"),
    ),
  );
}

/** @param {ScreenProps} props */
export default function Apps({ query }) {
  const typed = query["name"] ?? "";
  const apps = useResource("apps", allApps);
  // The apps are shown without their traffic when statistics are off.
  const now = useResource("now", (signal) => api.get("/api/v1/stats/now", { signal }));
  useCommands({ path: "/api/v1/apps", query: { limit: 250 }, command: command(["app", "list"]) });
  const adding = query["add"] === "true" && can("apps.write");
  return [
    h(
      Head,
      { title: TEXT.title, sub: TEXT.sub },
      can("apps.write") &&
        button({ type: "button", class: "main", onClick: () => setQuery({ add: true }) }, `${TEXT.add}…`),
    ),
    input({
      type: "search",
      "aria-label": "Name of an app",
      placeholder: "Name",
      class: "narrow",
      defaultValue: typed,
      onInput: (event) => setQuery({ name: event.currentTarget.value }, { replace: true }),
    }),
    loaded({ of: apps, rows: 8, show: (data) => h(Rows, { rows: rowsOf(data, now.data?.apps ?? [], typed), typed }) }),
    adding && h(Add, { close: () => setQuery({ add: null }, { replace: true }) }),
  ];
}
