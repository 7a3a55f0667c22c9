// Rows in columns. The first cell is the link of the row, and a click anywhere in the row follows it.
import { h } from "../vendor/preact.js";
import { tags } from "../base/tags.js";

const { div, table, thead, tbody, tr, th, td, a } = tags;

/** @import { ComponentChildren } from "../vendor/preact.js" */
/**
 * @template R
 * @typedef {object} Column
 * @property {string} title @property {(row: R) => ComponentChildren} cell
 * @property {"number" | "wide" | "id"} [kind] how it is set @property {boolean} [minor] soft on a narrow screen
 */

/**
 * @template R
 * @typedef {{ caption: string, columns: Column<R>[], rows: R[], id: (row: R) => string, to?: (row: R) => string }} TableProps
 */

/** Rows that are there already. The first cell is a link if `to` gives addresses. @template R @param {TableProps<R>} props */
export const rowTable = (props) =>
  h(/** @type {import("../vendor/preact.js").FunctionComponent<any>} */ (Table), props);

/** @template R @param {TableProps<R>} props */
function Table({ caption, columns, rows, id, to }) {
  const cls = (/** @type {Column<R>} */ column) => `${column.kind ?? ""}${column.minor ? " minor" : ""}`;
  return div(
    { class: "table", role: "group", "aria-label": caption, tabIndex: 0 },
    table(
      { class: "rows cards" },
      thead(
        null,
        tr(
          null,
          columns.map((column) => th({ key: column.title, scope: "col", class: cls(column) }, column.title)),
        ),
      ),
      tbody(
        null,
        rows.map((row) =>
          tr(
            { key: id(row), "data-id": id(row), class: to ? "opens" : "" },
            columns.map((column, place) =>
              td(
                { key: column.title, class: cls(column), "data-title": column.title },
                place === 0 && to
                  ? a(
                      { class: "row-link", href: to(row), onClick: () => leaveFor(rows.map(to), id(row)) },
                      column.cell(row),
                    )
                  : column.cell(row),
              ),
            ),
          ),
        ),
      ),
    ),
  );
}

/** The rows of the list that was left last, and the one that was opened. */
export const left = { /** @type {string[]} */ addresses: [], row: "" };

/** @param {string[]} addresses of all rows @param {string} row the id of the one that is opened */
function leaveFor(addresses, row) {
  Object.assign(left, { addresses, row });
}
