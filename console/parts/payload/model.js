// What the payload viewer shows of a parsed text: which rows are visible, their paths, what is found, what differs.
import { plain } from "./parse.js";

/** @import { Node } from "./parse.js" */

/** Above these a payload is shown as text first. */
export const MOST_BYTES = 256 * 1024;
export const MOST_NODES = 5000;

/** The places of the rows that are not inside a folded one. @param {Node[]} nodes @param {ReadonlySet<number>} folded @param {number} most */
export function visible(nodes, folded, most) {
  const rows = [];
  for (let place = 0; place < nodes.length && rows.length < most;) {
    rows.push(place);
    place = folded.has(place) ? (nodes[place]?.end ?? place + 1) : place + 1;
  }
  return rows;
}

/** The path of a node as the search takes it: `order.items[0].id`. @param {Node[]} nodes @param {number} place */
export function pathOf(nodes, place) {
  const parts = [];
  for (let node = nodes[place]; node && node.parent >= 0; node = nodes[node.parent]) {
    parts.unshift(typeof node.key === "number" ? `[${node.key}]` : `.${node.key}`);
  }
  return parts.join("").replace(/^\./, "");
}

/** The value as it is written, for copying. @param {Node[]} nodes @param {number} place @returns {string} */
export function valueText(nodes, place) {
  const from = nodes[place];
  if (!from) return "";
  if (from.kind === "string") return plain(from.text);
  /** @type {string[]} */
  const parts = [];
  /** @type {string[]} */
  const closers = [];
  const close = (/** @type {number} */ depth) => {
    while (closers.length > depth) parts.push(closers.pop() ?? "");
  };
  let opened = true;
  for (let at = place; at < from.end; at += 1) {
    const node = /** @type {Node} */ (nodes[at]);
    const depth = node.depth - from.depth;
    opened &&= depth === closers.length;
    close(depth);
    if (at > place) parts.push(opened ? "" : ",", typeof node.key === "string" ? `${JSON.stringify(node.key)}:` : "");
    opened = node.kind === "object" || node.kind === "array";
    if (opened) {
      parts.push(node.kind === "object" ? "{" : "[");
      closers.push(node.kind === "object" ? "}" : "]");
    } else parts.push(node.text);
  }
  close(0);
  return parts.join("");
}

/** The places whose name or value has the word in it. @param {Node[]} nodes @param {string} word */
export function found(nodes, word) {
  const wanted = word.toLowerCase();
  if (!wanted) return [];
  return nodes.flatMap((node, place) =>
    String(node.key ?? "")
      .toLowerCase()
      .includes(wanted) || node.text.toLowerCase().includes(wanted)
      ? [place]
      : [],
  );
}

/** Everything that a place is inside of. @param {Node[]} nodes @param {number} place */
export function above(nodes, place) {
  const all = [];
  for (let at = nodes[place]?.parent ?? -1; at >= 0; at = nodes[at]?.parent ?? -1) all.push(at);
  return all;
}

/** @param {Node[]} nodes @returns {Map<string, string>} every value that is no object or array, by its path */
function leaves(nodes) {
  const all = new Map();
  nodes.forEach((node, place) => {
    if (node.count === 0) all.set(pathOf(nodes, place), node.text || (node.kind === "object" ? "{}" : "[]"));
  });
  return all;
}

/** The values that differ. @param {Node[]} one @param {Node[]} other @returns {{ path: string, one: string | null, other: string | null }[]} */
export function differences(one, other) {
  const [left, right] = [leaves(one), leaves(other)];
  const paths = new Set([...left.keys(), ...right.keys()]);
  return [...paths]
    .filter((path) => left.get(path) !== right.get(path))
    .map((path) => ({ path, one: left.get(path) ?? null, other: right.get(path) ?? null }));
}
