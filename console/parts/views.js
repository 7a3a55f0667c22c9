// Saved views: a filter of a screen under a name, kept by the server for each person.
import { h } from "../vendor/preact.js";
import { useState } from "../vendor/hooks.js";
import { api } from "../base/api.js";
import { useResource } from "../base/resource.js";
import { tags } from "../base/tags.js";
import { base, place, writeQuery } from "../base/url.js";
import { Ask } from "./dialog.js";
import { Icon } from "./marks.js";
import { loaded } from "./states.js";
import { toast } from "./toast.js";

const { a, button, div, input, label, li, p, span, ul } = tags;

/** @import { SavedView } from "../shapes.js" */

/** @param {{ close: () => void, done: () => void }} props */
function Save({ close, done }) {
  const [name, setName] = useState("");
  const { path, query } = place.value;
  const act = async () => {
    const body = { screen: path, query: writeQuery(query).slice(1) };
    await api.put("/api/v1/views/{name}", { params: { name: name.trim() }, body });
    toast(`View ${name.trim()} saved`);
    done();
  };
  return h(
    Ask,
    { title: "Save this view", action: "Save", act, close },
    p({ class: "soft" }, "It keeps the screen, the search and the time range. A view of the same name is replaced."),
    label(
      null,
      "Name",
      input({ required: true, maxLength: 64, value: name, onInput: (event) => setName(event.currentTarget.value) }),
    ),
  );
}

/** @param {{ views: SavedView[], reload: () => void }} props */
function Saved({ views, reload }) {
  const remove = async (/** @type {string} */ name) => {
    await api
      .delete("/api/v1/views/{name}", { params: { name } })
      .catch((error) => toast(error.message, { tone: "bad" }));
    reload();
  };
  if (views.length === 0) return p({ class: "soft" }, "No view of this screen is saved.");
  return ul(
    { class: "plain" },
    views.map(({ name, screen, query }) =>
      li(
        { key: name, class: "row tight" },
        a({ class: "grow", href: `${base}${screen}${query && `?${query}`}` }, name),
        button(
          { type: "button", class: "quiet", "aria-label": `Remove the view ${name}`, onClick: () => remove(name) },
          h(Icon, { name: "close" }),
        ),
      ),
    ),
  );
}

/** The views, which are loaded when they are looked at. @param {{ save: () => void, turn: number }} props */
function Menu({ save, turn }) {
  const views = useResource(`views ${turn}`, (signal) => api.get("/api/v1/views", { signal }));
  return [
    loaded({
      of: views,
      rows: 2,
      show: ({ data }) =>
        h(Saved, { views: data.filter((view) => view.screen === place.value.path), reload: views.reload }),
    }),
    button({ type: "button", onClick: save }, "Save this view…"),
  ];
}

/** The button of a list for its saved views. */
export function Views() {
  const [state, setState] = useState({ open: false, saving: false, turn: 0 });
  return span(
    { class: "views" },
    button({ type: "button", popoverTarget: "views" }, "Views", h(Icon, { name: "down" })),
    div(
      {
        id: "views",
        popover: "auto",
        class: "pop",
        onToggle: (event) => setState((old) => ({ ...old, open: /** @type {any} */ (event).newState === "open" })),
      },
      state.open && h(Menu, { turn: state.turn, save: () => setState((old) => ({ ...old, saving: true })) }),
    ),
    state.saving &&
      h(Save, {
        close: () => setState((old) => ({ ...old, saving: false })),
        done: () => setState((old) => ({ ...old, turn: old.turn + 1 })),
      }),
  );
}
