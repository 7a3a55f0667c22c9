// What a person chose and this browser remembers. Storage may be missing or full; then a choice lasts as long as the page.
import { effect, signal } from "../vendor/signals.js";

/** @param {string} name @param {string} fallback @param {readonly string[]} [allowed] */
export function preference(name, fallback, allowed) {
  const key = `footbridge.${name}`;
  /** @param {string | null} value */
  const known = (value) => (value !== null && (!allowed || allowed.includes(value)) ? value : fallback);
  const stored = () => {
    try {
      return localStorage.getItem(key);
    } catch {
      return null;
    }
  };
  const choice = signal(known(globalThis.localStorage ? stored() : null));
  let first = true;
  effect(() => {
    const value = choice.value;
    if (first) return void (first = false);
    try {
      localStorage.setItem(key, value);
    } catch {
      // The choice lasts as long as the page.
    }
  });
  globalThis.window?.addEventListener("storage", (event) => {
    if (event.key === key) choice.value = known(event.newValue);
  });
  return choice;
}

export const THEMES = /** @type {const} */ (["system", "light", "dark"]);
export const theme = preference("theme", "system", THEMES);

/** Whether single keys do something: `on` or `off`. */
export const shortcuts = preference("keys", "on", ["on", "off"]);

/** Lets the style sheet follow the chosen theme. */
export function followTheme() {
  effect(() => {
    document.documentElement.dataset["theme"] = theme.value;
  });
}
