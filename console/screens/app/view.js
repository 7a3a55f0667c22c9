// One app: all about it in tabs.
import {
  api,
  can,
  command,
  Facts,
  h,
  Head,
  href,
  loaded,
  Status,
  Tabs,
  tags,
  useCommands,
  useNeighbours,
  useResource,
  When,
} from "../../parts/kit.js";
import { AuditList } from "../audit/rows.js";
import { AddHook, LaneList } from "../hooks/lanes.js";
import { LinkList } from "../links/list.js";
import { Credentials } from "./credentials.js";
import { PageSnippet } from "./page.js";
import { Receiver } from "./receiver.js";
import { Runtime } from "./runtime.js";
import { AppButtons } from "./settings.js";
import { TEXT } from "./text.js";

const { a, code, div } = tags;

/** @import { App } from "../../shapes.js" */
/** @import { ScreenProps } from "../../base/screens.js" */

/** @param {{ app: App }} props */
function Summary({ app }) {
  const now = useResource("now", (signal) => api.get("/api/v1/stats/now", { query: {}, signal }));
  const own = now.data?.apps.find((one) => one.app === app.name);
  const to = (/** @type {string} */ q, /** @type {number | undefined} */ n) =>
    n === undefined ? "–" : a({ href: href("/deliveries", { q: `to:${app.name} ${q}` }) }, n.toLocaleString("en"));
  return [
    div(
      { class: "row" },
      a({ class: "button", href: href("/events", { q: `app:${app.name}` }) }, "What it said"),
      a({ class: "button", href: href("/deliveries", { q: `to:${app.name}` }) }, "What it was sent"),
      a({ class: "button", href: href("/exchanges", { q: `app:${app.name}` }) }, "Its exchanges"),
      a({ class: "button", href: href("/map", { focus: app.name }) }, "On the map"),
      can("jobs.run") &&
        (own?.dead ?? 0) > 0 &&
        a({ class: "button main", href: href("/recover", { q: `to:${app.name} status:dead` }) }, "Recover its dead…"),
    ),
    h(Facts, {
      of: [
        ["Waiting for it", to("status:pending", own?.waiting)],
        ["Dead", to("status:dead", own?.dead)],
        ["Last said", h(When, { at: own?.last_said_at, whole: true, empty: "never" })],
        ["Last heard", h(When, { at: own?.last_heard_at, whole: true, empty: "never" })],
        ["Base URL of its hooks", app.url ? code(null, app.url) : "none"],
        ["Receiver of exchanges", app.receiver_url ? code(null, app.receiver_url) : "none"],
        ["Page for hosts", app.miniapp_url ? code(null, app.miniapp_url) : "none"],
        ["Private events", app.private.length > 0 ? app.private.join(", ") : "none"],
        [
          "Comes from",
          { file: "the configuration file", api: "the API", package: "its package.json" }[app.managed_by] ??
            app.managed_by,
        ],
        ["Created", h(When, { at: app.created_at, whole: true })],
      ],
    }),
  ];
}

/** @param {{ app: App, reload: () => void, query: Record<string, string> }} props */
const Shown = ({ app, reload, query }) => [
  h(
    Head,
    { title: app.name, sub: h(Status, app.enabled ? { word: "on", tone: "good" } : { word: "off" }) },
    h(AppButtons, { app, reload }),
  ),
  h(Tabs, {
    tabs: [
      { id: "overview", title: "Overview", show: () => h(Summary, { app }) },
      { id: "credentials", title: "Credentials", show: () => h(Credentials, { name: app.name }) },
      { id: "receiver", title: "Receiver & test", show: () => h(Receiver, { app, chosen: query["hook"] ?? "" }) },
      {
        id: "hooks",
        title: "Hooks",
        show: () => [h(AddHook, { app: app.name }), h(LaneList, { app: app.name, none: TEXT.noHooks })],
      },
      { id: "links", title: "Links", show: () => h(LinkList, { app: app.name, none: TEXT.noLinks }) },
      { id: "runtime", title: "Runtime & logs", show: () => h(Runtime, { name: app.name }) },
      { id: "page", title: "Page snippet", show: () => h(PageSnippet, { app: app.name, form: query["form"] }) },
      {
        id: "activity",
        title: "Activity",
        show: () => h(AuditList, { query: { object: `app:${app.name}` }, none: TEXT.noActivity }),
      },
    ],
  }),
];

/** @param {ScreenProps} props */
export default function AppScreen({ params, query }) {
  const name = params["name"] ?? "";
  const app = useResource(name, (signal) => api.get("/api/v1/apps/{name}", { params: { name }, signal }));
  useNeighbours();
  useCommands({ path: "/api/v1/apps/{name}", params: { name }, command: command(["app", "show", name]) });
  return [
    !app.data && h(Head, { title: name }),
    loaded({ of: app, show: (data) => h(Shown, { app: data, reload: app.reload, query }) }),
  ];
}
