// One function for each HTML and SVG element: `div({ class: "row" }, "text")`. Text stays text: nothing here parses HTML.
import { h } from "../vendor/preact.js";

/** @import { ComponentChildren, JSX, VNode } from "../vendor/preact.js" */
/** @typedef {{ [name: `data-${string}`]: string | number | boolean | undefined }} Data */
/**
 * @typedef {{
 *   [Tag in keyof JSX.IntrinsicElements]: (
 *     props?: (JSX.IntrinsicElements[Tag] & Data) | null,
 *     ...children: ComponentChildren[]
 *   ) => VNode
 * }} Tags
 */

/** @type {Tags} */
export const tags = new Proxy(/** @type {any} */ ({}), {
  get:
    (_, tag) =>
    (/** @type {any} */ props, /** @type {any[]} */ ...children) =>
      h(String(tag), props, ...children),
});
