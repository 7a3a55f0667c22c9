// The audit: every change of the server, the latest first.
import { command, Export, h, Head, setQuery, tags, useCommands } from "../../parts/kit.js";
import { AuditList } from "./rows.js";

const { form, input, label, span } = tags;

/** @import { ScreenProps } from "../../base/screens.js" */

const FILTER = /** @type {const} */ (["who", "action", "object"]);
const EXAMPLES = { who: "ana", action: "app.*", object: "mailer" };

/** @param {ScreenProps} props */
export default function Audit({ query }) {
  const filter = Object.fromEntries(
    ["q", ...FILTER, "since", "until"].flatMap((name) => (query[name] ? [[name, query[name]]] : [])),
  );
  useCommands({ path: "/api/v1/audit", query: { ...filter, limit: 50 }, command: command(["audit"], filter) });
  return [
    h(
      Head,
      { title: "Audit", sub: "Who changed what, from where. Secrets are never in it." },
      h(Export, { path: "/api/v1/audit", query: filter, name: "audit" }),
    ),
    form(
      { class: "row", onSubmit: (event) => event.preventDefault() },
      FILTER.map((name) =>
        label(
          { key: name, class: "inline" },
          span(null, name),
          input({
            defaultValue: query[name] ?? "",
            placeholder: EXAMPLES[name],
            onChange: (event) => setQuery({ [name]: event.currentTarget.value.trim() }, { replace: true }),
          }),
        ),
      ),
    ),
    h(AuditList, {
      query: filter,
      none: Object.keys(filter).length > 0 ? "No change matches" : "Nothing was changed yet",
      text: "Each change by the console, the command line or a token leaves one row, written together with the change.",
    }),
  ];
}
