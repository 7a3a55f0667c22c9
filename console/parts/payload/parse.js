// Reads JSON into a flat list of nodes that keeps every value as it was written: large numbers, repeated members, any
// name of a member. It does not recurse, so no depth is too deep.

/**
 * @typedef {object} Node
 * @property {number} depth @property {string | number | null} key the member's name, or the place in an array
 * @property {number} parent its place in the list, or -1
 * @property {"object" | "array" | "string" | "number" | "word"} kind
 * @property {string} text as it is written; for objects and arrays empty
 * @property {number} count of members @property {number} end the place after its last member
 */

const SPACE = /[ \t\r\n]*/y;
const STRING = /"(?:[^"\\]|\\.)*"/sy;
const NUMBER = /-?[0-9.eE+-]+/y;
const WORD = /true|false|null/y;

/** The text of a JSON string, without its quotes. @param {string} text */
export function plain(text) {
  if (!text.includes("\\")) return text.slice(1, -1);
  try {
    return /** @type {string} */ (JSON.parse(text));
  } catch {
    return text.slice(1, -1);
  }
}

/**
 * @param {string} text @param {number} [most] nodes
 * @returns {Node[] | null} `null` if the text is no JSON or has more nodes
 */
export function parse(text, most = Infinity) {
  /** @type {Node[]} */
  const nodes = [];
  /** The open objects and arrays. @type {number[]} */
  const open = [];
  let at = 0;
  /** @type {string | number | null} */
  let key = null;

  /** @param {RegExp} pattern */
  const take = (pattern) => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    if (found !== undefined) at += found.length;
    return found;
  };
  /** @param {Node["kind"]} kind @param {string} written */
  const add = (kind, written) => {
    const parent = open.at(-1) ?? -1;
    nodes.push({ depth: open.length, key, parent, kind, text: written, count: 0, end: nodes.length + 1 });
    const above = nodes[parent];
    if (above) above.count += 1;
  };
  /** Closes what ends here; false if the text is wrong. */
  const after = () => {
    for (;;) {
      take(SPACE);
      const top = nodes[open.at(-1) ?? -1];
      if (!top) return true;
      const next = text[at++];
      if (next === ",") return member(top);
      if (next !== (top.kind === "object" ? "}" : "]")) return false;
      top.end = nodes.length;
      open.pop();
    }
  };
  /** Reads the name of the next member. @param {Node} top */
  const member = (top) => {
    take(SPACE);
    if (top.kind === "array") {
      key = top.count;
      return true;
    }
    const name = take(STRING);
    take(SPACE);
    key = plain(name ?? '""');
    return name !== undefined && text[at++] === ":";
  };

  for (;;) {
    take(SPACE);
    const first = text[at];
    if (first === "{" || first === "[") {
      at += 1;
      add(first === "{" ? "object" : "array", "");
      open.push(nodes.length - 1);
      take(SPACE);
      const top = /** @type {Node} */ (nodes.at(-1));
      if (text[at] === "}" || text[at] === "]") {
        if (!after()) return null;
      } else if (!member(top)) return null;
    } else {
      const kind = first === '"' ? "string" : /[-\d]/.test(first ?? "") ? "number" : "word";
      const written = take(kind === "string" ? STRING : kind === "number" ? NUMBER : WORD);
      if (written === undefined) return null;
      add(kind, written);
      if (!after()) return null;
    }
    if (nodes.length > most) return null;
    if (open.length === 0) return at === text.length ? nodes : null;
  }
}

/** The text of one member of an object, exactly as it is written. @param {string} text @param {string} name @returns {string | null} */
export function memberText(text, name) {
  let depth = 0;
  let start = -1;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at];
    if (char === '"') {
      STRING.lastIndex = at;
      const string = STRING.exec(text)?.[0];
      if (string === undefined) return null;
      at += string.length - 1;
      if (depth !== 1 || start >= 0) continue;
      SPACE.lastIndex = at + 1;
      const gap = SPACE.exec(text)?.[0].length ?? 0;
      if (text[at + 1 + gap] === ":" && plain(string) === name) {
        start = at + 2 + gap;
        at = start - 1;
      }
    } else if (char === "{" || char === "[") depth += 1;
    else if (char === "}" || char === "]" || char === ",") {
      const ends = depth === 1 && start >= 0;
      if (ends) return text.slice(start, at).trim();
      if (char !== ",") depth -= 1;
    }
  }
  return null;
}
