// A time range with two exact ends.
import { h } from "../vendor/preact.js";
import { tags } from "../base/tags.js";
import { zone } from "../base/time.js";
import { place, setQuery } from "../base/url.js";
import { Dialog } from "../parts/dialog.js";

const { label, form, input, div, button, p } = tags;

/** A field's value as a time of the zone in use. @param {string} text @param {boolean} utc */
export const toIso = (text, utc) => (text ? new Date(utc ? `${text}Z` : text).toISOString() : "");

/** @param {string | undefined} iso @param {boolean} utc */
export function toField(iso, utc) {
  const at = new Date(iso ?? "");
  if (Number.isNaN(at.getTime())) return "";
  const shifted = utc ? at : new Date(at.getTime() - at.getTimezoneOffset() * 60_000);
  return shifted.toISOString().slice(0, 19);
}

/** @param {{ close: () => void }} props */
export function Exact({ close }) {
  const utc = zone.value === "utc";
  const { since, until } = place.value.query;
  /** @param {SubmitEvent} event */
  const submit = (event) => {
    event.preventDefault();
    const data = new FormData(/** @type {HTMLFormElement} */ (event.currentTarget));
    setQuery({ since: toIso(String(data.get("since")), utc), until: toIso(String(data.get("until")), utc) });
    close();
  };
  return h(
    Dialog,
    { title: "Time range", close },
    form(
      { class: "stack", onSubmit: submit },
      p({ class: "soft" }, utc ? "Times are in UTC." : "Times are in the zone of this machine."),
      label(
        null,
        "Since",
        input({ type: "datetime-local", step: 1, name: "since", defaultValue: toField(since, utc) }),
      ),
      label(
        null,
        "Until",
        input({ type: "datetime-local", step: 1, name: "until", defaultValue: toField(until, utc) }),
      ),
      div(
        { class: "row end" },
        button({ type: "button", onClick: close }, "Cancel"),
        button({ type: "submit", class: "main" }, "Show"),
      ),
    ),
  );
}
