// The rows of the current filter as a file. The server writes it; nothing is put together here.
import { h } from "../vendor/preact.js";
import { address, problemOf } from "../base/api.js";
import { useAction } from "../base/resource.js";
import { tags } from "../base/tags.js";
import { Icon } from "./marks.js";
import { toast } from "./toast.js";

const { button, span } = tags;

/** Gives a file to the browser. @param {Blob} content @param {string} name */
export function download(content, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** @param {{ path: string, query: import("../base/api-types.js").Options["query"], name: string }} props */
export function Export({ path, query, name }) {
  const saving = useAction(async (/** @type {string} */ accept, /** @type {string} */ ending) => {
    try {
      const response = await fetch(address(path, { ...(query && { query }) }), { headers: { accept } });
      if (!response.ok) throw await problemOf(response);
      download(await response.blob(), `${name}.${ending}`);
    } catch (error) {
      toast(/** @type {Error} */ (error).message, { tone: "bad" });
    }
  });
  return span(
    { class: "row tight" },
    h(Icon, { name: "save" }),
    button(
      {
        type: "button",
        disabled: saving.busy,
        title: "Save all rows of this filter",
        onClick: () => saving.run("text/csv", "csv"),
      },
      "CSV",
    ),
    button(
      {
        type: "button",
        disabled: saving.busy,
        title: "Save all rows of this filter",
        onClick: () => saving.run("application/x-ndjson", "ndjson"),
      },
      "NDJSON",
    ),
  );
}
