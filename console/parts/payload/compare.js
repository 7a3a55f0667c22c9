// The values in which two events differ.
import { h } from "../../vendor/preact.js";
import { useState } from "../../vendor/hooks.js";
import { readText } from "../../base/api.js";
import { useAction } from "../../base/resource.js";
import { tags } from "../../base/tags.js";
import { rowTable } from "../table.js";
import { Fault } from "../states.js";
import { differences } from "./model.js";
import { memberText, parse } from "./parse.js";

const { form, input, button, p, div, code } = tags;

/** @import { Node } from "./parse.js" */
/** @typedef {ReturnType<typeof differences>} Differences */

/** @param {{ nodes: Node[], id: string }} props */
export function Compare({ nodes, id }) {
  const [rows, setRows] = useState(/** @type {Differences | null} */ (null));
  const [other, setOther] = useState("");
  const comparing = useAction(async () => {
    const text = await readText("/api/v1/events/{id}", { params: { id: other.trim() } });
    const parsed = parse(memberText(text, "body") ?? "null");
    setRows(parsed ? differences(nodes, parsed) : []);
  });
  return div(
    { class: "compare" },
    form(
      { class: "row", onSubmit: (event) => (event.preventDefault(), comparing.run()) },
      input({
        "aria-label": "Id of the other event",
        placeholder: "evt_…",
        required: true,
        value: other,
        onInput: (event) => setOther(event.currentTarget.value),
      }),
      button({ type: "submit", disabled: comparing.busy }, "Compare"),
    ),
    comparing.problem && h(Fault, { problem: comparing.problem }),
    rows?.length === 0 && p({ role: "status" }, "The two payloads have the same values."),
    rows &&
      rows.length > 0 &&
      rowTable({
        caption: "Differences",
        rows: rows.slice(0, 500),
        id: (row) => row.path,
        columns: [
          { title: "Path", cell: (row) => code(null, row.path || "(all)") },
          { title: id, cell: (row) => code(null, row.one ?? "–") },
          { title: other, cell: (row) => code(null, row.other ?? "–") },
        ],
      }),
  );
}
