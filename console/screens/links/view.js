// Links: which host and which miniapp may exchange events, and which pairs did.
import {
  api,
  can,
  Choices,
  command,
  Dialog,
  Do,
  Empty,
  Facts,
  h,
  Head,
  href,
  loaded,
  Mark,
  Status,
  tags,
  useCommands,
  useResource,
  useState,
  When,
} from "../../parts/kit.js";
import { AddLink, allLinks, LINK_TEXT, LinkButtons, LinkRows } from "./list.js";
import { matrix, MOST_COLUMNS, stateOf } from "./model.js";

const { a, button, div, small, span, table, tbody, td, th, thead, tr } = tags;

/** @import { Link } from "../../shapes.js" */
/** @import { Edge } from "../../setup.js" */
/** @import { Cell } from "./model.js" */
/** @import { ScreenProps } from "../../base/screens.js" */

const TONES = /** @type {const} */ ({ on: "good", off: "bad", "no link": "none" });

/** @param {{ cell: Cell, close: () => void, reload: () => void }} props */
const Panel = ({ cell: { host, miniapp, link, count, last }, close, reload }) =>
  h(
    Dialog,
    { title: `${host} and ${miniapp}`, close },
    h(Facts, {
      of: [
        ["Link", link ? h(Status, link.enabled ? { word: "on", tone: "good" } : { word: "off" }) : "none"],
        ["Exchanges in this range", count.toLocaleString("en")],
        ["Last one", h(When, { at: last, whole: true, empty: "none in this range" })],
        ["Created", h(When, { at: link?.created_at, whole: true })],
      ],
    }),
    div(
      { class: "row" },
      link
        ? h(LinkButtons, { link, reload: () => (close(), reload()) })
        : can("links.write") &&
            h(Do, {
              label: "Make the link",
              text: LINK_TEXT.add,
              act: async () => {
                await api.post("/api/v1/links", { body: { host, miniapp } });
                close();
                reload();
              },
            }),
      a({ class: "button small", href: href("/explain", { app: host, to: miniapp }) }, "Explain"),
      a({ class: "button small", href: href("/exchanges", { q: `app:${host} to:${miniapp}` }) }, "Exchanges"),
    ),
  );

/** @param {{ links: Link[], edges: Edge[], open: (cell: Cell) => void }} props */
function Matrix({ links, edges, open }) {
  const { miniapps, cells } = matrix(links, edges);
  return div(
    { class: "table matrix", tabIndex: 0, role: "group", "aria-label": "Hosts by miniapps" },
    table(
      null,
      thead(
        null,
        tr(
          null,
          th({ scope: "col" }, small(null, "host ╲ miniapp")),
          miniapps.map((name) => th({ key: name, scope: "col" }, span(null, name))),
        ),
      ),
      tbody(
        null,
        cells.map((row) =>
          tr(
            { key: row[0]?.host },
            th({ scope: "row" }, row[0]?.host),
            row.map((cell) => {
              const state = stateOf(cell);
              const told = `${cell.host} and ${cell.miniapp}: ${state}, ${cell.count} exchanges`;
              return td(
                { key: cell.miniapp },
                button(
                  { type: "button", class: "quiet", "aria-label": told, title: told, onClick: () => open(cell) },
                  h(Mark, { tone: TONES[state] }),
                  cell.count > 0 && small(null, cell.count.toLocaleString("en")),
                ),
              );
            }),
          ),
        ),
      ),
    ),
  );
}

/** @param {ScreenProps} props */
export default function Links({ query }) {
  const [open, setOpen] = useState(/** @type {Cell | null} */ (null));
  const links = useResource("links", allLinks);
  const since = query["since"] || "24h";
  const edges = useResource(`${since} ${query["until"]}`, async (signal) =>
    (await api.get("/api/v1/stats/edges", { query: { since, until: query["until"] }, signal })).edges.filter(
      (edge) => edge.way === "exchange",
    ),
  );
  useCommands({ path: "/api/v1/links", query: { limit: 250 }, command: command(["link", "list"]) });
  const view = query["view"];
  return [
    h(
      Head,
      { title: "Links", sub: "Which host and which miniapp may exchange events, and which pairs did." },
      h(AddLink, { reload: links.reload }),
    ),
    h(Choices, {
      label: "View",
      of: [
        { title: "Matrix", href: href("/links"), chosen: view !== "list" },
        { title: "List", href: href("/links", { view: "list" }), chosen: view === "list" },
      ],
    }),
    loaded({
      of: links,
      show: (data) =>
        data.length === 0
          ? h(Empty, { title: "No link yet", text: LINK_TEXT.add, command: "footbridge link add my-host my-miniapp" })
          : view === "list" || new Set(data.map((link) => link.miniapp)).size > MOST_COLUMNS
            ? h(LinkRows, { links: data, reload: links.reload })
            : h(Matrix, { links: data, edges: edges.data ?? [], open: setOpen }),
    }),
    open && h(Panel, { cell: open, close: () => setOpen(null), reload: links.reload }),
  ];
}
