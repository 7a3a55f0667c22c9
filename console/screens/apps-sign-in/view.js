// Hands the sign-in over to the origin of the apps' pages, after the user has agreed.
import { api, Empty, Fault, h, Head, session, tags, useAction, useGet } from "../../parts/kit.js";
import { TEXT } from "./text.js";

const { a, b, button, code, div, p } = tags;

/** @import { ScreenProps } from "../../base/screens.js" */

/** @param {{ state: string, to: string }} props */
function Ask({ state, to }) {
  const handing = useAction(async () => {
    location.assign((await api.post("/api/v1/session/apps", { body: { state } })).url);
  });
  const user = session.value?.user;
  return div(
    { class: "stack" },
    p(null, TEXT.ask, " ", TEXT.ended),
    p(null, code(null, to)),
    handing.problem && h(Fault, { problem: handing.problem }),
    div(
      { class: "row" },
      button(
        { type: "button", class: "main", disabled: handing.busy, onClick: () => handing.run() },
        "Continue as ",
        b(null, user?.display_name ?? ""),
      ),
      a({ class: "button", href: to }, "Back without signing in"),
    ),
  );
}

/** @param {ScreenProps} props */
export default function AppsSignIn({ query }) {
  const options = useGet("/api/v1/sign-in-options");
  const [state, to] = [query["state"] ?? "", options.data?.apps_url];
  const why =
    (options.data && !to && TEXT.off) || (!session.value?.user.id && TEXT.admin) || (state === "" && TEXT.begin) || "";
  return [
    h(Head, { title: TEXT.title }),
    options.problem && h(Fault, { problem: options.problem, retry: options.reload }),
    why ? h(Empty, { title: why }) : to && h(Ask, { state, to }),
  ];
}
