// The screens: the one place that a new screen is added to. `README.md` says how.

/**
 * @typedef {object} Screen
 * @property {string} path its path; `:name` takes one segment, which the screen gets as `params.name`
 * @property {string} title in the menu, the palette and the window
 * @property {() => Promise<{ default: import("../vendor/preact.js").FunctionComponent<ScreenProps> }>} load
 * @property {string} [permission] without it the screen is neither listed nor shown
 * @property {boolean} [unlisted] only pages outside of the console lead to it, so the palette does not have it
 * @property {string} [group] its group in the menu; without it, it is reached from another screen
 * @property {string} [key] the key after `g` that goes there
 * @property {string} [words] more words that the palette finds it by
 * @property {string} [since] its time range when the address has none
 * @property {string} [search] what the box at the top does here; then it is this screen's filter `q`
 *
 * @typedef {{ params: Record<string, string>, query: Record<string, string> }} ScreenProps
 */

/** @type {Screen[]} */
export const SCREENS = [
  {
    path: "/",
    title: "Overview",
    group: "Watch",
    key: "o",
    permission: "overview.read",
    words: "home needs you rate dead",
    since: "1h",
    load: () => import("../screens/overview/view.js"),
  },
  {
    path: "/map",
    title: "Map",
    group: "Watch",
    key: "m",
    permission: "overview.read",
    words: "who says what to whom graph",
    since: "1h",
    load: () => import("../screens/map/view.js"),
  },
  {
    path: "/tail",
    title: "Tail",
    group: "Watch",
    key: "t",
    permission: "events.read",
    words: "live log stream",
    search: "Filter the tail",
    load: () => import("../screens/tail/view.js"),
  },
  {
    path: "/events",
    title: "Events",
    group: "Traffic",
    key: "e",
    permission: "events.read",
    words: "publish search",
    search: "Search events",
    load: () => import("../screens/events/view.js"),
  },
  {
    path: "/events/:id",
    title: "Event",
    permission: "events.read",
    load: () => import("../screens/event/view.js"),
  },
  {
    path: "/deliveries",
    title: "Deliveries",
    group: "Traffic",
    key: "d",
    permission: "events.read",
    words: "queue pending dead retry",
    search: "Search deliveries",
    load: () => import("../screens/deliveries/view.js"),
  },
  {
    path: "/deliveries/:id",
    title: "Delivery",
    permission: "events.read",
    load: () => import("../screens/delivery/view.js"),
  },
  {
    path: "/exchanges",
    title: "Exchanges",
    group: "Traffic",
    key: "x",
    permission: "events.read",
    words: "bridge request answer",
    search: "Search exchanges",
    load: () => import("../screens/exchanges/view.js"),
  },
  {
    path: "/exchanges/:id",
    title: "Exchange",
    permission: "events.read",
    load: () => import("../screens/exchange/view.js"),
  },
  {
    path: "/recover",
    title: "Recover",
    group: "Traffic",
    key: "r",
    permission: "events.read",
    words: "jobs retry replay bulk dead",
    search: "Search deliveries to recover",
    load: () => import("../screens/recover/view.js"),
  },
  {
    path: "/recover/:id",
    title: "Job",
    permission: "events.read",
    load: () => import("../screens/job/view.js"),
  },
  {
    path: "/try",
    title: "Try it",
    group: "Traffic",
    key: "y",
    permission: "events.send",
    words: "send test event exchange page snippet compose",
    load: () => import("../screens/try/view.js"),
  },
  {
    path: "/apps",
    title: "Apps",
    group: "Set-up",
    key: "a",
    permission: "apps.read",
    words: "credentials add app",
    load: () => import("../screens/apps/view.js"),
  },
  {
    path: "/apps/:name",
    title: "App",
    permission: "apps.read",
    load: () => import("../screens/app/view.js"),
  },
  {
    path: "/hooks",
    title: "Hooks & lanes",
    group: "Set-up",
    key: "k",
    permission: "apps.read",
    words: "queue pause resume skip subscribe",
    load: () => import("../screens/hooks/view.js"),
  },
  {
    path: "/links",
    title: "Links",
    group: "Set-up",
    key: "l",
    permission: "apps.read",
    words: "host miniapp matrix",
    load: () => import("../screens/links/view.js"),
  },
  {
    path: "/explain",
    title: "Explain",
    group: "Set-up",
    key: "w",
    permission: "apps.read",
    words: "why not what if receiver",
    load: () => import("../screens/explain/view.js"),
  },
  {
    path: "/receiver-test",
    title: "Receiver tester",
    group: "Set-up",
    permission: "events.send",
    words: "probes signature check",
    load: () => import("../screens/receiver-test/view.js"),
  },
  {
    path: "/audit",
    title: "Audit",
    group: "Server",
    key: "u",
    permission: "audit.read",
    words: "who changed what log",
    load: () => import("../screens/audit/view.js"),
  },
  {
    path: "/people",
    title: "People",
    group: "Server",
    key: "p",
    permission: "overview.read",
    words: "users roles tokens sessions permissions sign out",
    load: () => import("../screens/people/view.js"),
  },
  {
    path: "/apps-sign-in",
    title: "Sign in to apps",
    unlisted: true,
    load: () => import("../screens/apps-sign-in/view.js"),
  },
  {
    path: "/settings",
    title: "Settings & doctor",
    group: "Server",
    key: "s",
    permission: "overview.read",
    words: "configuration version disk health",
    load: () => import("../screens/settings/view.js"),
  },
  {
    path: "/reference",
    title: "API reference",
    group: "Server",
    key: "i",
    words: "openapi operations curl http rest",
    load: () => import("../screens/reference/view.js"),
  },
  {
    path: "/help",
    title: "Help",
    group: "Server",
    key: "h",
    words: "keys words errors guides",
    load: () => import("../screens/help/view.js"),
  },
];

/** The groups of the menu, in order. */
export const GROUPS = ["Watch", "Traffic", "Set-up", "Server"];

/** @param {string} path @returns {{ screen: Screen, params: Record<string, string> } | null} */
export function screenOf(path) {
  const asked = segments(path);
  for (const screen of SCREENS) {
    const params = match(segments(screen.path), asked);
    if (params) return { screen, params };
  }
  return null;
}

/** @param {string} path */
const segments = (path) => path.split("/").filter(Boolean);

/** @param {string[]} pattern @param {string[]} asked */
function match(pattern, asked) {
  if (pattern.length !== asked.length) return null;
  /** @type {Record<string, string>} */
  const params = {};
  for (const [place, part] of pattern.entries()) {
    const given = asked[place] ?? "";
    if (part.startsWith(":")) params[part.slice(1)] = decode(given);
    else if (part !== given) return null;
  }
  return params;
}

/** @param {string} text */
function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const OF_IDS = /** @type {Record<string, (id: string) => string>} */ ({
  evt: (id) => `/events/${id}`,
  exc: (id) => `/exchanges/${id}`,
  dlv: (id) => `/deliveries/${id}`,
  hook: (id) => `/hooks?id=${id}`,
  job: (id) => `/recover/${id}`,
});

/** The screen of an id, if the text is one. @param {string} text @returns {string | null} */
export function screenOfId(text) {
  const [id = "", kind = ""] = /^(evt|exc|dlv|hook|job)_[0-9a-z]+$/.exec(text.trim()) ?? [];
  return OF_IDS[kind]?.(id) ?? null;
}
