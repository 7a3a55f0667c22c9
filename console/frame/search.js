// The one search box: the filter of a list, or an id or words from anywhere.
import { h } from "../vendor/preact.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { tags } from "../base/tags.js";
import { go, href, place, setQuery } from "../base/url.js";
import { Icon } from "../parts/marks.js";
import { screenOfId } from "../base/screens.js";

const { form, input, button, span, kbd } = tags;

/** @param {{ screen: import("../base/screens.js").Screen | undefined, openPalette: () => void }} props */
export function Search({ screen, openPalette }) {
  const q = screen?.search ? (place.value.query["q"] ?? "") : "";
  const [text, setText] = useState(q);
  const [open, setOpen] = useState(false);
  const field = useRef(/** @type {HTMLInputElement | null} */ (null));
  useEffect(() => setText(q), [q, screen?.path]);
  const [hints, setHints] = useState(/** @type {{ View?: typeof import("./hints.js").Hints }} */ ({}));
  useEffect(() => {
    if (open && !hints.View) import("./hints.js").then(({ Hints }) => setHints({ View: Hints }));
  }, [open]);

  /** @param {SubmitEvent} event */
  function submit(event) {
    event.preventDefault();
    setOpen(false);
    const found = screenOfId(text);
    if (found) go(href(found));
    else if (screen?.search) setQuery({ q: text.trim() });
    else go(href("/events", { q: text.trim() }));
  }

  /** @param {string} completed */
  function take(completed) {
    setText(completed);
    field.current?.focus();
  }

  const title = `${screen?.search ?? "Search events"}, or paste an id`;
  return form(
    {
      class: "search",
      role: "search",
      onSubmit: submit,
      onFocusOut: (event) =>
        !event.currentTarget.contains(/** @type {Node | null} */ (event.relatedTarget)) && setOpen(false),
    },
    h(Icon, { name: "search" }),
    input({
      id: "search",
      ref: field,
      type: "text",
      "aria-label": title,
      placeholder: title,
      autocomplete: "off",
      spellcheck: false,
      enterKeyHint: "search",
      value: text,
      onFocus: () => setOpen(true),
      onInput: (event) => (setText(event.currentTarget.value), setOpen(true)),
      onKeyDown: (event) => {
        if (event.key === "Escape") open ? setOpen(false) : field.current?.blur();
      },
    }),
    text &&
      button(
        {
          type: "button",
          class: "quiet",
          "aria-label": "Empty the search",
          onClick: () => (setText(""), screen?.search && setQuery({ q: null })),
        },
        h(Icon, { name: "close" }),
      ),
    button(
      {
        type: "button",
        class: "quiet palette-button",
        title: "Screens, apps, names and actions",
        onClick: openPalette,
      },
      kbd(null, "Ctrl K"),
      span({ class: "unseen" }, "Open the palette"),
    ),
    open && hints.View && h(hints.View, { text, take }),
  );
}
