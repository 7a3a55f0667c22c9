// A person without a mouse: Tab, Enter and letters, and the focus is seen at every step.
import assert from "node:assert/strict";
import { SCREENS } from "../../base/screens.js";

/** What has the focus: its words, and whether a person sees that it has it. */
const focused = (page) =>
  page.evaluate(() => {
    const own = document.activeElement;
    if (!own || own === document.body) return { name: "", seen: true, tag: "" };
    const drawn = (element) => {
      const { outlineStyle, outlineWidth } = getComputedStyle(element);
      return outlineStyle !== "none" && parseFloat(outlineWidth) > 0;
    };
    const around = [own, own.closest("tr"), own.closest(".search")].filter(Boolean);
    return {
      name: (own.getAttribute("aria-label") ?? own.labels?.[0]?.textContent ?? own.textContent ?? "").trim(),
      field: own.getAttribute("name") ?? "",
      tag: own.tagName,
      // A heading gets the focus so that it is read first; nothing can be done there.
      seen: own.tagName === "H1" || around.some(drawn),
    };
  });

/** Presses Tab until the element with this text, or the field with this name, has the focus. */
export async function tabTo(page, wanted) {
  const passed = [];
  for (let n = 0; n < 120; n += 1) {
    const own = await focused(page);
    assert.ok(own.seen, `nobody sees that ${own.tag} “${own.name.slice(0, 60)}” has the focus`);
    if (n > 0 && (own.name === wanted || own.field === wanted)) return;
    passed.push(own.name.slice(0, 30));
    await page.keyboard.press("Tab");
  }
  throw new Error(`Tab does not reach “${wanted}”: ${passed.join(" | ")}`);
}

/** Goes to what has this text by Tab, and presses it. */
export async function pressBy(page, wanted) {
  await tabTo(page, wanted);
  await page.keyboard.press("Enter");
}

/** Goes to the field with this name by Tab, and writes instead of what it has. */
export async function writeBy(page, name, text) {
  await tabTo(page, name);
  await page.keyboard.down("Control");
  await page.keyboard.press("a");
  await page.keyboard.up("Control");
  await page.keyboard.type(text);
}

/** Goes to a screen by the palette. */
export async function goBy(page, title) {
  await page.keyboard.down("Control");
  await page.keyboard.press("k");
  await page.keyboard.up("Control");
  await page.waitForSelector('dialog[open] [role="combobox"]');
  await page.keyboard.type(title);
  await page.waitForFunction(
    (title) => document.querySelector('[role="option"][aria-selected="true"] span')?.textContent === title,
    {},
    title,
  );
  await page.keyboard.press("Enter");
  const { path } = SCREENS.find((screen) => screen.title === title);
  await page.waitForFunction((path) => location.pathname === path && document.querySelector("main h1"), {}, path);
}
