// Decides what is shown: the sign-in, a screen in its frame, or why there is none.
import { h } from "../vendor/preact.js";
import { useEffect, useState } from "../vendor/hooks.js";
import { asProblem } from "../base/api.js";
import { screenOf } from "../base/screens.js";
import { can, readSession, session } from "../base/session.js";
import { tags } from "../base/tags.js";
import { href, place } from "../base/url.js";
import { Bars, Empty, Fault } from "../parts/states.js";
import { Frame } from "./frame.js";

const { div, a, button } = tags;

/** @import { FunctionComponent } from "../vendor/preact.js" */
/** @import { Screen, ScreenProps } from "../base/screens.js" */
/** @typedef {{ screen?: Screen, View?: FunctionComponent<ScreenProps>, failed?: boolean }} Loading */

/** The code of a screen; it is loaded once. @param {Screen | undefined} screen @returns {Loading} */
function useScreen(screen) {
  const [loading, setLoading] = useState(/** @type {Loading} */ ({}));
  useEffect(() => {
    if (!screen) return;
    let left = false;
    screen.load().then(
      (module) => left || setLoading({ screen, View: module.default }),
      () => left || setLoading({ screen, failed: true }),
    );
    return () => void (left = true);
  }, [screen]);
  return loading;
}

/** Shown when a file of the console is gone: the server has another version now. */
const NewVersion = () =>
  h(
    Empty,
    {
      page: true,
      title: "This part of the console could not be loaded",
      text: "The server may have been upgraded. A reload gets its new console.",
    },
    button({ type: "button", class: "main", onClick: () => location.reload() }, "Reload"),
  );

const Nowhere = () =>
  h(
    Empty,
    { page: true, title: "There is no such screen", text: "The address may be of another version, or mistyped." },
    a({ class: "button", href: href("/") }, "Overview"),
  );

/** @param {{ screen: Screen }} props */
const Forbidden = ({ screen }) =>
  h(Empty, {
    page: true,
    title: `${screen.title} is not for your role`,
    text: `It needs the permission ${screen.permission}. An owner can give it to your role.`,
  });

function Content() {
  const { path, query } = place.value;
  const found = screenOf(path);
  const { screen, View, failed } = useScreen(found?.screen);
  if (!found) return h(Nowhere, {});
  if (!can(found.screen.permission)) return h(Forbidden, { screen: found.screen });
  if (failed) return h(NewVersion, {});
  if (!View || screen !== found.screen) return null;
  return h(View, { key: path, params: found.params, query });
}

/** The sign-in, which is loaded only when it is needed. */
function SignIn() {
  const [View, setView] = useState(/** @type {{ View?: FunctionComponent }} */ ({}));
  useEffect(() => {
    import("../screens/sign-in/view.js").then((module) => setView({ View: module.default }));
  }, []);
  return View.View ? h(View.View, {}) : null;
}

export function App() {
  const [problem, setProblem] = useState(/** @type {import("../base/api.js").Problem | null} */ (null));
  const start = () => {
    setProblem(null);
    // A sign-in link is used even if there is a session: it may be of somebody else.
    if (location.hash.startsWith("#setup=")) return void (session.value = null);
    readSession().catch((error) => setProblem(asProblem(error)));
  };
  useEffect(start, []);
  if (problem) return div({ class: "alone" }, h(Fault, { problem, retry: start }));
  if (session.value === undefined) return div({ class: "alone" }, h(Bars, { rows: 3 }));
  if (session.value === null) return h(SignIn, {});
  return h(Frame, {}, h(Content, {}));
}
