// A list from the API: rows that the keyboard can walk, pages, how far the search went, and what is new.
import { h } from "../vendor/preact.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { TRAFFIC, useLive } from "../base/live.js";
import { useList } from "../base/list.js";
import { useSlow } from "../base/resource.js";
import { tags } from "../base/tags.js";
import { openedRow, useRowKeys } from "./rows.js";
import { Bars, Fault } from "./states.js";
import { rowTable } from "./table.js";
import { When } from "./when.js";

const { div, button, p, span } = tags;

/** @import { ComponentChildren } from "../vendor/preact.js" */
/** @import { ListPath, Row } from "../base/api-types.js" */
/** @import { Column } from "./table.js" */

/** @param {{ searched: import("../shapes.js").Searched | undefined, next: string | null, more: () => void, loading: boolean, count: number }} props */
const Foot = ({ searched, next, more, loading, count }) =>
  div(
    { class: "list-foot", role: "status" },
    span(null, `${count} ${count === 1 ? "row" : "rows"}`),
    searched?.more &&
      span(
        null,
        "searched ",
        `${searched.rows.toLocaleString("en")} rows`,
        searched.to && " back to ",
        searched.to && h(When, { at: searched.to }),
      ),
    next &&
      button({ type: "button", disabled: loading, onClick: more }, searched?.more ? "Search further back" : "More"),
    !next && count > 0 && span({ class: "soft" }, "that is all"),
  );

/**
 * @template {ListPath} P
 * @typedef {object} ListProps
 * @property {P} path @property {string} caption @property {Column<Row<P>>[]} columns
 * @property {(row: Row<P>) => string} id @property {(row: Row<P>) => string} [to] the address of a row
 * @property {import("../base/api-types.js").Options["query"]} [query]
 * @property {Record<string, string>} [params] of the path
 * @property {string} [live] the kind of rows in the tail that belong here
 * @property {ComponentChildren} empty shown when nothing matches
 * @property {(row: Row<P>, reload: () => void) => void} [retry] what the key `r` does with a row
 * @property {number} [turn] a change loads the list again
 */

/** A list from the API. @template {ListPath} P @param {ListProps<P>} props */
export const list = (props) => h(/** @type {import("../vendor/preact.js").FunctionComponent<any>} */ (List), props);

/** @template {ListPath} P @param {ListProps<P>} props */
function List({ path, caption, columns, id, to, query = {}, params, live, empty, retry, turn }) {
  const pages = useList(path, { query, ...(params && { params }) });
  const slow = useSlow(pages.loading);
  const own = useRef(/** @type {HTMLDivElement | null} */ (null));
  const [fresh, setFresh] = useState(0);
  const asked = JSON.stringify([query, turn]);
  useEffect(() => setFresh(0), [asked]);
  useEffect(() => {
    if (turn) pages.reload();
  }, [turn]);
  useLive(live && !query["until"] ? { kinds: TRAFFIC } : null, ({ event }) => {
    // The server counts what it left out for all kinds together, or does not know it after a long break.
    if (event === live || event === "gap") setFresh((n) => n + (event === "gap" ? Infinity : 1));
  });
  useEffect(() => openedRow(own.current), [pages.rows === undefined]);
  useRowKeys(own, {
    ...(retry && {
      r: (rowId) => {
        const row = pages.rows?.find((one) => id(one) === rowId);
        if (row) retry(row, pages.reload);
      },
    }),
  });
  const look = () => {
    setFresh(0);
    pages.reload();
  };
  const rows = pages.rows;
  return div(
    { ref: own, class: slow && rows ? "list late" : "list", "aria-busy": pages.loading },
    div(
      { class: "list-new", role: "status" },
      fresh > 0 &&
        button(
          { type: "button", onClick: look },
          query["q"] ? "New traffic: search again" : fresh === Infinity ? "New traffic: look again" : `${fresh} new`,
        ),
    ),
    pages.problem && h(Fault, { problem: pages.problem, retry: pages.reload }),
    rows === undefined
      ? slow && h(Bars, { rows: 8 })
      : rows.length === 0 && !pages.next
        ? empty
        : [
            rows.length > 0
              ? rowTable({ caption, columns, rows, id, ...(to && { to }) })
              : p({ class: "soft" }, "Nothing so far."),
            h(Foot, {
              searched: pages.searched,
              next: pages.next,
              more: pages.more,
              loading: pages.loading,
              count: rows.length,
            }),
          ],
  );
}
