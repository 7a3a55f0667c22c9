// The API reference: all operations, from the description that the server gives of itself.
import {
  base,
  call,
  Empty,
  h,
  Head,
  href,
  loaded,
  Part,
  setQuery,
  tags,
  useCommands,
  useResource,
} from "../../parts/kit.js";
import { groups, operations } from "./model.js";
import { One } from "./one.js";
import { TEXT } from "./text.js";

const { a, code, input, li, p, span, ul } = tags;

/** @import { Schema } from "./model.js" */
/** @import { ScreenProps } from "../../base/screens.js" */

/** @param {{ description: Schema, typed: string }} props */
function All({ description, typed }) {
  const found = groups(description, typed);
  useCommands({ path: "/openapi.json" });
  return [
    h(
      Head,
      { title: TEXT.title, sub: TEXT.sub },
      a({ class: "button", href: `${base}/openapi.json`, download: "openapi.json" }, "OpenAPI file"),
    ),
    input({
      type: "search",
      class: "narrow",
      "aria-label": "Words of an operation",
      placeholder: "Find",
      defaultValue: typed,
      onInput: (event) => setQuery({ find: event.currentTarget.value }, { replace: true }),
    }),
    found.length === 0 && h(Empty, { title: TEXT.none, text: TEXT.noneText }),
    found.map((group) =>
      h(
        Part,
        { key: group.name, title: group.name },
        group.text && p({ class: "soft" }, group.text),
        ul(
          { class: "plain" },
          group.operations.map((one) =>
            li(
              { key: one.id },
              a({ href: href("/reference", { op: one.id }) }, code(null, `${one.method} ${one.path}`)),
              span({ class: "soft" }, ` ${one.summary}`),
            ),
          ),
        ),
      ),
    ),
  ];
}

/** @param {ScreenProps} props */
export default function Reference({ query }) {
  const { op, find = "" } = query;
  const description = useResource("openapi", (signal) => call("GET", "/openapi.json", { signal }));
  return loaded({
    of: description,
    show: (data) => {
      const one = op && operations(data).find(({ id }) => id === op);
      return one
        ? h(One, { key: op, description: data, operation: one })
        : h(All, { key: "all", description: data, typed: find });
    },
  });
}
