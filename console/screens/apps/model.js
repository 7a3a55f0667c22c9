// What the list of apps makes of the apps and of their traffic, and what an app's form sends.

/** @import { App, AppNow } from "../../shapes.js" */
/** @import { Values } from "../../parts/form.js" */
/** @typedef {{ app: App, now: AppNow | undefined }} Row */

/** The apps with their traffic: trouble first, then traffic, then the name. @param {App[]} apps @param {AppNow[]} now @param {string} typed @returns {Row[]} */
export function rowsOf(apps, now, typed) {
  const traffic = new Map(now.map((one) => [one.app, one]));
  const wanted = typed.trim().toLowerCase();
  const weight = (/** @type {Row} */ { now }) => [
    now?.dead ?? 0,
    now?.waiting ?? 0,
    (now?.says ?? 0) + (now?.hears ?? 0),
  ];
  return apps
    .filter((app) => app.name.toLowerCase().includes(wanted))
    .map((app) => ({ app, now: traffic.get(app.name) }))
    .sort((a, b) => {
      const [one, other] = [weight(a), weight(b)];
      const place = one.findIndex((value, n) => value !== other[n]);
      return place < 0 ? a.app.name.localeCompare(b.app.name) : (other[place] ?? 0) - (one[place] ?? 0);
    });
}

/** The credentials that need a person: still unread, or with an old one that counts. @param {App} app */
export const openSecrets = (app) =>
  Object.values(app.secrets ?? {}).reduce(
    (told, secret) => ({
      unseen: told.unseen + (secret.unseen ? 1 : 0),
      overlap: told.overlap + (secret.previous_valid_until ? 1 : 0),
    }),
    { unseen: 0, overlap: 0 },
  );

/** A list of names as a person writes it. @param {string} text */
export const names = (text) => text.split(/[\s,]+/).filter(Boolean);

/** The body of a new app. Events that it gets go to its base URL. @param {Values} values */
export const newApp = ({ name, url, gets, receiver_url }) => ({
  name,
  ...(url && { url }),
  ...(gets && { hooks: { [gets]: "/" } }),
  ...(receiver_url && { receiver_url }),
});

/** What differs between the app and the form; an empty field takes the value away. @param {App} app @param {Values} values */
export function changes(app, values) {
  /** @type {Record<string, unknown>} */
  const patch = {};
  for (const name of /** @type {const} */ (["url", "receiver_url", "miniapp_url", "ca_file"])) {
    if ((values[name] ?? "") !== (app[name] ?? "")) patch[name] = values[name] || null;
  }
  if (values["token_prefix"] !== app.token_prefix) patch["token_prefix"] = values["token_prefix"];
  const own = names(values["private"] ?? "");
  if (own.join() !== app.private.join()) patch["private"] = own.length > 0 ? own : null;
  if ((values["receiver_enabled"] === "true") !== app.receiver_enabled)
    patch["receiver_enabled"] = values["receiver_enabled"] === "true";
  return patch;
}
