// What a row of the audit says.

/** @import { AuditRow } from "../../setup.js" */

/** A value in one line. @param {unknown} value */
export const worded = (value) =>
  value === undefined ? null : typeof value === "string" ? value : JSON.stringify(value);

/** The members that a change touched. @param {AuditRow["before"]} before @param {AuditRow["after"]} after */
export const differing = (before, after) =>
  [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])]
    .map((name) => ({ name, before: worded(before?.[name]), after: worded(after?.[name]) }))
    .filter((one) => one.before !== one.after);

const SCREENS = /** @type {Record<string, (id: string) => string>} */ ({
  app: (id) => `/apps/${encodeURIComponent(id)}`,
  hook: (id) => `/hooks?id=${id}`,
  delivery: (id) => `/deliveries/${id}`,
  event: (id) => `/events/${id}`,
  exchange: (id) => `/exchanges/${id}`,
  job: (id) => `/recover/${id}`,
  link: () => "/links",
  user: () => "/people",
  role: () => "/people?tab=roles",
  token: () => "/people?tab=tokens",
});

/** The screen of an object, if it has one. @param {AuditRow["object"]} object */
export const screenOf = ({ kind, id }) => (Object.hasOwn(SCREENS, kind) ? (SCREENS[kind]?.(id) ?? null) : null);
