// Links as a list, and what can be done with one.
import {
  api,
  can,
  Do,
  Empty,
  h,
  href,
  loaded,
  rowTable,
  Status,
  tags,
  useResource,
  useState,
  When,
} from "../../parts/kit.js";

const { a, b, button, div, span } = tags;

/** @import { Link } from "../../shapes.js" */

export const LINK_TEXT = {
  add: "A link lets this host and this miniapp exchange events with each other.",
  off: "Exchanges between the two are refused until it is enabled again.",
  remove: "Exchanges between the two are refused from now on.",
};

/** @param {{ link: Link, reload: () => void }} props */
export function LinkButtons({ link, reload }) {
  if (!can("links.write") || link.managed_by === "file") return null;
  const params = { host: link.host, miniapp: link.miniapp };
  return [
    h(Do, {
      label: link.enabled ? "Disable" : "Enable",
      title: `${link.enabled ? "Disable" : "Enable"} the link of ${link.host} and ${link.miniapp}?`,
      text: link.enabled ? LINK_TEXT.off : "",
      look: "small",
      act: async () => {
        await api.patch("/api/v1/links/{host}/{miniapp}", { params, body: { enabled: !link.enabled } });
        reload();
      },
    }),
    h(Do, {
      label: "Remove",
      title: `Remove the link of ${link.host} and ${link.miniapp}?`,
      text: LINK_TEXT.remove,
      danger: true,
      look: "small",
      act: async () => {
        await api.delete("/api/v1/links/{host}/{miniapp}", { params });
        reload();
      },
    }),
  ];
}

/** @param {{ host?: string, reload: () => void }} props */
export const AddLink = ({ host = "", reload }) =>
  can("links.write") &&
  h(Do, {
    label: "Add a link",
    action: "Add",
    look: "main",
    text: LINK_TEXT.add,
    fields: [
      { name: "host", type: "app", label: "Host", value: host, required: true },
      { name: "miniapp", type: "app", label: "Miniapp", required: true },
    ],
    act: async (body) => {
      await api.post("/api/v1/links", { body });
      reload();
      return "The link is added";
    },
  });

/** All links; they come in pages. @param {AbortSignal} signal */
export async function allLinks(signal) {
  /** @type {Link[]} */
  const links = [];
  /** @type {string | null | undefined} */
  let cursor;
  do {
    /** @type {any} */
    const page = await api.get("/api/v1/links", { query: { limit: 250, cursor }, signal });
    links.push(...page.data);
    cursor = page.next;
  } while (cursor);
  return links;
}

/** @param {{ links: Link[], reload: () => void }} props */
export function LinkRows({ links, reload }) {
  const [shown, setShown] = useState(100);
  const app = (/** @type {string} */ name) => a({ href: href(`/apps/${encodeURIComponent(name)}`) }, b(null, name));
  return [
    rowTable({
      caption: "Links",
      rows: links.slice(0, shown),
      id: (row) => `${row.host} ${row.miniapp}`,
      columns: [
        { title: "Host", cell: (row) => app(row.host) },
        { title: "Miniapp", cell: (row) => app(row.miniapp) },
        { title: "State", cell: (row) => h(Status, row.enabled ? { word: "on", tone: "good" } : { word: "off" }) },
        { title: "Created", kind: "id", minor: true, cell: (row) => h(When, { at: row.created_at }) },
        { title: "Actions", cell: (row) => span({ class: "row tight end" }, h(LinkButtons, { link: row, reload })) },
      ],
    }),
    links.length > shown && button({ type: "button", onClick: () => setShown(shown + 100) }, "More"),
  ];
}

/** The links of one app. @param {{ app: string, none: string }} props */
export function LinkList({ app, none }) {
  const links = useResource(app, async (signal) =>
    (await allLinks(signal)).filter((link) => link.host === app || link.miniapp === app),
  );
  return [
    div({ class: "row end" }, h(AddLink, { host: app, reload: links.reload })),
    loaded({
      of: links,
      show: (data) =>
        data.length === 0
          ? h(Empty, { title: none, text: LINK_TEXT.add })
          : h(LinkRows, { links: data, reload: links.reload }),
    }),
  ];
}
