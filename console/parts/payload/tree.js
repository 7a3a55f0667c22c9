// The tree of a payload. One row has the focus; the buttons above act on it.
import { h } from "../../vendor/preact.js";
import { useEffect, useRef, useState } from "../../vendor/hooks.js";
import { tags } from "../../base/tags.js";
import { href } from "../../base/url.js";
import { Icon } from "../marks.js";
import { quoted } from "../terms.js";
import { Copy } from "../toast.js";
import { above, found, pathOf, valueText, visible } from "./model.js";
import { plain } from "./parse.js";

const { div, span, input, a, button } = tags;

/** @import { Node } from "./parse.js" */

const ROWS = 400;

/** @param {Node} node @param {boolean} folded */
const summary = (node, folded) => {
  if (node.kind === "object") return node.count === 0 ? "{}" : folded ? `{ ${node.count} }` : "{";
  if (node.kind === "array") return node.count === 0 ? "[]" : folded ? `[ ${node.count} ]` : "[";
  return node.text.length > 2000 ? `${node.text.slice(0, 2000)}…` : node.text;
};

/** @param {{ nodes: Node[], place: number, id?: string | undefined }} props */
function Chosen({ nodes, place, id }) {
  const path = pathOf(nodes, place);
  const node = nodes[place];
  const value = node && node.count === 0 ? valueText(nodes, place) : "";
  const canSearch = id && node && node.count === 0 && path && value.length < 200 && !/[\s:"\\]/.test(path);
  return div(
    { class: "row chosen" },
    span({ class: "path", title: path }, path || "the whole payload"),
    h(Copy, { text: () => valueText(nodes, place), what: "value", label: "Value" }),
    path && h(Copy, { text: path, what: "path", label: "Path" }),
    canSearch && a({ class: "button", href: href("/events", { q: `body.${path}:${quoted(value)}` }) }, "Find others"),
  );
}

/** @param {{ nodes: Node[], id?: string | undefined }} props */
export function Tree({ nodes, id }) {
  const [folded, setFolded] = useState(/** @type {ReadonlySet<number>} */ (new Set()));
  const [place, setPlace] = useState(0);
  const [most, setMost] = useState(ROWS);
  const [word, setWord] = useState("");
  const own = useRef(/** @type {HTMLDivElement | null} */ (null));
  const moved = useRef(false);
  const rows = visible(nodes, folded, most);
  const hits = found(nodes, word);
  const marked = new Set(hits);

  useEffect(() => {
    const row = own.current?.querySelector('[tabindex="0"]');
    if (moved.current && row instanceof HTMLElement) row.focus();
    moved.current = false;
  }, [place]);

  /** @param {number} at @param {boolean} [fold] */
  const toggle = (at, fold = !folded.has(at)) => {
    const next = new Set(folded);
    if (fold && (nodes[at]?.count ?? 0) > 0) next.add(at);
    else next.delete(at);
    setFolded(next);
  };
  /** @param {number} to */
  const moveTo = (to) => {
    moved.current = true;
    setPlace(to);
  };
  /** @param {KeyboardEvent} event */
  const press = (event) => {
    const at = rows.indexOf(place);
    const node = nodes[place];
    const open = (node?.count ?? 0) > 0 && !folded.has(place);
    const to = {
      ArrowDown: () => moveTo(rows[at + 1] ?? place),
      ArrowUp: () => moveTo(rows[at - 1] ?? place),
      Home: () => moveTo(0),
      End: () => moveTo(rows.at(-1) ?? 0),
      ArrowRight: () => (open ? moveTo(rows[at + 1] ?? place) : toggle(place, false)),
      ArrowLeft: () => (open ? toggle(place, true) : moveTo(Math.max(0, node?.parent ?? 0))),
      Enter: () => toggle(place),
      " ": () => toggle(place),
    }[event.key];
    if (!to) return;
    event.preventDefault();
    event.stopPropagation();
    to();
  };
  /** Goes to the next place that has the word, and opens what it is inside of. */
  const next = () => {
    const to = hits.find((hit) => hit > place) ?? hits[0];
    if (to === undefined) return;
    const inside = above(nodes, to);
    const open = new Set([...folded].filter((one) => !inside.includes(one)));
    setFolded(open);
    const needed = visible(nodes, open, Infinity).indexOf(to);
    if (needed >= most) setMost(needed + ROWS);
    moveTo(to);
  };

  return div(
    { class: "tree-box" },
    div(
      { class: "row" },
      input({
        type: "search",
        "aria-label": "Find in the payload",
        placeholder: "Find",
        value: word,
        onInput: (event) => setWord(event.currentTarget.value),
        onKeyDown: (event) => event.key === "Enter" && (event.preventDefault(), next()),
      }),
      word && span({ class: "soft", role: "status" }, `${hits.length} found`),
      h(Chosen, { nodes, place, id }),
    ),
    div(
      { ref: own, class: "tree", role: "tree", "aria-label": "Payload", onKeyDown: press },
      rows.map((at) => {
        const node = /** @type {Node} */ (nodes[at]);
        const opens = node.count > 0;
        return div(
          {
            key: at,
            role: "treeitem",
            "aria-level": node.depth + 1,
            "aria-expanded": opens ? !folded.has(at) : undefined,
            "aria-selected": at === place,
            tabIndex: at === place ? 0 : -1,
            class: `node ${marked.has(at) ? "hit" : ""}`,
            style: { "--depth": Math.min(node.depth, 40) },
            onClick: () => (setPlace(at), opens && toggle(at)),
            onFocus: () => setPlace(at),
          },
          opens
            ? span({ class: folded.has(at) ? "fold" : "fold open" }, h(Icon, { name: "right" }))
            : span({ class: "fold" }),
          node.key !== null && [span({ class: "node-key" }, String(node.key)), ": "],
          span(
            { class: `node-${node.kind}`, title: node.kind === "string" ? plain(node.text).slice(0, 200) : undefined },
            summary(node, folded.has(at)),
          ),
        );
      }),
    ),
    rows.length === most && button({ type: "button", onClick: () => setMost(most + ROWS) }, "Show more"),
  );
}
