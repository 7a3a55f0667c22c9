// What to put into a page, and a light that turns on when the page is heard.
import {
  api,
  Copy,
  h,
  setQuery,
  Status,
  tags,
  TRAFFIC,
  useLive,
  useResource,
  useState,
  When,
} from "../../parts/kit.js";
import { snippet } from "./model.js";
import { TEXT } from "./text.js";

const { button, div, p, pre, span } = tags;

const FORMS = /** @type {const} */ ([
  ["module", "Host page, module"],
  ["script", "Host page, plain script"],
  ["miniapp", "Miniapp, in a frame or a web view"],
]);

/** @param {{ app: string, form: string | undefined }} props */
export function PageSnippet({ app, form = "module" }) {
  const [heard, setHeard] = useState("");
  // Not everybody may read the settings; then the address is the usual one.
  const settings = useResource("settings", (signal) => api.get("/api/v1/settings", { signal }).catch(() => null));
  const url = settings.data?.settings.find((one) => one.key === "public_url")?.value;
  const text = snippet(form, app, typeof url === "string" ? url.replace(/\/$/, "") : "http://127.0.0.1:4400");
  useLive({ kinds: TRAFFIC }, ({ event, data }) => {
    if (event !== "delivery" && (data.publisher === app || data.sender === app)) setHeard(new Date().toISOString());
  });
  return div(
    { class: "stack" },
    p({ class: "soft" }, TEXT.snippetText),
    div(
      { class: "row" },
      div(
        { class: "row joined" },
        FORMS.map(([id, title]) =>
          button(
            {
              key: id,
              type: "button",
              "aria-pressed": form === id,
              onClick: () => setQuery({ form: id }, { replace: true }),
            },
            title,
          ),
        ),
      ),
      h(Copy, { text, what: "snippet", label: "Copy" }),
    ),
    pre({ class: "bytes", tabIndex: 0, "aria-label": "Snippet" }, text),
    p(
      { class: "calm", role: "status" },
      heard
        ? [h(Status, { word: "ok", text: TEXT.heard }), h(When, { at: heard })]
        : [h(Status, { word: "waiting" }), span({ class: "soft" }, TEXT.notHeard)],
    ),
  );
}
