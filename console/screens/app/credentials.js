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
  useReloads,
  useResource,
  useState,
  When,
} from "../../parts/kit.js";
import { KINDS } from "../apps/text.js";
import { passed, settled } from "./model.js";
import { TEXT } from "./text.js";

const { a, b, code, div, p, progress, section, span, h2 } = tags;

/** @import { Credential, Credentials as All, OldCredential } from "../../setup.js" */
/** @typedef {{ app: string, one: Credential, reload: () => void }} CardProps */

/** @type {(readonly [string, string])[]} */
const OVERLAPS = [
  ["24h", "24 hours"],
  ["1h", "1 hour"],
  ["7d", "7 days"],
  ["0", "none: every older value ends now"],
];
/** How often the counts are read while an old value is valid, in milliseconds. */
const EVERY = 5000;

/** @param {Credential | OldCredential} one */
const uses = ({ uses, last_used_at }) =>
  typeof uses === "number" &&
  span(null, `used ${uses.toLocaleString("en")}×`, last_used_at && [", last ", h(When, { at: last_used_at })]);

/** @param {Credential | OldCredential} one @param {string} none */
const value = ({ prefix, sent }, none) => [
  prefix ? code(null, `${prefix}…`) : span(null, none),
  sent && span({ class: "tag", title: TEXT.sent }, "sent"),
];

/** An old value, until it ends. @param {{ old: OldCredential, since: string | null | undefined }} props */
function Old({ old, since }) {
  const [now, end] = [Date.now(), Date.parse(old.ends_at)];
  return [
    div(
      { class: "row" },
      b(null, "old"),
      value(old, ""),
      uses(old),
      span({ class: "soft" }, end > now ? `ends in ${long(end - now)}` : `ended ${ago(end, now)}`),
    ),
    progress({ "aria-label": "Part of the overlap that has passed", max: 1, value: passed(since, old.ends_at, now) }),
  ];
}

/** The old values beside the new one. @param {CardProps} props */
function Overlap({ app, one, reload }) {
  if (one.old.length === 0) return null;
  const params = { name: app, kind: one.kind };
  const done = settled(one);
  return div(
    { class: "overlap" },
    one.old.map((old, n) => h(Old, { key: old.ends_at, old, since: n > 0 ? one.old[n - 1]?.made_at : one.made_at })),
    p({ class: "soft" }, !one.observable ? TEXT.unobservable : done ? TEXT.unused : TEXT.watch),
    div(
      { class: "row" },
      !one.observable &&
        a(
          { class: "button", href: href(`/apps/${encodeURIComponent(app)}`, { tab: "receiver" }) },
          "Test the receiver",
        ),
      can("secrets.rotate") && [
        h(Do, {
          label: "End the old one now",
          danger: true,
          look: done ? "main" : "",
          text: TEXT.endText,
          act: async () => {
            await api.post("/api/v1/apps/{name}/credentials/{kind}/end-overlap", { params });
            reload();
          },
        }),
        h(Do, {
          label: "Extend",
          title: "Extend the overlap",
          text: TEXT.extend,
          fields: [{ name: "overlap", type: "select", label: "From now on", options: OVERLAPS.slice(0, -1) }],
          act: async ({ overlap = "" }) => {
            await api.post("/api/v1/apps/{name}/credentials/{kind}/extend-overlap", { params, body: { overlap } });
            reload();
          },
        }),
      ],
    ),
  );
}

/** @param {CardProps} props */
function Card({ app, one, reload }) {
  const [made, setMade] = useState("");
  const title = KINDS[one.kind] ?? one.kind;
  const ofFile = one.managed_by === "file";
  return section(
    { class: "credential", "aria-label": title },
    div(
      { class: "row" },
      h2({ class: "grow" }, title),
      can("secrets.rotate") &&
        !ofFile &&
        h(Do, {
          label: "Rotate",
          title: `Rotate: ${title}`,
          text: TEXT.overlap,
          fields: [{ name: "overlap", type: "select", label: "Overlap", options: OVERLAPS }],
          act: async ({ overlap }) => {
            const params = { name: app, kind: one.kind };
            const done = await api.post("/api/v1/apps/{name}/credentials/{kind}/rotate", { params, body: { overlap } });
            setMade(done.value);
            return null;
          },
        }),
    ),
    div(
      { class: "row soft" },
      value(one, TEXT.hidden),
      one.made_at && span(null, "made ", h(When, { at: one.made_at }), one.made_by && ` by ${one.made_by}`),
      uses(one),
    ),
    ofFile && p({ class: "soft" }, TEXT.ofFile),
    h(Overlap, { app, one, reload }),
    made &&
      h(Once, {
        title: `The new one of ${app}`,
        values: [[title, made]],
        close: () => {
          setMade("");
          reload();
        },
      }),
  );
}

/** @param {{ all: All, reload: () => void }} props */
const Shown = ({ all: { client_id: id, token_prefix: prefix, data }, reload }) => [
  p(
    { class: "soft" },
    `Client id ${id}, token prefix ${prefix}: `,
    code(null, `Authorization: ${prefix} base64(${id}:<secret key>)`),
  ),
  data.map((one) => h(Card, { key: one.kind, app: id, one, reload })),
];

/** @param {{ name: string }} props */
export function Credentials({ name }) {
  const credentials = useResource(name, (signal) =>
    api.get("/api/v1/apps/{name}/credentials", { params: { name }, signal }),
  );
  useReloads(credentials, credentials.data?.data.some((one) => one.old.length > 0) ?? false, EVERY);
  return loaded({ of: credentials, show: (all) => h(Shown, { all, reload: credentials.reload }) });
}
