// The attempts of a delivery: when, what came back, how long it took.
import { h } from "../vendor/preact.js";
import { tags } from "../base/tags.js";
import { span } from "../base/time.js";
import { rowTable } from "./table.js";
import { Status } from "./marks.js";
import { When } from "./when.js";

const { code, pre, p, details, summary } = tags;

/** @import { Attempt } from "../shapes.js" */

/** @param {Attempt} attempt */
const said = (attempt) => {
  if (attempt.answer) return pre({ class: "answer", tabIndex: 0 }, attempt.answer);
  if (attempt.output)
    return details(
      null,
      summary(null, "Output"),
      pre({ class: "answer", tabIndex: 0 }, JSON.stringify(attempt.output, null, 2)),
    );
  return attempt.error ?? "";
};

/** @param {Attempt} attempt */
const good = (attempt) => (attempt.status ?? 0) >= 200 && (attempt.status ?? 0) < 300;

/** @param {{ attempts: Attempt[] }} props */
export const Attempts = ({ attempts }) =>
  attempts.length === 0
    ? p({ class: "soft" }, "No attempt has ended yet.")
    : rowTable({
        caption: "Attempts",
        rows: [...attempts].reverse(),
        id: (one) => String(one.n),
        columns: [
          { title: "Try", kind: "number", cell: (one) => one.n },
          { title: "At", kind: "id", cell: (one) => h(When, { at: one.at }) },
          {
            title: "Outcome",
            cell: (one) =>
              h(Status, {
                word: good(one) || (one.output && !one.error) ? "ok" : "failed",
                text: one.status ? String(one.status) : one.error ? "failed" : "ok",
              }),
          },
          { title: "Took", kind: "number", cell: (one) => span(one.ms) },
          {
            title: "What came back",
            kind: "wide",
            cell: (one) => [one.error && one.answer && code(null, one.error), said(one)],
          },
        ],
      });
