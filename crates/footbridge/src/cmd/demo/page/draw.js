// Draws the trail. Foreign content is inserted as text.
import { lane, named, PARTS, span, WAYS } from "./parts.js";

const make = (tag, props = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), props);
  element.append(...children);
  return element;
};

/** The names above the lanes. */
export const heads = () =>
  Object.entries(PARTS).map(([part, { app, what }]) => {
    const head = make("span", {}, make("b", { textContent: app }), make("span", { textContent: what }));
    head.dataset.part = part;
    return head;
  });

/** @param {HTMLElement} list where the groups go @param {(group: any) => void} told of every change */
export function drawer(list, told) {
  /** @type {Map<any, ReturnType<typeof frame>>} */
  const drawn = new Map();
  return {
    group(group) {
      let view = drawn.get(group);
      if (!view) {
        drawn.set(group, (view = frame(group)));
        list.prepend(view.element);
      }
      view.update();
      told(group);
    },
    gone(group) {
      drawn.get(group)?.element.remove();
      drawn.delete(group);
      told(group);
    },
  };
}

function frame(group) {
  const state = make("p", { className: "state" });
  const ids = make("p", { className: "ids" });
  const hops = make("ol", { className: "hops" });
  const badge = make("span", { className: "badge", textContent: WAYS[group.way] });
  const title = make("h3", {}, badge, " ", make("span", { textContent: group.title }));
  if (group.stranger) title.append(" ", make("span", { className: "from", textContent: "begun elsewhere" }));
  const element = make("li", { className: "group" }, make("div", { className: "head" }, title, state, ids), hops);
  element.dataset.way = group.way;
  /** @type {Map<any, HTMLElement>} */
  const rows = new Map();

  function update() {
    element.dataset.state = group.state;
    state.textContent = group.text;
    if (ids.childElementCount !== group.ids.length) {
      ids.replaceChildren(...group.ids.map((id) => make("code", { textContent: id, title: id })));
    }
    group.hops.forEach((hop, place) => {
      const row = rows.get(hop) ?? rows.set(hop, line(hop, group.at)).get(hop);
      if (hops.children[place] !== row) hops.insertBefore(row, hops.children[place] ?? null);
    });
  }
  return { element, update };
}

/** One hop; its content can be opened below it. */
function line(hop, begun) {
  const [from, to] = [lane(hop.from), lane(hop.to)];
  const arrow = make("span", { className: from < to ? "arrow right" : "arrow left" });
  arrow.style.gridColumn = `${2 * Math.min(from, to) + 2} / ${2 * Math.max(from, to) + 2}`;
  const lanes = make("span", { className: "lanes", ariaHidden: "true" }, arrow);
  const words = make(
    "span",
    { className: "words" },
    make("span", { className: "way", textContent: `${named(hop.from)} → ${named(hop.to)}: ` }),
    make("b", { textContent: hop.what }),
  );
  if (hop.note) words.append(" ", make("span", { className: "note", textContent: hop.note }));
  const when = make("span", { className: "when", textContent: `+${span(hop.at - begun)}` });
  const row = make("li", { className: "hop" });
  if (hop.mark) row.dataset.mark = hop.mark;
  if (hop.content === undefined) {
    row.append(make("div", { className: "line" }, lanes, words, when));
  } else {
    const text = JSON.stringify(hop.content, null, 2);
    const details = make("details", {}, make("summary", { className: "line" }, lanes, words, when));
    details.append(make("pre", { textContent: text, tabIndex: 0 }));
    row.append(details);
  }
  return row;
}
