// The operations of the API, as its own description has them, and examples of what they take.

/**
 * @typedef {Record<string, any>} Schema a part of the description
 * @typedef {{ name: string, in: string, required: boolean, text: string }} Parameter
 * @typedef {{ status: string, text: string, media: string[] }} Answer
 * @typedef {object} Operation
 * @property {string} id @property {string} method @property {string} path @property {string} group
 * @property {string} summary @property {string} text @property {Parameter[]} parameters
 * @property {Schema | null} body the schema of what it takes @property {Answer[]} answers
 * @property {string | null} auth the header that a script sends
 * @property {"here" | "stream" | "elsewhere"} place where it can be tried
 */

const METHODS = ["get", "post", "put", "patch", "delete"];

/** The header of a security scheme, with a variable of the shell for its secret. @param {string} name @param {Schema} scheme */
function headerOf(name, scheme) {
  if (name === "admin") return "Authorization: Bearer $FOOTBRIDGE_ADMIN_TOKEN";
  const secret = `$${name.toUpperCase()}`;
  if (scheme["type"] === "http") return `Authorization: Bearer ${secret}`;
  return scheme["in"] === "header" ? `${scheme["name"]}: ${secret}` : null;
}

/** @param {Schema} description @param {string} path @param {string} method @param {Schema} told @returns {Operation} */
function operation(description, path, method, told) {
  /** @type {Answer[]} */
  const answers = Object.entries(told["responses"] ?? {}).map(([status, answer]) => ({
    status,
    text: answer.description ?? "",
    media: Object.keys(answer.content ?? {}),
  }));
  /** @type {string[]} */
  const schemes = (told["security"] ?? []).flatMap((/** @type {Schema} */ one) => Object.keys(one));
  const own = schemes.length === 0 || schemes.includes("admin") || schemes.includes("session");
  const first = schemes[0];
  const good = answers.filter(({ status }) => status.startsWith("2")).flatMap(({ media }) => media);
  const streams = good.length > 0 && good.every((media) => media === "text/event-stream");
  return {
    id: told["operationId"] ?? `${method} ${path}`,
    method: method.toUpperCase(),
    path,
    group: told["tags"]?.[0] ?? "other",
    summary: told["summary"] ?? "",
    text: told["description"] ?? "",
    parameters: (told["parameters"] ?? []).map((/** @type {Schema} */ one) => ({
      name: one["name"],
      in: one["in"],
      required: one["required"] === true,
      text: one["description"] ?? "",
    })),
    body: told["requestBody"]?.content?.["application/json"]?.schema ?? null,
    answers,
    auth: first ? headerOf(first, description["components"]?.securitySchemes?.[first] ?? {}) : null,
    place: !own || !/^\/api\/(v1|apps)(\/|$)/.test(path) ? "elsewhere" : streams ? "stream" : "here",
  };
}

/** All operations, in the order of the description. @param {Schema} description @returns {Operation[]} */
export const operations = (description) =>
  Object.entries(description["paths"] ?? {}).flatMap(([path, methods]) =>
    METHODS.filter((method) => methods[method]).map((method) => operation(description, path, method, methods[method])),
  );

/**
 * The operations that have all typed words somewhere, by group; the groups come in the order of the description.
 * @param {Schema} description @param {string} typed @returns {{ name: string, text: string, operations: Operation[] }[]}
 */
export function groups(description, typed) {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = (/** @type {Operation} */ one) => {
    const has = `${one.method} ${one.path} ${one.group} ${one.id} ${one.summary}`.toLowerCase();
    return words.every((word) => has.includes(word));
  };
  const all = operations(description).filter(fits);
  /** @type {[string, string][]} */
  const told = (description["tags"] ?? []).map((/** @type {Schema} */ tag) => [tag["name"], tag["description"] ?? ""]);
  const texts = new Map([...told, ...all.filter((one) => !told.some(([name]) => name === one.group)).map(ofGroup)]);
  return [...texts]
    .map(([name, text]) => ({ name, text, operations: all.filter((one) => one.group === name) }))
    .filter((group) => group.operations.length > 0);
}

/** @param {Operation} one @returns {[string, string]} */
const ofGroup = ({ group }) => [group, ""];

/** A schema without references at its top. @param {Schema} description @param {Schema} schema @returns {Schema} */
export function resolved(description, schema) {
  let own = schema;
  for (let step = 0; step < 20 && typeof own["$ref"] === "string"; step += 1) {
    const name = own["$ref"].split("/").at(-1) ?? "";
    own = description["components"]?.schemas?.[name] ?? {};
  }
  const [first, ...others] = (own["oneOf"] ?? own["anyOf"] ?? []).filter(
    (/** @type {Schema} */ one) => one["type"] !== "null",
  );
  if (first && others.length === 0) return resolved(description, first);
  if (!own["allOf"]) return own;
  const parts = own["allOf"].map((/** @type {Schema} */ one) => resolved(description, one));
  return {
    ...own,
    type: "object",
    required: parts.flatMap((/** @type {Schema} */ one) => one["required"] ?? []),
    properties: Object.assign(
      {},
      own["properties"],
      ...parts.map((/** @type {Schema} */ one) => one["properties"] ?? {}),
    ),
  };
}

/** The type of a schema in words. @param {Schema} description @param {Schema} schema @returns {string} */
export function typeOf(description, schema) {
  const own = resolved(description, schema);
  if (own["enum"]) return own["enum"].map((/** @type {unknown} */ one) => JSON.stringify(one)).join(" | ");
  const name = schema["$ref"]?.split("/").at(-1);
  if (own["type"] === "array" || own["type"]?.includes?.("array"))
    return `list of ${typeOf(description, own["items"] ?? {})}`;
  const types = [own["type"] ?? name ?? "any"].flat().filter((/** @type {string} */ one) => one !== "null");
  return [...types, own["format"]].filter(Boolean).join(" ");
}

/** The members of an object. @param {Schema} description @param {Schema} schema */
export function members(description, schema) {
  const own = resolved(description, schema);
  return Object.entries(own["properties"] ?? {}).map(([name, member]) => ({
    name,
    required: (own["required"] ?? []).includes(name),
    type: typeOf(description, member),
    text: String(member.description ?? resolved(description, member)["description"] ?? ""),
  }));
}

/**
 * A value that fits a schema: its example if it has one. Objects get the members that they need, or all.
 * @param {Schema} description @param {Schema} schema @param {boolean} all @param {number} [depth]
 * @returns {unknown}
 */
export function exampleOf(description, schema, all, depth = 0) {
  const own = resolved(description, schema);
  const given = own["example"] ?? own["examples"]?.[0] ?? own["default"] ?? own["const"] ?? own["enum"]?.[0];
  if (given !== undefined) return given;
  const one = (own["oneOf"] ?? own["anyOf"])?.[0];
  if (one && depth < 5) return exampleOf(description, one, all, depth + 1);
  const type = [own["type"]].flat().find((name) => name !== "null");
  if (type === "object" && depth < 5) {
    const names = Object.keys(own["properties"] ?? {}).filter((name) => all || own["required"]?.includes(name));
    return Object.fromEntries(
      names.map((name) => [name, exampleOf(description, own["properties"][name], all, depth + 1)]),
    );
  }
  if (own["format"] === "date-time") return "2026-01-01T00:00:00Z";
  const simple = { string: "text", integer: own["minimum"] ?? 1, number: 1, boolean: true, array: [], object: {} };
  return simple[/** @type {keyof typeof simple} */ (type)] ?? null;
}
