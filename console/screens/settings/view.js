// The configuration in force with the source of each value, and what the doctor finds.
import {
  can,
  command,
  Facts,
  h,
  Head,
  loaded,
  rowTable,
  setQuery,
  Status,
  Tabs,
  tags,
  useCommands,
  useGet,
  When,
} from "../../parts/kit.js";

const { a, button, code, div, input, p, span } = tags;

/** @import { Finding } from "../../setup.js" */
/** @import { ScreenProps } from "../../base/screens.js" */

const ORDER = { error: 0, warning: 1, ok: 2 };

/** Trouble first. @param {Finding[]} found */
export const worstFirst = (found) => [...found].sort((a, b) => ORDER[a.level] - ORDER[b.level]);

function Doctor() {
  const doctor = useGet("/api/v1/doctor");
  return [
    div(
      { class: "row" },
      button(
        { type: "button", disabled: doctor.loading, onClick: doctor.reload },
        doctor.loading ? "Looking…" : "Look again",
      ),
    ),
    loaded({
      of: doctor,
      show: ({ data }) =>
        rowTable({
          caption: "Findings",
          rows: worstFirst(data),
          id: (row) => row.check,
          columns: [
            { title: "Check", cell: (row) => row.check },
            { title: "State", cell: (row) => h(Status, { word: row.level }) },
            { title: "Finding", kind: "wide", cell: (row) => [row.text, row.fix && p({ class: "soft" }, row.fix)] },
          ],
        }),
    }),
  ];
}

/** A link that tries the sign-in at the provider out; nothing if there is none. */
function SignInTest() {
  const oidc = useGet("/api/v1/sign-in-options").data?.oidc;
  if (!oidc) return null;
  return div(
    { class: "row" },
    a({ class: "button", href: oidc.test }, `Test the sign-in with ${oidc.name}`),
    span({ class: "soft" }, "It shows your role and the names of the claims, and changes nothing."),
  );
}

/** @param {{ typed: string }} props */
function Values({ typed }) {
  const settings = useGet("/api/v1/settings");
  return [
    h(SignInTest, {}),
    input({
      type: "search",
      class: "narrow",
      "aria-label": "Name of a setting",
      placeholder: "Find",
      defaultValue: typed,
      onInput: (event) => setQuery({ find: event.currentTarget.value }, { replace: true }),
    }),
    loaded({
      of: settings,
      show: (data) => [
        h(Facts, {
          of: [
            ["Version", data.version],
            ["Runs since", h(When, { at: data.started_at, whole: true })],
            ["Data folder", code(null, data.data_dir)],
          ],
        }),
        rowTable({
          caption: "Settings",
          rows: data.settings.filter((one) => one.key.includes(typed)),
          id: (row) => row.key,
          columns: [
            { title: "Setting", cell: (row) => code(null, row.key) },
            {
              title: "Value",
              kind: "wide",
              cell: (row) => code(null, typeof row.value === "string" ? row.value : JSON.stringify(row.value)),
            },
            {
              title: "From",
              cell: (row) => h(Status, { word: row.source, tone: row.source === "default" ? "none" : "open" }),
            },
          ],
        }),
      ],
    }),
  ];
}

/** @param {ScreenProps} props */
export default function Settings({ query }) {
  const doctor = query["tab"] === "doctor" || !can("settings.write");
  useCommands(
    doctor
      ? { path: "/api/v1/doctor", command: command(["doctor"]) }
      : { path: "/api/v1/settings", command: command(["config", "check"]) },
  );
  return [
    h(Head, {
      title: "Settings",
      sub: "What is in force, and where each value comes from. The configuration file or the environment changes it.",
    }),
    h(Tabs, {
      tabs: [
        ...(can("settings.write")
          ? [{ id: "settings", title: "Settings", show: () => h(Values, { typed: query["find"] ?? "" }) }]
          : []),
        { id: "doctor", title: "Doctor", show: () => h(Doctor, {}) },
      ],
    }),
  ];
}
