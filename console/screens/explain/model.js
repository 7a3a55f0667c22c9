// Changes to try out, as the address has them and as the API takes them.

/**
 * @typedef {{ change: "link", host: string, miniapp: string, enabled: boolean }
 *   | { change: "hook", id: string, enabled: boolean } | { change: "app", name: string, enabled: boolean }
 *   | { change: "new_hook", app: string, pattern: string, route: string }} Change
 */

/** @param {string} text @returns {Change[]} */
function readChange(text) {
  const [kind, a = "", b = "", c = ""] = text.split("~");
  if (kind === "link") return [{ change: "link", host: a, miniapp: b, enabled: c !== "off" }];
  if (kind === "hook") return [{ change: "hook", id: a, enabled: b !== "off" }];
  if (kind === "app") return [{ change: "app", name: a, enabled: b !== "off" }];
  return kind === "new_hook" ? [{ change: "new_hook", app: a, pattern: b, route: c }] : [];
}

/** The parts of a change in the address are separated by `~`. @param {string | undefined} text @returns {Change[]} */
export const readChanges = (text = "") => text.split("~~").flatMap(readChange);

/** @param {boolean} on */
const word = (on) => (on ? "on" : "off");

/** @param {Change[]} changes */
export const writeChanges = (changes) =>
  changes
    .map((one) => {
      if (one.change === "link") return ["link", one.host, one.miniapp, word(one.enabled)];
      if (one.change === "hook") return ["hook", one.id, word(one.enabled)];
      return one.change === "app"
        ? ["app", one.name, word(one.enabled)]
        : ["new_hook", one.app, one.pattern, one.route];
    })
    .map((parts) => parts.join("~"))
    .join("~~");

/** @param {Change} one */
export const worded = (one) => {
  if (one.change === "link") return `link ${one.host} and ${one.miniapp} ${word(one.enabled)}`;
  if (one.change === "hook") return `hook ${one.id} ${word(one.enabled)}`;
  return one.change === "app"
    ? `app ${one.name} ${word(one.enabled)}`
    : `new hook ${one.pattern} to ${one.app} ${one.route}`;
};

/** The operation that makes the change real. @param {Change} one @returns {{ method: string, path: string, body: unknown }} */
export function operationOf(one) {
  const part = encodeURIComponent;
  if (one.change === "hook")
    return { method: "PATCH", path: `/api/v1/hooks/${part(one.id)}`, body: { enabled: one.enabled } };
  if (one.change === "app")
    return { method: "PATCH", path: `/api/v1/apps/${part(one.name)}`, body: { enabled: one.enabled } };
  if (one.change === "new_hook") {
    const { app, pattern, route } = one;
    return { method: "POST", path: "/api/v1/hooks", body: { app, pattern, route } };
  }
  const { host, miniapp, enabled } = one;
  return { method: "POST", path: "/api/v1/links", body: { host, miniapp, enabled } };
}

/** The change that turns what a judgement names, if it is a switch. @param {{ code?: string, hook: { id: string, app: string } }} judged @returns {Change | null} */
export const switchOf = ({ code, hook }) =>
  code === "hook_disabled" || code === "hook_disabled_410"
    ? { change: "hook", id: hook.id, enabled: true }
    : code === "app_disabled"
      ? { change: "app", name: hook.app, enabled: true }
      : null;
