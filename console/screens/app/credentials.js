// The credentials of an app. A rotation has three steps: choose the overlap, store the new value, watch the old one fall
// out of use.
import {
  ago,
  api,
  can,
  Do,
  h,
  href,
  loaded,
  Once,
  span as long,
  tags,
  useResource,
  useState,
  When,
} from "../../parts/kit.js";
import { KINDS } from "../apps/text.js";
import { passed } from "./model.js";
import { TEXT } from "./text.js";

const { a, b, button, code, div, p, progress, section, span, h2 } = tags;

/** @import { Credential } from "../../setup.js" */

/** @type {(readonly [string, string])[]} */
const OVERLAPS = [
  ["24h", "24 hours"],
  ["1h", "1 hour"],
  ["7d", "7 days"],
  ["0s", "none: the old one ends now"],
];

/** @param {Credential} one */
const uses = (one) =>
  span(
    null,
    `used ${one.uses.toLocaleString("en")}×`,
    one.last_used_at ? [", last ", h(When, { at: one.last_used_at })] : "",
  );

/** The old value beside the new one, until it ends. @param {{ app: string, one: Credential, reload: () => void }} props */
function Overlap({ app, one, reload }) {
  const old = one.old;
  if (!old) return null;
  const left = Date.parse(old.ends_at) - Date.now();
  return div(
    { class: "overlap" },
    div(
      { class: "row" },
      b(null, "old"),
      old.prefix && code(null, `${old.prefix}…`),
      one.observable && uses({ ...one, ...old }),
      span({ class: "soft" }, left > 0 ? `ends in ${long(left)}` : `ended ${ago(Date.parse(old.ends_at), Date.now())}`),
    ),
    progress({ "aria-label": "Part of the overlap that has passed", max: 1, value: passed(one, Date.now()) }),
    p({ class: "soft" }, !one.observable ? TEXT.unobservable : old.uses === 0 ? TEXT.unused : TEXT.watch),
    div(
      { class: "row" },
      one.observable
        ? button({ type: "button", onClick: reload }, "Look again")
        : a(
            { class: "button", href: href(`/apps/${encodeURIComponent(app)}`, { tab: "receiver" }) },
            "Test the receiver",
          ),
      can("secrets.rotate") &&
        h(Do, {
          label: "End the old one now",
          danger: true,
          look: one.observable && old.uses === 0 ? "main" : "",
          text: TEXT.endText,
          act: async () => {
            await api.post("/api/v1/apps/{name}/credentials/{kind}/end-overlap", {
              params: { name: app, kind: one.kind },
            });
            reload();
          },
        }),
    ),
  );
}

/** @param {{ app: string, one: Credential, reload: () => void }} props */
function Card({ app, one, reload }) {
  const [value, setValue] = useState("");
  const title = KINDS[one.kind] ?? one.kind;
  return section(
    { class: "credential", "aria-label": title },
    div(
      { class: "row" },
      h2({ class: "grow" }, title),
      can("secrets.rotate") &&
        h(Do, {
          label: "Rotate",
          title: `Rotate: ${title}`,
          text: TEXT.overlap,
          fields: [{ name: "overlap", type: "select", label: "Overlap", options: OVERLAPS }],
          act: async ({ overlap }) => {
            const params = { name: app, kind: one.kind };
            const made = await api.post("/api/v1/apps/{name}/credentials/{kind}/rotate", { params, body: { overlap } });
            setValue(made.value);
            return null;
          },
        }),
    ),
    div(
      { class: "row soft" },
      one.prefix ? code(null, `${one.prefix}…`) : span(null, "not set"),
      one.made_at && span(null, "made ", h(When, { at: one.made_at }), one.made_by && ` by ${one.made_by}`),
      one.observable && uses(one),
    ),
    h(Overlap, { app, one, reload }),
    value &&
      h(Once, {
        title: `The new one of ${app}`,
        values: [[title, value]],
        close: () => {
          setValue("");
          reload();
        },
      }),
  );
}

/** @param {{ name: string }} props */
export function Credentials({ name }) {
  const credentials = useResource(name, (signal) =>
    api.get("/api/v1/apps/{name}/credentials", { params: { name }, signal }),
  );
  return loaded({
    of: credentials,
    show: ({ data }) =>
      data.length === 0
        ? p({ class: "soft" }, TEXT.noCredentials)
        : data.map((one) => h(Card, { key: one.kind, app: name, one, reload: credentials.reload })),
  });
}
