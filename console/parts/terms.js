// The text of a search, as the server reads it: terms with blanks between them, quotes around values with blanks.

/** Splits a search into its terms; quotes stay. @param {string} text */
export const terms = (text) => text.match(/(?:"(?:\\.|[^"\\])*"?|[^\s"])+/g) ?? [];

/** @param {string} text @param {string} key @returns {string} the value of the first term with this key, or "" */
export function valueOf(text, key) {
  const term = terms(text).find((one) => one.startsWith(`${key}:`));
  const value = term?.slice(key.length + 1) ?? "";
  return value.startsWith('"') ? value.slice(1).replace(/"$/, "").replace(/\\(.)/g, "$1") : value;
}

/** A value as the grammar takes it. @param {string} value */
export const quoted = (value) => (/^[^\s"\\]+$/.test(value) ? value : `"${value.replace(/["\\]/g, "\\$&")}"`);

/** The search with this term instead of others of the same key; without a value, without them. @param {string} text @param {string} key @param {string | null} value */
export function withTerm(text, key, value) {
  const rest = terms(text).filter((one) => !one.startsWith(`${key}:`) && !one.startsWith(`-${key}:`));
  return [...rest, ...(value ? [`${key}:${quoted(value)}`] : [])].join(" ");
}
