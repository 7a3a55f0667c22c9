// The drawing of a story: a lane for each part, an arrow for each step. The same steps are there as times and as a list.
import { h } from "../../vendor/preact.js";
import { tags } from "../../base/tags.js";
import { span } from "../../base/time.js";
import { href, place, setQuery } from "../../base/url.js";
import { Mark } from "../marks.js";
import { screenOfId } from "../../base/screens.js";
import { When } from "../when.js";
import { lanesOf, rowsOf, timeline, toneOfStep } from "./model.js";

const { div, ol, li, b, span: text, a, q, button, p } = tags;

/** @import { Story } from "../../shapes.js" */
/** @import { Row } from "./model.js" */

/** @param {{ row: Row }} props */
const Words = ({ row }) =>
  text(
    { class: "words" },
    text({ class: "who" }, row.sentence, ": "),
    row.step.ref && screenOfId(row.step.ref)
      ? a({ href: href(screenOfId(row.step.ref) ?? "") }, row.step.text)
      : b(null, row.step.text),
    row.step.excerpt && q({ class: "excerpt" }, row.step.excerpt),
  );

/** @param {{ row: Row }} props */
const Took = ({ row }) =>
  text(
    { class: "took" },
    `+${span(row.after)}`,
    (row.step.ms ?? 0) > 0 && text({ class: "soft" }, ` ${span(row.step.ms ?? 0)}`),
  );

/** @param {{ row: Row }} props */
function Arrow({ row }) {
  const { from, to } = row;
  const tone = toneOfStep(row.step.outcome);
  if (from === to)
    return text({ class: `stay ${tone}`, style: { gridColumn: `${2 * from + 1} / span 2` } }, h(Mark, { tone }));
  const left = Math.min(from, to);
  return text({
    class: `arrow ${from < to ? "right" : "left"} ${row.step.kind} ${row.step.outcome}`,
    style: { gridColumn: `${2 * left + 2} / ${2 * Math.max(from, to) + 2}` },
  });
}

/** @param {{ story: Story, rows: Row[] }} props */
function Steps({ story, rows }) {
  const { lanes } = lanesOf(story.participants);
  const style = { "--lanes": lanes.length };
  return div(
    { class: "drawing", style },
    div(
      { class: "lanes-top", "aria-hidden": "true" },
      div(
        { class: "lane-names" },
        lanes.map((lane, n) =>
          div({ key: n, title: lane.name }, b(null, lane.name), text(null, lane.state ?? lane.kind)),
        ),
      ),
    ),
    ol(
      { class: "steps" },
      rows.map((row, n) =>
        li(
          { key: n, class: `step ${row.step.outcome}` },
          div({ class: "lanes", "aria-hidden": "true" }, h(Arrow, { row })),
          h(Mark, { tone: toneOfStep(row.step.outcome) }),
          h(Words, { row }),
          h(Took, { row }),
        ),
      ),
    ),
  );
}

/** @param {{ rows: Row[] }} props */
const Times = ({ rows }) =>
  ol(
    { class: "steps times" },
    timeline(rows).map(({ row, start, length }, n) =>
      li(
        { key: n, class: `step ${row.step.outcome}` },
        div(
          { class: "axis-line", "aria-hidden": "true" },
          text({
            class: `span ${toneOfStep(row.step.outcome)}`,
            style: { left: `${start * 100}%`, width: `${Math.min(1 - start, length) * 100}%` },
          }),
        ),
        h(Mark, { tone: toneOfStep(row.step.outcome) }),
        h(Words, { row }),
        h(Took, { row }),
      ),
    ),
  );

/** @param {{ rows: Row[] }} props */
const Sentences = ({ rows }) =>
  ol(
    { class: "sentences" },
    rows.map((row, n) =>
      li(
        { key: n },
        h(When, { at: row.step.at }),
        " ",
        row.sentence,
        ": ",
        b(null, row.step.text),
        `, ${row.step.outcome}`,
        typeof row.step.ms === "number" && `, ${span(row.step.ms)}`,
        row.step.excerpt && [", ", q(null, row.step.excerpt)],
      ),
    ),
  );

const MODES = { steps: "Steps", times: "Times", list: "List" };

/** @param {{ story: Story }} props */
export function Drawing({ story }) {
  const rows = rowsOf(story);
  const mode = place.value.query["view"] ?? "steps";
  const known = Object.keys(MODES).includes(mode) ? mode : "steps";
  return div(
    { class: "story" },
    div(
      { class: "row joined", role: "group", "aria-label": "How the steps are shown" },
      Object.entries(MODES).map(([id, title]) =>
        button(
          {
            key: id,
            type: "button",
            "aria-pressed": known === id,
            onClick: () => setQuery({ view: id === "steps" ? null : id }, { replace: true }),
          },
          title,
        ),
      ),
    ),
    known === "list" ? h(Sentences, { rows }) : known === "times" ? h(Times, { rows }) : h(Steps, { story, rows }),
    story.folded.steps > 0 &&
      p({ class: "soft" }, `${story.folded.steps} more steps are not drawn. The deliveries list all attempts.`),
  );
}
