// The frame around every screen: menu, search, time, person; and at the foot what a script would do.
import { h } from "../vendor/preact.js";
import { useEffect, useState } from "../vendor/hooks.js";
import { useKeys } from "../base/keys.js";
import { GROUPS, screenOf, SCREENS } from "../base/screens.js";
import { can, session } from "../base/session.js";
import { tags } from "../base/tags.js";
import { arrival, go, href, place } from "../base/url.js";
import { Commands } from "../parts/commands.js";
import { copy, Toasts } from "../parts/toast.js";
import { zone } from "../base/time.js";
import { outdated } from "../base/live.js";
import { Top } from "./top.js";

const { a, button, p, nav, div, main, span, ul, li } = tags;

/** @import { ComponentChildren, FunctionComponent } from "../vendor/preact.js" */

const listed = () => SCREENS.filter((screen) => screen.group && can(screen.permission));

/** The first segment of a path, by which the menu knows where it is. @param {string} path */
const first = (path) => path.split("/")[1] ?? "";

const Menu = () =>
  nav(
    { id: "menu", class: "side", "aria-label": "Screens" },
    GROUPS.map((group) => {
      const screens = listed().filter((screen) => screen.group === group);
      if (screens.length === 0) return null;
      return div(
        { key: group, class: "group" },
        span({ class: "group-name", id: `group-${group}` }, group),
        ul(
          { "aria-labelledby": `group-${group}` },
          screens.map((screen) => {
            const here = first(screen.path) === first(place.value.path);
            return li(
              { key: screen.path },
              a({ href: href(screen.path), "aria-current": here ? "page" : undefined }, screen.title),
            );
          }),
        ),
      );
    }),
  );

/** The palette; its code is loaded at the first use. @param {{ close: () => void }} props */
function Palette({ close }) {
  const [loaded, setLoaded] = useState(/** @type {{ View?: FunctionComponent<{ close: () => void }> }} */ ({}));
  useEffect(() => {
    import("../screens/palette/view.js").then((module) => setLoaded({ View: module.default }));
  }, []);
  return loaded.View ? h(loaded.View, { close }) : null;
}

/** The server was upgraded while this page was open. */
const Outdated = () =>
  p(
    { class: "outdated", role: "status" },
    "The server has a new version of the console.",
    button({ type: "button", onClick: () => location.reload() }, "Reload"),
  );

/** What a person must know on every screen. */
const Warnings = () => [
  session.value?.insecure &&
    p(
      { class: "outdated warn", role: "note" },
      "This console is not encrypted: anybody on the way can read the session. It was allowed by [console] insecure.",
    ),
  session.value?.first_run &&
    can("users.write") &&
    p(
      { class: "outdated", role: "note" },
      "You are here by a link that works once.",
      a({ href: href("/people") }, "Make yourself a user with a password"),
    ),
];

/** @param {() => void} openPalette */
function useFrameKeys(openPalette) {
  /** @type {import("../base/keys.js").Keys} */
  const keys = {
    "/": () => document.getElementById("search")?.focus(),
    "Ctrl-k": openPalette,
    "?": () => go(href("/help")),
    c: () => void copy(location.origin + href(place.value.path, { ...place.value.query, zone: zone.value }), "Link"),
  };
  for (const screen of listed()) if (screen.key) keys[`g ${screen.key}`] = () => go(href(screen.path));
  useKeys(keys);
}

/** @param {{ children?: ComponentChildren }} props */
export function Frame({ children }) {
  const [palette, setPalette] = useState(false);
  const [menu, setMenu] = useState(false);
  useFrameKeys(() => setPalette(true));
  const { path } = place.value;
  useEffect(() => {
    setMenu(false);
    setPalette(false);
    if (!arrival.back) window.scrollTo(0, 0);
  }, [path]);
  return div(
    { class: menu ? "frame menu-open" : "frame" },
    a({ class: "skip", href: "#main" }, "Skip to the content"),
    h(Top, { menu, setMenu, openPalette: () => setPalette(true), screen: screenOf(path)?.screen }),
    h(Menu, {}),
    main({ id: "main", tabIndex: -1 }, outdated.value && h(Outdated, {}), h(Warnings, {}), children, h(Commands, {})),
    h(Toasts, {}),
    palette && h(Palette, { close: () => setPalette(false) }),
  );
}
