// What the forms of users, roles and tokens send.
import { names } from "../apps/model.js";
import { PERMISSIONS } from "./text.js";

/** @import { Values } from "../../parts/form.js" */

/** The values that were given. @param {Values} values */
export const chosen = (values) => Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ""));

/** @param {string[] | null | undefined} apps */
export const apps = (apps) => apps?.join(", ") ?? "all";

/** @param {Values} values */
export function roleBody(values) {
  const own = names(values["apps"] ?? "");
  const permissions = PERMISSIONS.map(([name]) => name).filter((name) => values[name] === "true");
  return { ...(values["name"] && { name: values["name"] }), permissions, apps: own.length > 0 ? own : null };
}

/** @param {Values} values */
export function tokenBody(values) {
  const { apps, ...rest } = roleBody(values);
  const ends = values["expires_at"];
  return { ...rest, ...(apps && { apps }), ...(ends && { expires_at: new Date(ends).toISOString() }) };
}
