// What a person does on a page: presses, writes, reads.

/** Presses the button with this text, in the dialog if one is open, else within `within`. */
export async function press(page, text, within = "body") {
  const found = await page.waitForFunction(
    (text, within) => {
      const place = document.querySelector("dialog[open]") ?? document.querySelector(within);
      const all = place?.querySelectorAll("button, a.button") ?? [];
      return [...all].find((one) => one.textContent === text && !one.disabled);
    },
    {},
    text,
    within,
  );
  await found.asElement().click();
}

/** Writes into the field of the open dialog, or of the screen, instead of what it has. */
export async function fill(page, name, text) {
  const field = await page.waitForSelector(`dialog[open] [name="${name}"], main [name="${name}"]`);
  await field.click({ clickCount: 3 });
  await field.type(text);
}

export const tick = async (page, name) => (await page.waitForSelector(`dialog[open] [name="${name}"]`)).click();

export const said = (page, text) =>
  page.waitForFunction((text) => document.querySelector(".toasts")?.textContent.includes(text), {}, text);
export const shows = (page, text) =>
  page.waitForFunction((text) => document.querySelector("main")?.textContent.includes(text), {}, text);
export const closed = (page) => page.waitForFunction(() => !document.querySelector("dialog[open]"));

/** The selector of the row of a table with this id, when it is there. */
export async function row(page, id) {
  const selector = `tr[data-id="${id}"]`;
  await page.waitForSelector(selector);
  return selector;
}

/** All that a page holds: what is drawn, its address, what it keeps. */
export const whole = (page) =>
  page.evaluate(
    () =>
      document.documentElement.outerHTML +
      location.href +
      JSON.stringify([history.state, { ...localStorage }, { ...sessionStorage }]) +
      [...document.querySelectorAll("input, textarea")].map((one) => one.value).join(),
  );
