// People: users, roles, tokens and sessions.
import { can, h, Head, Tabs, useCommands } from "../../parts/kit.js";
import { Roles, Tokens } from "./roles.js";
import { Sessions, Users } from "./users.js";
import { TEXT } from "./text.js";

/** @import { ScreenProps } from "../../base/screens.js" */

/** @param {ScreenProps} props */
export default function People({ query }) {
  useCommands({ path: `/api/v1/${query["tab"] ?? (can("users.write") ? "users" : "tokens")}` });
  return [
    h(Head, { title: TEXT.title, sub: TEXT.sub }),
    h(Tabs, {
      tabs: [
        ...(can("users.write")
          ? [
              { id: "users", title: "Users", show: () => h(Users, {}) },
              { id: "roles", title: "Roles", show: () => h(Roles, {}) },
            ]
          : []),
        { id: "tokens", title: "Tokens", show: () => h(Tokens, {}) },
        { id: "sessions", title: "Sessions", show: () => h(Sessions, {}) },
      ],
    }),
  ];
}
