// The pages of a list, one after the other.
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { api, asProblem } from "./api.js";

/** @import { ListPath, Row } from "./api-types.js" */
/** @import { Problem } from "./api.js" */
/** @import { Searched } from "../shapes.js" */

/**
 * @template R
 * @typedef {object} Pages
 * @property {R[] | undefined} rows @property {string | null} next
 * @property {Searched | undefined} searched how far back the server has read
 * @property {Problem | undefined} problem @property {boolean} loading
 */

/**
 * Loads the first page whenever the query changes; `more` loads the next one.
 * @template {ListPath} P
 * @param {P} path @param {import("./api-types.js").Options} options
 */
export function useList(path, options) {
  /** @type {Pages<Row<P>>} */
  const empty = { rows: undefined, next: null, searched: undefined, problem: undefined, loading: true };
  const [pages, setPages] = useState(empty);
  const current = useRef(new AbortController());

  /** @param {string | null} cursor */
  async function load(cursor) {
    current.current.abort();
    const { signal } = (current.current = new AbortController());
    setPages((old) => ({ ...old, loading: true }));
    try {
      const query = { limit: 50, ...options.query, ...(cursor && { cursor }) };
      /** @type {any} */
      const page = await api.get(/** @type {any} */ (path), { ...options, query, signal });
      if (signal.aborted) return;
      setPages((old) => ({
        rows: cursor ? [...(old.rows ?? []), ...page.data] : page.data,
        next: page.next ?? null,
        searched: page.searched,
        problem: undefined,
        loading: false,
      }));
    } catch (error) {
      if (!signal.aborted) setPages((old) => ({ ...old, problem: asProblem(error), loading: false }));
    }
  }

  useEffect(() => {
    load(null);
    return () => current.current.abort();
  }, [path, JSON.stringify(options)]);
  return { ...pages, more: () => load(pages.next), reload: () => load(null) };
}
