// What stands in the place of content: loading, an error, or nothing yet.
import { h } from "../vendor/preact.js";
import { useSlow } from "../base/resource.js";
import { tags } from "../base/tags.js";
import { Mark } from "./marks.js";

const { div, h1, p, a, b, button, code, span, strong } = tags;

/** @import { ComponentChildren } from "../vendor/preact.js" */
/** @import { Problem } from "../base/api.js" */
/** @import { Resource } from "../base/resource.js" */

/** Grey bars where rows will be. @param {{ rows?: number }} props */
export const Bars = ({ rows = 5 }) =>
  div(
    { class: "bars", role: "status" },
    span({ class: "unseen" }, "Loading"),
    Array.from({ length: rows }, (_, n) => div({ key: n, class: "bar" })),
  );

/** @param {{ problem: Problem, retry?: () => void }} props */
export const Fault = ({ problem, retry }) =>
  div(
    { class: "fault", role: "alert" },
    h(Mark, { tone: "bad" }),
    div(
      { class: "grow" },
      p(null, strong(null, problem.title), " ", code(null, problem.code)),
      p(null, problem.message),
      div(
        { class: "row" },
        retry && button({ type: "button", onClick: retry }, "Try again"),
        problem.page && a({ href: problem.page, target: "_blank", rel: "noopener" }, "What this error means"),
      ),
    ),
  );

/**
 * What stands where nothing is. `page` says that it is the whole screen.
 * @param {{ title: string, text?: ComponentChildren, command?: string, page?: boolean, children?: ComponentChildren }} props
 */
export const Empty = ({ title, text, command, page = false, children }) =>
  div(
    { class: "empty" },
    page ? h1(null, title) : p(null, b(null, title)),
    text && p(null, text),
    command && p(null, code({ class: "command" }, command)),
    children && div({ class: "row" }, children),
  );

/** @param {{ of: Resource<any>, rows?: number, show: (data: any) => ComponentChildren }} props */
function Loaded({ of, rows, show }) {
  const slow = useSlow(of.loading);
  return div(
    { class: slow && of.data ? "loaded late" : "loaded", "aria-busy": of.loading },
    of.problem && h(Fault, { problem: of.problem, retry: of.reload }),
    of.data !== undefined ? show(of.data) : of.loading && slow ? h(Bars, { rows: rows ?? 5 }) : null,
  );
}

/**
 * Shows content when it is there; before that bars, and an error beside the old content.
 * @template T
 * @param {{ of: Resource<T>, rows?: number, show: (data: T) => ComponentChildren }} props
 */
export const loaded = (props) => h(Loaded, props);
