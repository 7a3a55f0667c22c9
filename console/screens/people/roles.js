// The lists of roles and of tokens, each with what can be done.
import {
  api,
  can,
  Do,
  Empty,
  h,
  list,
  loaded,
  Once,
  Remove,
  rowTable,
  tags,
  useGet,
  useState,
  When,
} from "../../parts/kit.js";
import { apps, roleBody, tokenBody } from "./model.js";
import { end, may } from "./parts.js";
import { PERMISSIONS, TEXT } from "./text.js";

const { b, code, div, span } = tags;

/** @import { Field } from "../../parts/form.js" */
/** @import { ApiToken, Role } from "../../setup.js" */

/** @param {Role} [role] @returns {Field[]} */
const roleFields = (role) => [
  ...(role ? [] : [/** @type {Field} */ ({ name: "name", label: "Name", required: true })]),
  ...PERMISSIONS.map(
    ([name, words]) =>
      /** @type {Field} */ ({ name, type: "check", label: words, value: role?.permissions.includes(name) ?? false }),
  ),
  { name: "apps", label: TEXT.apps, hint: TEXT.appsHint, value: role?.apps?.join(" ") ?? "" },
];

export function Roles() {
  const roles = useGet("/api/v1/roles", { query: { limit: 250 } });
  const params = (/** @type {Role} */ { name }) => ({ params: { name } });
  return [
    may() &&
      div(
        { class: "row end" },
        h(Do, {
          label: "Add a role",
          action: "Add",
          look: "main",
          fields: roleFields(),
          act: (values) => api.post("/api/v1/roles", { body: roleBody(values) }).then(roles.reload),
        }),
      ),
    loaded({
      of: roles,
      show: ({ data }) =>
        rowTable({
          caption: "Roles",
          rows: data,
          id: (row) => row.name,
          columns: [
            { title: "Role", cell: (row) => [b(null, row.name), row.builtin && span({ class: "tag" }, "built in")] },
            {
              title: "May",
              kind: "wide",
              cell: (row) =>
                row.permissions.length === PERMISSIONS.length
                  ? "everything"
                  : row.permissions.map((one) => [code({ key: one }, one), " "]),
            },
            { title: "Apps", cell: (row) => apps(row.apps) },
            {
              title: "Actions",
              cell: (row) =>
                may() &&
                !row.builtin &&
                end(
                  h(Do, {
                    label: "Change",
                    action: "Save",
                    title: `Change ${row.name}`,
                    look: "small",
                    fields: roleFields(row),
                    act: (values) =>
                      api.patch("/api/v1/roles/{name}", { ...params(row), body: roleBody(values) }).then(roles.reload),
                  }),
                  h(Remove, {
                    look: "small",
                    what: "the role",
                    name: row.name,
                    text: TEXT.removeRole,
                    act: () => api.delete("/api/v1/roles/{name}", params(row)).then(roles.reload),
                  }),
                ),
            },
          ],
        }),
    }),
  ];
}

/** @type {Field[]} */
const TOKEN_FIELDS = [
  { name: "name", label: "Name", required: true, placeholder: "backup script" },
  { name: "expires_at", type: "datetime-local", label: "Ends at", hint: "In the zone of this machine; empty: never." },
  ...roleFields().slice(1),
];

export function Tokens() {
  const [made, setMade] = useState("");
  const [turn, setTurn] = useState(0);
  const mine = TOKEN_FIELDS.filter(({ name }) => !name.includes(".") || can(name));
  return [
    div(
      { class: "row end" },
      h(Do, {
        label: "Make a token",
        action: "Make",
        look: "main",
        fields: mine,
        act: async (values) => {
          setMade((await api.post("/api/v1/tokens", { body: tokenBody(values) })).token);
          setTurn(turn + 1);
          return null;
        },
      }),
    ),
    list({
      path: "/api/v1/tokens",
      caption: "Tokens",
      turn,
      id: (/** @type {ApiToken} */ row) => row.id,
      empty: h(Empty, {
        title: "No token yet",
        text: "A token lets a program call this API, with permissions of its own.",
      }),
      columns: [
        { title: "Name", cell: (row) => [b(null, row.name), " ", code(null, `${row.prefix}…`)] },
        { title: "May", kind: "wide", cell: (row) => row.permissions.map((one) => [code({ key: one }, one), " "]) },
        { title: "Apps", minor: true, cell: (row) => apps(row.apps) },
        { title: "By", minor: true, cell: (row) => row.user ?? "administrator" },
        {
          title: "Last used",
          kind: "id",
          minor: true,
          cell: (row) => h(When, { at: row.last_used_at, empty: "never" }),
        },
        { title: "Ends", kind: "id", cell: (row) => h(When, { at: row.expires_at, empty: "never" }) },
        {
          title: "Actions",
          cell: (row) =>
            h(Do, {
              label: "Remove",
              title: `Remove ${row.name}?`,
              look: "small",
              danger: true,
              text: TEXT.removeToken,
              act: () => api.delete("/api/v1/tokens/{id}", { params: { id: row.id } }).then(() => setTurn(turn + 1)),
            }),
        },
      ],
    }),
    made && h(Once, { title: "The new token", values: [["Token", made]], close: () => setMade("") }),
  ];
}
