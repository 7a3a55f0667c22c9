// The head of a screen, and the parts that most screens have.
import { useEffect, useRef } from "../vendor/hooks.js";
import { tags } from "../base/tags.js";
import { place, setQuery } from "../base/url.js";

const { header, h1, h2, div, section, button, dl, dt, dd, nav, a } = tags;

/** @import { ComponentChildren } from "../vendor/preact.js" */

/** @param {{ title: string, sub?: ComponentChildren, children?: ComponentChildren }} props children are its buttons */
export function Head({ title, sub, children }) {
  const own = useRef(/** @type {HTMLHeadingElement | null} */ (null));
  useEffect(() => {
    document.title = `${title} · Footbridge`;
  }, [title]);
  // A new screen is read from its heading on, as a new page would be.
  useEffect(() => {
    if (!(document.activeElement instanceof HTMLInputElement)) own.current?.focus({ preventScroll: true });
  }, []);
  return header(
    { class: "head" },
    div({ class: "head-text" }, h1({ ref: own, tabIndex: -1 }, title), sub && div({ class: "sub" }, sub)),
    children && div({ class: "row" }, children),
  );
}

/** @param {{ title: string, aside?: ComponentChildren, children?: ComponentChildren, class?: string }} props */
export const Part = ({ title, aside, children, class: extra = "" }) =>
  section(
    { class: `part ${extra}`, "aria-label": title },
    div({ class: "part-top" }, h2(null, title), aside && div({ class: "row" }, aside)),
    children,
  );

/** Names and values. @param {{ of: (readonly [string, ComponentChildren])[] }} props */
export const Facts = ({ of }) =>
  dl(
    { class: "facts" },
    of.map(([name, value]) => div({ key: name }, dt(null, name), dd(null, value))),
  );

/**
 * Tabs whose choice is in the address.
 * @param {{ name?: string, tabs: { id: string, title: ComponentChildren, show: () => ComponentChildren }[] }} props
 */
export function Tabs({ name = "tab", tabs }) {
  const asked = place.value.query[name];
  const chosen = tabs.find((tab) => tab.id === asked) ?? tabs[0];
  /** @param {KeyboardEvent} event */
  const move = (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const next = tabs[(tabs.findIndex((tab) => tab === chosen) + step + tabs.length) % tabs.length];
    setQuery({ [name]: next?.id }, { replace: true });
    document.getElementById(`${name}-${next?.id}`)?.focus();
  };
  return div(
    { class: "tabs" },
    div(
      { role: "tablist", class: "tablist", onKeyDown: move },
      tabs.map((tab) =>
        button(
          {
            key: tab.id,
            id: `${name}-${tab.id}`,
            type: "button",
            role: "tab",
            "aria-selected": tab === chosen,
            tabIndex: tab === chosen ? 0 : -1,
            onClick: () => setQuery({ [name]: tab.id }, { replace: true }),
          },
          tab.title,
        ),
      ),
    ),
    chosen && div({ role: "tabpanel", "aria-labelledby": `${name}-${chosen.id}`, key: chosen.id }, chosen.show()),
  );
}

/** Links that choose one of several views of a list. @param {{ label: string, of: { title: ComponentChildren, href: string, chosen: boolean }[] }} props */
export const Choices = ({ label, of }) =>
  nav(
    { class: "choices", "aria-label": label },
    of.map(({ title, href, chosen }) => a({ key: href, href, "aria-current": chosen ? "true" : undefined }, title)),
  );
