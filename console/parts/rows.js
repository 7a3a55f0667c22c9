// The keyboard in lists, and the neighbours of the row that was opened.
import { useKeys } from "../base/keys.js";
import { arrival, go } from "../base/url.js";
import { left } from "./table.js";

/** Returns the focus to the row that was opened from this list. @param {HTMLElement | null} list */
export function openedRow(list) {
  const row = left.row && list?.querySelector(`tr[data-id="${CSS.escape(left.row)}"] a.row-link`);
  if (row instanceof HTMLElement && arrival.back) row.focus();
}

/** The keys `[` and `]`: the row before and after the open one in its list. */
export function useNeighbours() {
  /** @param {number} step */
  const move = (step) => () => {
    const place = left.addresses.findIndex(
      (address) => new URL(address, location.origin).pathname === location.pathname,
    );
    const next = place < 0 ? undefined : left.addresses[place + step];
    if (!next) return false;
    go(next, { replace: true });
    return true;
  };
  useKeys({ "[": move(-1), "]": move(1) });
}

/**
 * Moves the focus from row to row; further keys get the id of the row in focus.
 * @param {{ current: HTMLElement | null }} own @param {Record<string, (id: string) => void>} [actions]
 */
export function useRowKeys(own, actions = {}) {
  const links = () => [...(own.current?.querySelectorAll("tr a.row-link") ?? [])];
  const focused = () => links().findIndex((link) => link === document.activeElement);
  /** @param {number} step */
  const move = (step) => () => {
    const all = links();
    const place = focused();
    const next = all[place < 0 ? (step > 0 ? 0 : all.length - 1) : place + step];
    if (next instanceof HTMLElement) next.focus();
  };
  /** Arrows scroll unless a row has the focus. @param {number} step */
  const arrow = (step) => () => (focused() < 0 ? false : move(step)());
  /** @type {import("../base/keys.js").Keys} */
  const keys = { j: move(1), k: move(-1), ArrowDown: arrow(1), ArrowUp: arrow(-1) };
  for (const [key, act] of Object.entries(actions)) {
    keys[key] = () => {
      const row = document.activeElement?.closest("tr");
      const id = row && own.current?.contains(row) ? row.dataset["id"] : undefined;
      if (!id) return false;
      act(id);
      return true;
    };
  }
  useKeys(keys);
}
