// The overview: what needs a person first, then how much goes through, then each app.
import { h } from "../../vendor/preact.js";
import { useEffect, useRef } from "../../vendor/hooks.js";
import { api } from "../../base/api.js";
import { TRAFFIC, useLive } from "../../base/live.js";
import { useResource } from "../../base/resource.js";
import { can } from "../../base/session.js";
import { tags } from "../../base/tags.js";
import { span } from "../../base/time.js";
import { go, href, setQuery } from "../../base/url.js";
import { useCommands } from "../../parts/commands.js";
import { Head, Part } from "../../parts/head.js";
import { Plot } from "../../parts/plot.js";
import { Empty, loaded } from "../../parts/states.js";
import { Apps, NeedsYou } from "./lists.js";
import { isEmpty, isOff, percent, rateText, shares, SYSTEM } from "./model.js";
import { TEXT } from "./text.js";

const { div, dl, dt, dd, a, small, p } = tags;

/** @import { StatsNow } from "../../shapes.js" */
/** @import { ScreenProps } from "../../base/screens.js" */

/** @param {{ now: StatsNow }} props */
const Figures = ({ now }) => {
  // Who is limited to some apps gets the numbers of these: the server counts the others only as a whole.
  const rate = now.rates
    ? now.rates.page + now.rates.publish + now.rates.exchange
    : now.apps.reduce((all, app) => all + app.says, 0);
  const waiting = now.account ? now.account.pending : now.apps.reduce((all, app) => all + app.waiting, 0);
  /** @type {[string, string, string?][]} */
  const figures = [
    [TEXT.through, `${rateText(rate)}${TEXT.perSecond}`],
    [TEXT.firstTry, percent(now.first_try_ok)],
    [TEXT.p95, typeof now.p95_ms === "number" ? span(now.p95_ms) : "–"],
    [
      TEXT.waiting,
      waiting.toLocaleString("en"),
      now.lanes.standing > 0
        ? `${now.lanes.standing} ${now.lanes.standing === 1 ? "lane stands" : "lanes stand"}`
        : undefined,
    ],
  ];
  return dl(
    { class: "figures" },
    figures.map(([name, value, note]) =>
      div({ key: name }, dt(null, name), dd(null, value, note && small(null, note))),
    ),
  );
};

/** One bar for the identity: accepted = delivered + unanswered + pending + dead + cancelled. @param {{ account: NonNullable<StatsNow["account"]> }} props */
const Account = ({ account }) =>
  h(
    Part,
    { title: TEXT.account, aside: div({ class: "soft" }, `${account.accepted.toLocaleString("en")} accepted`) },
    div(
      { class: "account", "aria-hidden": "true" },
      shares(account).map(
        ({ part, share }) => share > 0 && div({ key: part, class: `share ${part}`, style: { flexGrow: share } }),
      ),
    ),
    div(
      { class: "account-key" },
      shares(account).map(({ part, count }) =>
        a(
          { key: part, href: href("/deliveries", { q: `status:${part}` }), class: `share-key ${part}` },
          count.toLocaleString("en"),
          ` ${part}`,
        ),
      ),
    ),
    isOff(account) &&
      p(
        { class: "warn" },
        "The parts do not add up to the accepted ones. This is a fault of the server: please report it.",
      ),
  );

/** @param {{ metric: string, by?: string, title: string, query: Record<string, string>, turn: number }} props */
function Series({ metric, by, title, query, turn }) {
  const asked = { metric, points: 120, by, since: query["since"] || "1h", until: query["until"] };
  const series = useResource(JSON.stringify([asked, turn]), (signal) =>
    api.get("/api/v1/stats/series", { query: asked, signal }),
  );
  const name = (/** @type {Record<string, string>} */ labels) => labels["way"] ?? title;
  const tone = (/** @type {Record<string, string>} */ labels) => labels["way"] ?? "publish";
  return loaded({
    of: series,
    rows: 3,
    show: (data) => h(Plot, { title, series: data, name, tone, onRange: (since, until) => setQuery({ since, until }) }),
  });
}

/** The first steps; the story of the first event opens by itself. */
function NoTraffic() {
  useLive({ kinds: TRAFFIC }, ({ event, data }) => {
    if (event === "event" && data.publisher !== SYSTEM) go(href(`/events/${data.id}`));
  });
  return h(
    Empty,
    { title: TEXT.noTraffic, text: TEXT.noTrafficText },
    can("events.send") && a({ class: "button main", href: href("/try", { first: "true" }) }, TEXT.sendTest),
    can("apps.write") && a({ class: "button", href: href("/apps", { add: "true" }) }, TEXT.addApp),
    a({ class: "button", href: href("/try", { tab: "page" }) }, TEXT.snippet),
  );
}

/** Calls `reload` soon after traffic, at most every 5 s, and once more when it has ended. Without traffic nothing is asked. @param {() => void} reload */
function useTraffic(reload) {
  const timers = useRef({ next: 0, last: 0 });
  const done = useRef(0);
  useEffect(() => () => Object.values(timers.current).forEach(clearTimeout), []);
  useLive({ kinds: TRAFFIC }, ({ event }) => {
    if (event === "ping") return;
    const due = timers.current;
    clearTimeout(due.last);
    due.last = window.setTimeout(reload, 15_000);
    const wait = Math.max(300, done.current + 5000 - Date.now());
    due.next ||= window.setTimeout(() => {
      due.next = 0;
      done.current = Date.now();
      reload();
    }, wait);
  });
}

/** @param {ScreenProps} props */
export default function Overview({ query }) {
  const now = useResource("now", (signal) => api.get("/api/v1/stats/now", { signal }));
  const attention = useResource("attention", (signal) => api.get("/api/v1/attention", { signal }));
  const turn = useRef(0);
  useTraffic(() => {
    turn.current += 1;
    now.reload();
    attention.reload();
  });
  useCommands({ path: "/api/v1/stats/now" });
  return [
    h(Head, { title: TEXT.title }),
    h(NeedsYou, { attention }),
    // Below what needs a person, so that nothing moves when that comes.
    (attention.data || attention.problem) &&
      loaded({
        of: now,
        show: (data) =>
          isEmpty(data)
            ? h(NoTraffic, {})
            : [
                h(Figures, { now: data }),
                div(
                  { class: "plots" },
                  h(Series, { metric: "accepted", by: "way", title: TEXT.rates, query, turn: turn.current }),
                  h(Series, { metric: "p95_ms", title: TEXT.latency, query, turn: turn.current }),
                  h(Series, { metric: "failed", title: TEXT.failed, query, turn: turn.current }),
                ),
                data.account && h(Account, { account: data.account }),
                h(Apps, { apps: data.apps }),
              ],
      }),
  ];
}
