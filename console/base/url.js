// The address of the page is the whole state of the console: the screen, its filters, the time range and the zone.
import { signal } from "../vendor/signals.js";

/** @typedef {Record<string, string>} Query */
/** @typedef {Record<string, string | number | boolean | null | undefined>} Changes members without a value are removed */

const root = globalThis.document?.documentElement;

/** The path below which the console lives, without a slash at the end. */
export const base = root?.dataset["base"] ?? "";

/** The parameters that go along from screen to screen. */
const LASTING = ["since", "until", "zone"];

/** @param {string} search @returns {Query} */
export const readQuery = (search) => Object.fromEntries(new URLSearchParams(search));

/** @param {Changes} query */
export function writeQuery(query) {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== "" && value !== false) params.set(name, String(value));
  }
  const text = params
    .toString()
    .replaceAll("%3A", ":")
    .replaceAll("%2F", "/")
    .replaceAll("%2C", ",")
    .replaceAll("%7E", "~");
  return text && `?${text}`;
}

function read() {
  const { pathname, search } = globalThis.location ?? { pathname: "/", search: "" };
  const path = pathname.startsWith(base) ? pathname.slice(base.length) : pathname;
  return { path: path || "/", query: readQuery(search) };
}

/** The screen's path below the base, and its query. */
export const place = signal(read());

/** Whether this view was reached by the browser's back or forward. */
export const arrival = { back: false };

/** The address of a screen. @param {string} path @param {Changes} [query] */
export function href(path, query = {}) {
  const [bare = "", search = ""] = path.split("?", 2);
  /** @type {Changes} */
  const all = {};
  for (const name of LASTING) all[name] = place.value.query[name];
  return base + bare + writeQuery({ ...all, ...readQuery(search), ...query });
}

/** Goes to an address that `href` made. @param {string} address @param {{ replace?: boolean }} [how] */
export function go(address, { replace = false } = {}) {
  arrival.back = false;
  if (replace) history.replaceState(history.state, "", address);
  else history.pushState(null, "", address);
  place.value = read();
}

/** Changes parameters of this screen. @param {Changes} changes @param {{ replace?: boolean }} [how] */
export function setQuery(changes, how) {
  go(base + place.value.path + writeQuery({ ...place.value.query, ...changes }), how);
}

/** Follows links of the console without a new page. @param {MouseEvent} event */
function follow(event) {
  if (event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = event.target instanceof Element ? event.target.closest("a") : null;
  if (!(link instanceof HTMLAnchorElement) || link.target || link.hasAttribute("download")) return;
  if (link.origin !== location.origin || !link.pathname.startsWith(`${base}/`)) return;
  if (/^\/(api|docs|console|openapi\.json)(\/|$)/.test(link.pathname.slice(base.length))) return;
  event.preventDefault();
  // A link to a part of this page.
  if (link.hash && link.pathname === location.pathname) return document.getElementById(link.hash.slice(1))?.focus();
  go(link.pathname + link.search);
}

/** Starts to follow links and the browser's back and forward. */
export function followLinks() {
  document.addEventListener("click", follow);
  window.addEventListener("popstate", () => {
    arrival.back = true;
    place.value = read();
  });
}
