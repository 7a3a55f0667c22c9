// A payload: a tree that folds, or the text as it is; find, copy, compare, save.
import { h } from "../../vendor/preact.js";
import { useMemo, useState } from "../../vendor/hooks.js";
import { tags } from "../../base/tags.js";
import { Icon } from "../marks.js";
import { download } from "../save.js";
import { Copy } from "../toast.js";
import { Compare } from "./compare.js";
import { MOST_BYTES, MOST_NODES } from "./model.js";
import { parse } from "./parse.js";
import { Tree } from "./tree.js";

const { div, button, pre, p, span } = tags;

/** Characters of text that are drawn at once. */
const STEP = 64 * 1024;

/** Text in portions: a line of a megabyte would hold the browser up. @param {{ text: string }} props */
export function Raw({ text }) {
  const [shown, setShown] = useState(STEP);
  const parts = [];
  for (let at = 0; at < Math.min(shown, text.length); at += 4096)
    parts.push(text.slice(at, Math.min(at + 4096, shown)));
  return div(
    { class: "raw" },
    pre(
      { tabIndex: 0, "aria-label": "Text" },
      parts.map((part, n) => span({ key: n }, part)),
    ),
    text.length > shown &&
      div(
        { class: "row" },
        button({ type: "button", onClick: () => setShown(shown + STEP) }, "Show more"),
        span({ class: "soft" }, `${Math.round(shown / 1024)} of ${Math.round(text.length / 1024)} KiB`),
      ),
  );
}

/** @param {number} length */
const size = (length) => (length < 1024 ? `${length} bytes` : `${(length / 1024).toFixed(1)} KiB`);

/** @param {{ text: string, name: string, id?: string }} props `id` is the event that it belongs to */
export function Payload({ text, name, id }) {
  const large = text.length > MOST_BYTES;
  const few = useMemo(() => (large ? null : parse(text, MOST_NODES)), [text]);
  const [mode, setMode] = useState(few ? "tree" : "raw");
  const [comparing, setComparing] = useState(false);
  const nodes = useMemo(() => (mode === "tree" ? (few ?? parse(text)) : few), [text, mode]);
  const choose = (/** @type {string} */ to, /** @type {string} */ title) =>
    button({ type: "button", "aria-pressed": mode === to, onClick: () => setMode(to) }, title);
  return div(
    { class: "payload" },
    div(
      { class: "row payload-top" },
      div({ class: "row joined" }, choose("tree", "Tree"), choose("raw", "Text")),
      span({ class: "soft" }, size(text.length)),
      span({ class: "grow" }),
      id && button({ type: "button", "aria-expanded": comparing, onClick: () => setComparing(!comparing) }, "Compare…"),
      h(Copy, { text, what: "payload", label: "Copy" }),
      button(
        { type: "button", onClick: () => download(new Blob([text], { type: "application/json" }), `${name}.json`) },
        h(Icon, { name: "save" }),
        "Save",
      ),
    ),
    comparing && nodes && h(Compare, { nodes, id: id ?? "" }),
    mode === "raw"
      ? h(Raw, { text })
      : nodes
        ? h(Tree, { nodes, id })
        : p({ class: "soft" }, "This is no JSON. “Text” shows it as it is."),
  );
}
