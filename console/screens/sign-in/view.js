// The sign-in: a link that works once, a password, or the organisation's provider.
import { h } from "../../vendor/preact.js";
import { useEffect, useState } from "../../vendor/hooks.js";
import { api } from "../../base/api.js";
import { useAction, useResource } from "../../base/resource.js";
import { ended, keepPlace, signIn } from "../../base/session.js";
import { tags } from "../../base/tags.js";
import { Fault } from "../../parts/states.js";
import { setupCode, withoutCode } from "./model.js";
import { TEXT } from "./text.js";

const { main, h1, form, label, input, button, p, code, a, div, svg, rect, path, g } = tags;

function Password() {
  const signing = useAction((/** @type {FormData} */ data) =>
    signIn({ user: String(data.get("user")), password: String(data.get("password")) }),
  );
  return form(
    {
      class: "stack",
      onSubmit: (event) => {
        event.preventDefault();
        signing.run(new FormData(event.currentTarget));
      },
    },
    label(null, TEXT.user, input({ name: "user", autocomplete: "username", required: true, autofocus: true })),
    label(
      null,
      TEXT.password,
      input({ name: "password", type: "password", autocomplete: "current-password", required: true }),
    ),
    signing.problem && h(Fault, { problem: signing.problem }),
    button({ type: "submit", class: "main", disabled: signing.busy }, TEXT.submit),
  );
}

/** Uses the code of the address at once, and takes it out of the address before anything else can read it. */
function useSetupLink() {
  const [code] = useState(() => setupCode(location.hash));
  const using = useAction((/** @type {string} */ setup) => signIn({ setup }));
  useEffect(() => {
    if (!code) return;
    history.replaceState(null, "", withoutCode(location.href));
    using.run(code);
  }, []);
  return using;
}

export default function SignIn() {
  const link = useSetupLink();
  useEffect(() => {
    document.title = `${TEXT.title} · Footbridge`;
  }, []);
  const options = useResource("options", (signal) => api.get("/api/v1/sign-in-options", { signal })).data;
  return main(
    { class: "sign-in", id: "main" },
    svg(
      { viewBox: "0 0 32 32", class: "logo", "aria-hidden": "true" },
      rect({ width: 32, height: 32, rx: 8 }),
      g(null, path({ d: "M4 22h24M6 22c3-9 17-9 20 0M11.5 22v-5M16 22v-6.6M20.5 22v-5" })),
    ),
    h1(null, TEXT.title),
    ended.value && p(null, TEXT.ended),
    options?.insecure && p({ class: "warn" }, TEXT.insecure),
    options?.first_run && !link.busy && p(null, TEXT.firstRun),
    link.problem && div(null, h(Fault, { problem: link.problem }), p({ class: "soft" }, TEXT.linkUsed)),
    link.busy || options?.first_run ? null : h(Password, {}),
    options?.oidc &&
      a(
        { class: "button wide", href: options.oidc.start, onClick: keepPlace },
        `${TEXT.with} ${options.oidc.name}`,
      ),
    div(
      { class: "aside" },
      !options?.first_run && [p(null, TEXT.noPassword), p({ class: "soft" }, TEXT.howTo)],
      code({ class: "command" }, TEXT.command),
    ),
  );
}
