// Links as a matrix: hosts down, miniapps across, with the traffic that each cell carried.

/** @import { Link } from "../../shapes.js" */
/** @import { Edge } from "../../setup.js" */
/** @typedef {{ host: string, miniapp: string, link: Link | null, count: number, last: string | null }} Cell */

/** Above this many columns the matrix would not be read any more, and the links are a list. */
export const MOST_COLUMNS = 30;

/** @param {Link[]} links @param {Edge[]} edges @returns {{ hosts: string[], miniapps: string[], cells: Cell[][] }} */
export function matrix(links, edges) {
  const sorted = (/** @type {string[]} */ names) => [...new Set(names)].sort();
  const hosts = sorted(links.map((link) => link.host));
  const miniapps = sorted(links.map((link) => link.miniapp));
  const byPair = new Map(links.map((link) => [`${link.host} ${link.miniapp}`, link]));
  const carried = traffic(edges);
  const cells = hosts.map((host) =>
    miniapps.map((miniapp) => {
      const seen = carried.get(`${host} ${miniapp}`);
      return {
        host,
        miniapp,
        link: byPair.get(`${host} ${miniapp}`) ?? null,
        count: seen?.count ?? 0,
        last: seen?.last ?? null,
      };
    }),
  );
  return { hosts, miniapps, cells };
}

/** The exchanges of each pair, whichever of the two began. @param {Edge[]} edges */
export function traffic(edges) {
  /** @type {Map<string, { count: number, last: string | null }>} */
  const all = new Map();
  for (const edge of edges) {
    for (const key of [`${edge.from} ${edge.to}`, `${edge.to} ${edge.from}`]) {
      const old = all.get(key) ?? { count: 0, last: null };
      const last =
        [old.last, edge.last_at]
          .filter((at) => typeof at === "string")
          .sort()
          .at(-1) ?? null;
      all.set(key, { count: old.count + edge.count, last });
    }
  }
  return all;
}

/** @param {Cell} cell */
export const stateOf = ({ link }) => (link === null ? "no link" : link.enabled ? "on" : "off");
