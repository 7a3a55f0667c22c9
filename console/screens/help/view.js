// The help: keys, words, and where the guides are.
import { h } from "../../vendor/preact.js";
import { SCREENS } from "../../base/screens.js";
import { can } from "../../base/session.js";
import { tags } from "../../base/tags.js";
import { base } from "../../base/url.js";
import { Facts, Head, Part } from "../../parts/head.js";
import { Status } from "../../parts/marks.js";
import { GUIDES, KEYS, STATUSES, WORDS } from "./text.js";

const { ul, li, a, div, p } = tags;

export default function Help() {
  const goes = SCREENS.filter((screen) => screen.key && can(screen.permission));
  return [
    h(Head, { title: "Help", sub: "All of this is in the program: it needs no network." }),
    div(
      { class: "columns" },
      h(
        Part,
        { title: "Keys" },
        p({ class: "soft" }, "They never act in a field. “You” at the top switches them off."),
        h(Facts, {
          of: [
            ...KEYS.map(([key, text]) => /** @type {const} */ ([key, text])),
            ...goes.map((screen) => /** @type {const} */ ([`g ${screen.key}`, `go to ${screen.title.toLowerCase()}`])),
          ],
        }),
      ),
      h(Part, { title: "Words" }, h(Facts, { of: WORDS })),
      h(
        Part,
        { title: "Status of a delivery" },
        ul(
          { class: "plain" },
          STATUSES.map(([word, text]) => li({ key: word }, h(Status, { word }), ` ${text}`)),
        ),
      ),
      h(
        Part,
        { title: "Guides" },
        ul(
          { class: "plain" },
          GUIDES.map(([title, path]) =>
            li({ key: path }, a({ href: base + path, target: "_blank", rel: "noopener" }, title)),
          ),
        ),
      ),
    ),
  ];
}
