// Single keys. They never act in a field, and a person can switch them off (then only Ctrl-K and Escape remain).
import { useLayoutEffect, useRef } from "../vendor/hooks.js";
import { shortcuts } from "./prefs.js";

/** @typedef {Record<string, (event: KeyboardEvent) => void | boolean>} Keys a handler that answers `false` passes the key on */

/** The handlers of what is on the screen; the latest first. @type {{ current: Keys }[]} */
const layers = [];
/** The first key of a sequence, such as `g`. */
let begun = "";
let timer = 0;

/** @param {EventTarget | null} target */
function isField(target) {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target.closest("select, textarea")) return true;
  return target instanceof HTMLInputElement && !["checkbox", "radio", "button", "range"].includes(target.type);
}

/** The name of a key in a table of handlers. @param {KeyboardEvent} event */
export function nameOf(event) {
  if (event.altKey) return "";
  const control = event.ctrlKey || event.metaKey;
  return (control ? "Ctrl-" : "") + (event.key.length === 1 && control ? event.key.toLowerCase() : event.key);
}

/** @param {KeyboardEvent} event */
function press(event) {
  const name = nameOf(event);
  if (!name || event.defaultPrevented || event.isComposing) return;
  if (!name.startsWith("Ctrl-") && (shortcuts.value === "off" || isField(event.target))) return;
  // An open dialog has the keyboard to itself.
  if (document.querySelector("dialog:modal") && name !== "Ctrl-k") return;
  const sequence = begun ? `${begun} ${name}` : name;
  begun = "";
  for (const layer of layers) {
    if (layer.current[sequence] && layer.current[sequence](event) !== false) return event.preventDefault();
  }
  if (layers.some((layer) => Object.keys(layer.current).some((key) => key.startsWith(`${name} `)))) {
    begun = name;
    clearTimeout(timer);
    timer = window.setTimeout(() => (begun = ""), 1500);
  }
}

/** Handles keys while the component is on the screen, before those that came earlier. @param {Keys} keys */
export function useKeys(keys) {
  const latest = useRef(keys);
  latest.current = keys;
  // Before the paint: what is seen can be used.
  useLayoutEffect(() => {
    layers.unshift(latest);
    return () => void layers.splice(layers.indexOf(latest), 1);
  }, []);
}

export const listenToKeys = () => document.addEventListener("keydown", press);
