// The layout of the map: who says on the left, who hears on the right. The same traffic gives the same picture.

/** @import { Edge } from "../../setup.js" */
/**
 * @typedef {{ id: string, from: string, to: string, count: number, failing: boolean, idle: boolean, way: string }} Pair
 * @typedef {{ name: string, y: number }} Node
 * @typedef {Pair & { y1: number, y2: number, width: number }} Arrow
 */

/** Above this many apps a drawing shows nothing any more: it starts with a focus or as a table. */
export const MOST_APPS = 40;
const ROW = 44;

/** @param {Edge} edge */
export const pairOf = (edge) => `${edge.from}~${edge.to ?? "nobody"}`;

/** @param {Edge[]} edges @returns {Pair[]} */
export function pairs(edges) {
  /** @type {Map<string, Pair>} */
  const all = new Map();
  for (const edge of edges) {
    const id = pairOf(edge);
    const pair = all.get(id) ?? {
      id,
      from: edge.from,
      to: edge.to ?? "nobody",
      count: 0,
      failing: false,
      idle: true,
      way: edge.way,
    };
    pair.count += edge.count;
    pair.failing ||= edge.failed > 0 || edge.dead > 0;
    pair.idle &&= edge.count === 0;
    all.set(id, pair);
  }
  return [...all.values()].sort((a, b) => b.count - a.count || a.id.localeCompare(b.id));
}

/** The edges within `depth` steps of an app. @param {Edge[]} edges @param {string} focus @param {number} depth */
export function near(edges, focus, depth) {
  if (!focus) return edges;
  const known = new Set([focus]);
  for (let step = 1; step < depth; step += 1) {
    const reached = edges.filter((edge) => known.has(edge.from) || known.has(edge.to ?? ""));
    for (const edge of reached) known.add(edge.from).add(edge.to ?? "");
  }
  return edges.filter((edge) => known.has(edge.from) || known.has(edge.to ?? ""));
}

/** @param {string[]} names @returns {Node[]} */
const stack = (names) => names.map((name, place) => ({ name, y: place * ROW + ROW / 2 }));

/** @param {Edge[]} edges */
export function layout(edges) {
  const drawn = pairs(edges);
  const said = stack([...new Set(drawn.map((pair) => pair.from))]);
  const from = new Map(said.map((node) => [node.name, node.y]));
  // A receiver stands about where those who speak to it stand, so that few arrows cross.
  const place = (/** @type {string} */ name) => {
    const own = drawn.filter((pair) => pair.to === name);
    return own.reduce((sum, pair) => sum + (from.get(pair.from) ?? 0), 0) / own.length;
  };
  const hearing = [...new Set(drawn.map((pair) => pair.to))].map((name) => ({ name, place: place(name) }));
  const heard = stack(hearing.sort((a, b) => a.place - b.place || a.name.localeCompare(b.name)).map((one) => one.name));
  const to = new Map(heard.map((node) => [node.name, node.y]));
  const most = Math.log(2 + Math.max(0, ...drawn.map((pair) => pair.count)));
  /** @type {Arrow[]} */
  const arrows = drawn.map((pair) => ({
    ...pair,
    y1: from.get(pair.from) ?? 0,
    y2: to.get(pair.to) ?? 0,
    width: 1.5 + (7 * Math.log(1 + pair.count)) / most,
  }));
  return { said, heard, arrows, height: Math.max(1, said.length, heard.length) * ROW };
}
