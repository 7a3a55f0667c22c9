// What the overview makes of the statistics.
import { PARTS } from "./text.js";

/** @import { AppNow, Attention, StatsNow } from "../../shapes.js" */

/** The parts of the account with their share; parts that exist are at least one percent wide. @param {NonNullable<StatsNow["account"]>} account */
export function shares(account) {
  const sum = PARTS.reduce((all, part) => all + account[part], 0);
  return PARTS.map((part) => ({
    part,
    count: account[part],
    share: account[part] === 0 ? 0 : Math.max(0.01, account[part] / Math.max(1, sum)),
  }));
}

/** True when the account does not add up: a fault of the server that must be seen. @param {NonNullable<StatsNow["account"]>} account */
export const isOff = (account) => account.accepted !== PARTS.reduce((all, part) => all + account[part], 0);

/** Trouble first, then traffic, then the name. @param {AppNow[]} apps */
export const inOrder = (apps) =>
  [...apps].sort(
    (a, b) =>
      b.dead - a.dead || b.waiting - a.waiting || b.says + b.hears - (a.says + a.hears) || a.app.localeCompare(b.app),
  );

const LEVELS = { error: 0, warning: 1, info: 2 };

/** @param {Attention[]} list */
export const worstFirst = (list) => [...list].sort((a, b) => LEVELS[a.level] - LEVELS[b.level]);

/** The server as a publisher of its own events. */
export const SYSTEM = "bolt";

/** True before the first event of an app. @param {StatsNow} now */
export const isEmpty = ({ account, rates, apps }) =>
  (account?.accepted ?? 0) + (rates?.exchange ?? 0) + (rates?.page ?? 0) === 0 &&
  apps.every((app) => app.app === SYSTEM || (!app.last_said_at && !app.last_heard_at));

/** @param {number | null} rate */
export const rateText = (rate) =>
  rate === null
    ? "–"
    : rate === 0
      ? "0"
      : rate < 0.1
        ? "<0.1"
        : rate < 10
          ? rate.toFixed(1)
          : Math.round(rate).toLocaleString("en");

/** @param {number | null | undefined} share */
export const percent = (share) =>
  typeof share !== "number" ? "–" : share === 1 ? "100 %" : `${(share * 100).toFixed(1)} %`;
