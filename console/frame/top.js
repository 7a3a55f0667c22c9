// The bar at the top: search, time range, zone, theme and person.
import { h } from "../vendor/preact.js";
import { useState } from "../vendor/hooks.js";
import { liveState } from "../base/live.js";
import { shortcuts, theme, THEMES } from "../base/prefs.js";
import { session, signOut } from "../base/session.js";
import { tags } from "../base/tags.js";
import { rememberedZone, stamp, zone, ZONES } from "../base/time.js";
import { href, place, setQuery } from "../base/url.js";
import { Icon } from "../parts/marks.js";
import { Search } from "./search.js";

const { header, a, button, div, span, label, input, fieldset, legend, select, option, svg, path, rect, g } = tags;

/** @type {Record<string, string>} */
const NAMES = { utc: "UTC", local: "local", ago: "ago", system: "as the system", light: "light", dark: "dark" };

const Logo = () =>
  svg(
    { viewBox: "0 0 32 32", class: "logo", "aria-hidden": "true" },
    rect({ width: 32, height: 32, rx: 8 }),
    g(null, path({ d: "M4 22h24M6 22c3-9 17-9 20 0M11.5 22v-5M16 22v-6.6M20.5 22v-5" })),
  );

/** The next zone in turn; it is remembered and part of the address. */
function turnZone() {
  const next = ZONES[(ZONES.indexOf(zone.value) + 1) % ZONES.length] ?? "utc";
  rememberedZone.value = next;
  setQuery({ zone: next }, { replace: true });
}

/**
 * @template {string} T
 * @param {{ title: string, name: string, of: readonly T[], value: string, set: (value: T) => void }} props
 */
const Choice = ({ title, name, of, value, set }) =>
  fieldset(
    { class: "choice" },
    legend(null, title),
    of.map((one) =>
      label(
        { key: one },
        input({ type: "radio", name, checked: one === value, onChange: () => set(one) }),
        NAMES[one] ?? one,
      ),
    ),
  );

const Person = () =>
  div(
    { id: "person", popover: "auto", class: "pop" },
    div(
      { class: "pop-name" },
      session.value?.user.display_name || session.value?.user.name,
      session.value?.user.role && span({ class: "soft" }, ` ${session.value.user.role}`),
    ),
    h(Choice, { title: "Theme", name: "theme", of: THEMES, value: theme.value, set: (value) => (theme.value = value) }),
    h(Choice, {
      title: "Single keys",
      name: "keys",
      of: ["on", "off"],
      value: shortcuts.value,
      set: (value) => (shortcuts.value = value),
    }),
    button({ type: "button", onClick: () => signOut() }, "Sign out"),
  );

const Live = () =>
  liveState.value === "off"
    ? null
    : span(
        { class: `live ${liveState.value}`, role: "status" },
        span({ class: "live-word" }, { live: "live", lost: "reconnecting", refused: "not live" }[liveState.value]),
      );

const RANGES = /** @type {const} */ ([
  ["", "all time"],
  ["15m", "last 15 min"],
  ["1h", "last 1 h"],
  ["6h", "last 6 h"],
  ["24h", "last 24 h"],
  ["7d", "last 7 d"],
]);

/** The time range of all screens. */
/** @param {{ usual: string }} props the range when the address has none */
function Range({ usual }) {
  const [exact, setExact] = useState(/** @type {{ View?: typeof import("./exact.js").Exact }} */ ({}));
  const { since = usual, until = "" } = place.value.query;
  const ranges = RANGES.filter(([value]) => value || !usual);
  const known = !until && ranges.some(([value]) => value === since);
  const shown = (/** @type {string} */ value) =>
    value.includes("T")
      ? stamp(value, zone.value === "local" ? "local" : "utc", Date.now()).slice(0, -4)
      : value || "now";
  return span(
    { class: "range" },
    label(
      null,
      span({ class: "unseen" }, "Time range"),
      select(
        {
          value: known ? since : "other",
          onChange: (event) => {
            const value = event.currentTarget.value;
            if (value === "exact") import("./exact.js").then(({ Exact }) => setExact({ View: Exact }));
            else if (value !== "other") setQuery({ since: value === usual ? null : value, until: null });
          },
        },
        ranges.map(([value, text]) => option({ key: value, value }, text)),
        !known && option({ value: "other" }, `${shown(since) === "now" ? "start" : shown(since)} – ${shown(until)}`),
        option({ value: "exact" }, "from – to…"),
      ),
    ),
    exact.View && h(exact.View, { close: () => setExact({}) }),
  );
}

/** @param {{ menu: boolean, setMenu: (open: boolean) => void, openPalette: () => void, screen: import("../base/screens.js").Screen | undefined }} props */
export const Top = ({ menu, setMenu, openPalette, screen }) =>
  header(
    { class: "top" },
    button(
      {
        type: "button",
        class: "quiet menu-button",
        "aria-expanded": menu,
        "aria-controls": "menu",
        onClick: () => setMenu(!menu),
      },
      h(Icon, { name: menu ? "close" : "menu" }),
      span({ class: "unseen" }, "Menu"),
    ),
    a({ class: "brand", href: href("/"), "aria-label": "Footbridge, overview" }, h(Logo, {}), span(null, "Footbridge")),
    h(Search, { screen, openPalette }),
    div(
      { class: "top-end" },
      h(Live, {}),
      h(Range, { usual: screen?.since ?? "" }),
      button(
        {
          type: "button",
          class: "quiet zone",
          title: "Zone of all times: UTC, local, or how long ago",
          onClick: turnZone,
        },
        h(Icon, { name: "clock" }),
        span({ class: "unseen" }, "Zone: "),
        NAMES[zone.value],
      ),
      button(
        { type: "button", class: "quiet", popoverTarget: "person", title: "Theme, keys, sign out" },
        h(Icon, { name: "person" }),
        span({ class: "unseen" }, "You: "),
        span({ class: "person-name" }, session.value?.user.name),
      ),
      h(Person, {}),
    ),
  );
