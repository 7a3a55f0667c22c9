// The palette: screens, ids, apps, names and a few actions, by typing.
import { h } from "../../vendor/preact.js";
import { useEffect, useState } from "../../vendor/hooks.js";
import { api } from "../../base/api.js";
import { theme } from "../../base/prefs.js";
import { screenOfId, SCREENS } from "../../base/screens.js";
import { can, signOut } from "../../base/session.js";
import { tags } from "../../base/tags.js";
import { rememberedZone, ZONES } from "../../base/time.js";
import { go, href, setQuery } from "../../base/url.js";
import { Dialog } from "../../parts/dialog.js";
import { best, screenOfFound } from "./model.js";

const { div, input, ul, li, span, p } = tags;

/** @typedef {{ title: string, kind: string, words?: string, run: () => void }} Item */

/** @returns {Item[]} */
function own() {
  const there = SCREENS.filter(({ path, unlisted }) => !path.includes(":") && !unlisted);
  const screens = there.filter(({ permission }) => can(permission)).map((screen) => ({
    title: screen.title,
    kind: screen.key ? `screen · g ${screen.key}` : "screen",
    words: screen.words ?? "",
    run: () => go(href(screen.path)),
  }));
  /** @type {Item[]} */
  const actions = [
    ...["system", "light", "dark"].map((name) => ({
      title: `Theme: ${name}`,
      kind: "action",
      run: () => void (theme.value = name),
    })),
    ...ZONES.map((name) => ({
      title: `Times: ${name === "utc" ? "UTC" : name}`,
      kind: "action",
      run: () => {
        rememberedZone.value = name;
        setQuery({ zone: name }, { replace: true });
      },
    })),
    { title: "Sign out", kind: "action", run: () => void signOut() },
  ];
  return [...screens, ...actions];
}

/** What the server finds: apps, names, ids. @param {string} typed */
function useFound(typed) {
  const [found, setFound] = useState(/** @type {Item[]} */ ([]));
  useEffect(() => {
    const q = typed.trim();
    if (q.length < 2) return setFound([]);
    const abort = new AbortController();
    const timer = setTimeout(async () => {
      const answer = await api.get("/api/v1/search", { query: { q }, signal: abort.signal }).catch(() => null);
      if (!answer) return;
      setFound(
        answer.data.map((one) => ({
          title: one.text || one.id,
          kind: one.kind,
          run: () => go(href(screenOfFound(one))),
        })),
      );
    }, 150);
    return () => (clearTimeout(timer), abort.abort());
  }, [typed]);
  return found;
}

/** @param {{ close: () => void }} props */
export default function Palette({ close }) {
  const [typed, setTyped] = useState("");
  const [place, setPlace] = useState(0);
  const found = useFound(typed);
  const id = screenOfId(typed);
  /** @type {Item[]} */
  const items = [
    ...(id ? [{ title: `Open ${typed.trim()}`, kind: "id", run: () => go(href(id)) }] : []),
    ...best(own(), typed),
    ...found,
    ...(typed.trim() && !id
      ? [
          {
            title: `Search events for ${typed.trim()}`,
            kind: "search",
            run: () => go(href("/events", { q: typed.trim() })),
          },
        ]
      : []),
  ].slice(0, 40);
  const chosen = Math.min(place, items.length - 1);
  useEffect(() => document.getElementById(`choice-${chosen}`)?.scrollIntoView({ block: "nearest" }), [chosen]);

  /** @param {Item | undefined} item */
  const run = (item) => {
    close();
    item?.run();
  };
  /** @param {KeyboardEvent} event */
  const press = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) setPlace((chosen + step + items.length) % items.length);
    else if (event.key === "Enter") run(items[chosen]);
    else return;
    event.preventDefault();
  };

  return h(
    Dialog,
    { title: "Go to", close },
    div(
      { class: "palette" },
      input({
        type: "text",
        role: "combobox",
        "aria-label": "Screen, app, name, id or action",
        "aria-expanded": true,
        "aria-controls": "choices",
        "aria-activedescendant": items.length > 0 ? `choice-${chosen}` : undefined,
        placeholder: "Screen, app, name, id or action",
        autofocus: true,
        autocomplete: "off",
        spellcheck: false,
        value: typed,
        onInput: (event) => (setTyped(event.currentTarget.value), setPlace(0)),
        onKeyDown: press,
      }),
      items.length === 0
        ? p({ class: "soft" }, "Nothing of this name.")
        : ul(
            { id: "choices", role: "listbox", "aria-label": "Results" },
            items.map((item, n) =>
              li(
                {
                  key: `${item.kind} ${item.title}`,
                  id: `choice-${n}`,
                  role: "option",
                  "aria-selected": n === chosen,
                  onClick: () => run(item),
                  onPointerMove: () => setPlace(n),
                },
                span(null, item.title),
                span({ class: "soft" }, item.kind),
              ),
            ),
          ),
    ),
  );
}
