// Fields of a form, buttons that ask before they act, and values that are shown once.
import { h } from "../vendor/preact.js";
import { useEffect, useState } from "../vendor/hooks.js";
import { api } from "../base/api.js";
import { tags } from "../base/tags.js";
import { Ask, Dialog } from "./dialog.js";
import { Copy, toast } from "./toast.js";

const { label, input, select, option, textarea, datalist, small, p, button, div, code, b, span } = tags;

/** @import { ComponentChildren } from "../vendor/preact.js" */
/**
 * @typedef {object} Field
 * @property {string} name @property {ComponentChildren} label
 * @property {"text" | "url" | "number" | "password" | "select" | "check" | "area" | "app" | "datetime-local"} [type]
 * @property {string | number | boolean | null} [value] at the beginning
 * @property {readonly (string | readonly [string, string])[]} [options] of a select: values, or values with their words
 * @property {ComponentChildren} [hint] @property {boolean} [required] @property {string} [pattern]
 * @property {string} [placeholder] @property {number} [min] @property {number} [max] @property {number} [rows] of an area
 * @property {(value: string) => void} [onChange]
 */
/** @typedef {Record<string, string>} Values what the fields have; a box that is not ticked has "" */

/** The names of apps, for fields. */
export function useAppNames() {
  const [names, setNames] = useState(/** @type {string[]} */ ([]));
  useEffect(() => {
    const abort = new AbortController();
    api.get("/api/v1/apps", { query: { limit: 250 }, signal: abort.signal }).then(
      ({ data }) => setNames(data.map((app) => app.name)),
      () => {},
    );
    return () => abort.abort();
  }, []);
  return names;
}

/** The name of an app, completed while it is written. @param {any} props of the field */
function AppInput(props) {
  const names = useAppNames();
  const id = `names-${props.name}`;
  return [
    input({ ...props, list: id, autocomplete: "off", spellcheck: false }),
    datalist(
      { id },
      names.map((name) => option({ key: name, value: name })),
    ),
  ];
}

/** @param {{ field: Field }} props */
function Box({ field }) {
  const { name, type = "text", value, options = [], hint, onChange } = field;
  const text = value === null || value === undefined ? "" : String(value);
  const common = {
    name,
    required: field.required,
    onInput: onChange && ((/** @type {any} */ event) => onChange(event.currentTarget.value)),
  };
  const told = hint && small({ class: "soft" }, hint);
  if (type === "check")
    return label(
      { class: "check" },
      input({ type: "checkbox", name, value: "true", defaultChecked: Boolean(value) }),
      span(null, field.label),
      told,
    );
  const { pattern, placeholder, min, max } = field;
  return label(
    null,
    field.label,
    type === "select"
      ? select(
          common,
          options.map((one) => {
            const [key, words] = typeof one === "string" ? [one, one] : one;
            return option({ key, value: key, selected: key === text }, words);
          }),
        )
      : type === "area"
        ? textarea({ ...common, rows: field.rows ?? 8, spellcheck: false, placeholder, defaultValue: text })
        : type === "app"
          ? h(AppInput, { ...common, defaultValue: text })
          : input({
              ...common,
              type: /** @type {any} */ (type),
              pattern,
              placeholder,
              min,
              max,
              defaultValue: text,
              autocomplete: "off",
            }),
    told,
  );
}

/** @param {{ of: Field[] }} props */
export const Fields = ({ of }) => of.map((field) => h(Box, { key: field.name, field }));

/** @param {FormData} data @param {Field[]} fields @returns {Values} */
export const valuesOf = (data, fields) =>
  Object.fromEntries(fields.map(({ name }) => [name, String(data.get(name) ?? "").trim()]));

/**
 * A button that asks first, with fields for what the action needs. `act` may answer with what is said when it is done.
 * @param {{
 *   label: string, action?: string, title?: string, text?: ComponentChildren, fields?: Field[], danger?: boolean, look?: string,
 *   act: (values: Values) => Promise<unknown>,
 * }} props
 */
export function Do({ label: words, action = words, title = words, text, fields = [], danger = false, look = "", act }) {
  const [open, setOpen] = useState(false);
  return [
    button({ type: "button", class: look, onClick: () => setOpen(true) }, `${words}…`),
    open &&
      h(
        Ask,
        {
          title,
          action,
          danger,
          close: () => setOpen(false),
          act: async (data) => {
            const said = await act(valuesOf(data, fields));
            if (said !== null) toast(typeof said === "string" ? said : `${action}: done`);
          },
        },
        text && p({ class: "soft" }, text),
        h(Fields, { of: fields }),
      ),
  ];
}

/** The question before something is removed: its name is typed. @param {{ what: string, name: string, text: ComponentChildren, look?: string, act: () => Promise<unknown> }} props */
export const Remove = ({ what, name, text, look = "", act }) =>
  h(Do, {
    label: "Remove",
    title: `Remove ${what} ${name}?`,
    danger: true,
    look,
    text,
    fields: [
      {
        name: "typed",
        label: span(null, "Type ", b(null, name)),
        required: true,
        pattern: name.replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&"),
      },
    ],
    act,
  });

/** Values that the server shows this once. The first try to close it without having stored them is answered by a warning. @param {{ title: string, values: (readonly [string, string])[], close: () => void }} props */
export function Once({ title, values, close }) {
  const [warned, setWarned] = useState(false);
  return h(
    Dialog,
    { title, close: () => (warned ? close() : setWarned(true)) },
    p(
      warned ? { class: "warn", role: "alert" } : { class: "soft" },
      warned
        ? "Nobody can read these again. Store them first, then press the button; closing once more closes it."
        : "These are shown this once. Store them where the app reads them.",
    ),
    values.map(([name, value]) =>
      div(
        { key: name, class: "secret" },
        span({ class: "soft" }, name),
        div({ class: "row" }, code({ class: "command" }, value), h(Copy, { text: value, what: name, label: "Copy", secret: true })),
      ),
    ),
    div({ class: "row end" }, button({ type: "button", class: "main", onClick: close }, "I stored it")),
  );
}
