// A dialog. The browser keeps the focus inside and returns it afterwards.
import { h } from "../vendor/preact.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { tags } from "../base/tags.js";
import { useAction } from "../base/resource.js";
import { Icon } from "./marks.js";
import { Fault } from "./states.js";

const { dialog, div, form, h2, button } = tags;

/** @import { ComponentChildren } from "../vendor/preact.js" */

/** What a person will use first: a field, the action, or with a dangerous action the way out. @param {HTMLElement | null} within */
function firstOf(within) {
  for (const wanted of ["form :is(input, select, textarea)", ".main:not(.danger)", "form button"]) {
    const found = within?.querySelector(wanted);
    if (found instanceof HTMLElement) return found;
  }
  return null;
}

/** @param {{ title: string, close: () => void, wide?: boolean, children?: ComponentChildren }} props */
export function Dialog({ title, close, wide = false, children }) {
  const own = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const [opener] = useState(() => document.activeElement);
  useEffect(() => {
    const before = document.activeElement === document.body ? opener : document.activeElement;
    own.current?.showModal();
    firstOf(own.current)?.focus();
    return () => {
      own.current?.close();
      // What was removed by the action cannot have the focus; then it goes to the heading.
      const to = before?.isConnected && before !== document.body ? before : document.querySelector("h1");
      if (to instanceof HTMLElement) to.focus();
    };
  }, []);
  // A browser may close a dialog without asking, on a second Escape for example. It comes back if `close` keeps it.
  const closed = () => {
    if (!own.current) return;
    close();
    setTimeout(() => own.current?.isConnected && !own.current.open && own.current.showModal());
  };
  return dialog(
    {
      ref: own,
      class: wide ? "wide" : "",
      "aria-label": title,
      onCancel: (event) => (event.preventDefault(), close()),
      onClose: closed,
      onClick: (event) => event.target === own.current && close(),
    },
    div(
      { class: "dialog-in" },
      div(
        { class: "dialog-top" },
        h2(null, title),
        button({ type: "button", class: "quiet", "aria-label": "Close", onClick: close }, h(Icon, { name: "close" })),
      ),
      children,
    ),
  );
}

/**
 * A question with one action. It closes when the action is done and shows why when it is not.
 * @param {{ title: string, action: string, danger?: boolean, act: (data: FormData) => Promise<unknown>, close: () => void, children?: ComponentChildren }} props
 * `act` gets what the fields have
 */
export function Ask({ title, action, danger = false, act, close, children }) {
  const doing = useAction(async (/** @type {FormData} */ data) => {
    await act(data);
    close();
  });
  return h(
    Dialog,
    { title, close },
    form(
      {
        class: "stack",
        onSubmit: (event) => {
          event.preventDefault();
          doing.run(new FormData(event.currentTarget));
        },
      },
      children,
      doing.problem && h(Fault, { problem: doing.problem }),
      div(
        { class: "row end" },
        button({ type: "button", onClick: close }, "Cancel"),
        button({ type: "submit", class: danger ? "main danger" : "main", disabled: doing.busy }, action),
      ),
    ),
  );
}
