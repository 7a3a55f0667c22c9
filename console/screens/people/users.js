// The lists of users and of sessions, each with what can be done.
import {
  api,
  Do,
  Empty,
  h,
  list,
  loaded,
  Once,
  Remove,
  rowTable,
  session,
  Status,
  tags,
  useGet,
  useState,
  When,
} from "../../parts/kit.js";
import { chosen } from "./model.js";
import { end, may } from "./parts.js";
import { TEXT } from "./text.js";

const { b, div, small, span } = tags;

/** @import { Field } from "../../parts/form.js" */
/** @import { ConsoleSession, Role, User } from "../../setup.js" */

/** @param {Role[]} roles @param {User} [user] @returns {Field[]} */
const userFields = (roles, user) => [
  ...(user ? [] : [/** @type {Field} */ ({ name: "name", label: "Name to sign in with", required: true })]),
  { name: "display_name", label: "Name to show", value: user?.display_name ?? "" },
  { name: "email", label: "Mail address", value: user?.email ?? "" },
  {
    name: "role",
    type: "select",
    label: "Role",
    options: roles.map((role) => role.name),
    value: user?.role ?? "viewer",
  },
  {
    name: "password",
    type: "password",
    label: user ? "New password" : TEXT.password,
    hint: user ? "Empty: it stays." : TEXT.passwordHint,
  },
];

export function Users() {
  const [link, setLink] = useState("");
  const users = useGet("/api/v1/users", { query: { limit: 250 } });
  const roles = useGet("/api/v1/roles", { query: { limit: 250 } });
  const all = roles.data?.data ?? [];
  const patch = (/** @type {User} */ user, /** @type {object} */ body) =>
    api.patch("/api/v1/users/{id}", { params: { id: user.id }, body }).then(users.reload);
  return [
    may() &&
      div(
        { class: "row end" },
        h(Do, {
          label: "Add a user",
          action: "Add",
          look: "main",
          fields: userFields(all),
          act: (values) => api.post("/api/v1/users", { body: chosen(values) }).then(users.reload),
        }),
      ),
    loaded({
      of: users,
      show: ({ data }) =>
        data.length === 0
          ? h(Empty, {
              title: "No user yet",
              text: "Until there is one, people sign in by the link that the server prints.",
              command: "footbridge console",
            })
          : rowTable({
              caption: "Users",
              rows: data,
              id: (row) => row.id,
              columns: [
                {
                  title: "Name",
                  cell: (row) => [
                    b(null, row.name),
                    row.display_name !== row.name && small({ class: "soft" }, ` ${row.display_name}`),
                  ],
                },
                { title: "Role", cell: (row) => row.role ?? span({ class: "bad" }, "none") },
                {
                  title: "State",
                  cell: (row) => h(Status, row.enabled ? { word: "on", tone: "good" } : { word: "off" }),
                },
                { title: "From", minor: true, cell: (row) => row.source },
                {
                  title: "Last seen",
                  kind: "id",
                  minor: true,
                  cell: (row) => h(When, { at: row.last_seen_at, empty: "never" }),
                },
                {
                  title: "Actions",
                  cell: (row) =>
                    may() &&
                    end(
                      h(Do, {
                        label: "Change",
                        action: "Save",
                        title: `Change ${row.name}`,
                        look: "small",
                        fields: userFields(all, row),
                        act: (values) => patch(row, chosen(values)),
                      }),
                      h(Do, {
                        label: row.enabled ? "Disable" : "Enable",
                        title: `${row.enabled ? "Disable" : "Enable"} ${row.name}?`,
                        look: "small",
                        act: () => patch(row, { enabled: !row.enabled }),
                      }),
                      h(Do, {
                        label: "Link",
                        action: "Make the link",
                        title: `A link for ${row.name}`,
                        look: "small",
                        text: TEXT.link,
                        act: async () => {
                          setLink((await api.post("/api/v1/sign-in-links", { body: { user: row.name } })).url);
                          return null;
                        },
                      }),
                      h(Remove, {
                        look: "small",
                        what: "the user",
                        name: row.name,
                        text: TEXT.remove,
                        act: () => api.delete("/api/v1/users/{id}", { params: { id: row.id } }).then(users.reload),
                      }),
                    ),
                },
              ],
            }),
    }),
    link && h(Once, { title: "Link to sign in", values: [["Link", link]], close: () => setLink("") }),
  ];
}

/** @type {Field[]} */
const PASSWORD = [
  { name: "old", type: "password", label: "Password of now", required: true },
  { name: "new", type: "password", label: "New password", required: true, hint: TEXT.newPassword },
];

export function Sessions() {
  const [turn, setTurn] = useState(0);
  const sessions = list({
    path: "/api/v1/sessions",
    caption: "Sessions",
    turn,
    id: (/** @type {ConsoleSession} */ row) => row.id,
    empty: h(Empty, { title: "No session" }),
    columns: [
      {
        title: "Who",
        cell: (row) => [b(null, row.user ?? "administrator"), row.current && span({ class: "tag" }, "this browser")],
      },
      { title: "Browser", kind: "wide", cell: (row) => row.agent },
      { title: "From", kind: "id", minor: true, cell: (row) => row.from ?? "–" },
      { title: "Began", kind: "id", minor: true, cell: (row) => h(When, { at: row.made_at }) },
      { title: "Last seen", kind: "id", cell: (row) => h(When, { at: row.last_seen_at }) },
      {
        title: "Actions",
        cell: (row) =>
          h(Do, {
            label: "End",
            title: "End this session?",
            look: "small",
            danger: true,
            text: TEXT.end,
            act: async () => {
              await api.delete("/api/v1/sessions/{id}", { params: { id: row.id } });
              if (row.current) session.value = null;
              else setTurn(turn + 1);
            },
          }),
      },
    ],
  });
  return [
    session.value?.user.id &&
      div(
        { class: "row end" },
        h(Do, {
          label: "Change my password",
          action: "Change",
          fields: PASSWORD,
          act: async (body) => {
            await api.post("/api/v1/session/password", { body });
            session.value = null;
            return null;
          },
        }),
      ),
    sessions,
  ];
}
