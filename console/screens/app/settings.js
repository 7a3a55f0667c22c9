// The buttons at the head of an app: settings, on and off, removal.
import { api, can, Do, go, h, href, Remove, tags } from "../../parts/kit.js";
import { changes } from "../apps/model.js";
import { TEXT } from "./text.js";

const { span } = tags;

/** @import { App } from "../../shapes.js" */
/** @import { Field } from "../../parts/form.js" */

/** @param {App} app @returns {Field[]} */
const fieldsOf = (app) => [
  { name: "url", type: "url", label: "Base URL of its hooks", value: app.url ?? "" },
  { name: "receiver_url", type: "url", label: "URL that gets its exchanges", value: app.receiver_url ?? "" },
  { name: "receiver_enabled", type: "check", label: "Takes part in exchanges", value: app.receiver_enabled },
  { name: "token_prefix", label: "Scheme of its Authorization", value: app.token_prefix, required: true },
  { name: "private", label: "Private events", value: app.private.join(" "), hint: TEXT.private },
  { name: "miniapp_url", type: "url", label: "URL of the page that a host embeds", value: app.miniapp_url ?? "" },
  { name: "ca_file", label: "File of certificate authorities, on the server", value: app.ca_file ?? "" },
];

/** @param {{ app: App, reload: () => void }} props */
export function AppButtons({ app, reload }) {
  if (!can("apps.write")) return null;
  if (app.managed_by === "file") return span({ class: "soft" }, TEXT.file);
  const params = { name: app.name };
  const patch = async (/** @type {object} */ body) => {
    await api.patch("/api/v1/apps/{name}", { params, body });
    reload();
  };
  return [
    h(Do, {
      label: "Settings",
      action: "Save",
      title: `Settings of ${app.name}`,
      text: TEXT.settings,
      fields: fieldsOf(app),
      act: (values) => patch(changes(app, values)),
    }),
    h(Do, {
      label: app.enabled ? "Disable" : "Enable",
      title: `${app.enabled ? "Disable" : "Enable"} ${app.name}?`,
      text: app.enabled ? TEXT.off : "",
      danger: app.enabled,
      act: () => patch({ enabled: !app.enabled }),
    }),
    h(Remove, {
      what: "the app",
      name: app.name,
      text: TEXT.remove,
      act: async () => {
        await api.delete("/api/v1/apps/{name}", { params });
        go(href("/apps"), { replace: true });
        return `${app.name} is removed`;
      },
    }),
  ];
}
