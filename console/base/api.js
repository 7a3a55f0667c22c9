// Calls of the API. The types come from `api.d.ts`, which is made from the server's own description.
import { base } from "./url.js";

/** @import { Client, Options } from "./api-types.js" */

/** An answer that says what went wrong, or the lack of an answer. */
export class Problem extends Error {
  /** @param {{ code: string, title?: string, detail: string, status: number }} told */
  constructor(told) {
    super(told.detail);
    this.told = { code: told.code, title: told.title ?? told.code, detail: told.detail, status: told.status };
    this.code = told.code;
    this.title = this.told.title;
    this.status = told.status;
  }

  /** The page about the code, on this server. */
  get page() {
    return /^[a-z_]+$/.test(this.code) && this.status > 0 ? `${base}/docs/errors/${this.code}` : null;
  }
}

/** Told when the server no longer knows the session. @type {{ signedOut: () => void }} */
export const events = { signedOut: () => {} };

/** @param {string} path @param {Options} options */
export function address(path, { params = {}, query = {} } = {}) {
  const filled = path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(String(params[name] ?? "")));
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== "") search.set(name, String(value));
  }
  return base + filled + (search.size > 0 ? `?${search}` : "");
}

/** @param {Response} response @returns {Promise<Problem>} */
export async function problemOf(response) {
  const status = response.status;
  const told = await response.json().catch(() => null);
  // The calls of Bolt answer in Bolt's envelope.
  if (told?.errorUserMessage) return new Problem({ code: `http_${status}`, detail: told.errorUserMessage, status });
  if (told && typeof told.code === "string") return new Problem({ ...told, detail: told.detail ?? told.title, status });
  const detail = `The server answered ${status}${response.statusText && ` ${response.statusText}`} without an explanation.`;
  return new Problem({ code: `http_${status}`, title: `HTTP ${status}`, detail, status });
}

/** @param {unknown} error @returns {Problem} */
export function asProblem(error) {
  if (error instanceof Problem) return error;
  if (error instanceof TypeError) {
    const detail = "The server does not answer. Is it running, and is this machine connected?";
    return new Problem({ code: "no_answer", title: "No answer", detail, status: 0 });
  }
  return new Problem({ code: "console", title: "Fault of the console", detail: String(error), status: 0 });
}

/** @param {string} method @param {string} path @param {Options} options */
async function request(method, path, options) {
  /** @type {Record<string, string>} */
  const headers = { accept: "application/json" };
  /** @type {RequestInit} */
  const init = { method, headers, credentials: "same-origin", signal: options.signal ?? null };
  if (method !== "GET") {
    headers["content-type"] = "application/json";
    const text = options.text ?? (options.body === undefined ? undefined : JSON.stringify(options.body));
    if (text !== undefined) init.body = text;
  }
  const response = await fetch(address(path, options), init);
  if (response.status === 401 && path !== "/api/v1/session") events.signedOut();
  if (!response.ok) throw await problemOf(response);
  return response;
}

/** Calls an operation that an answer named. @param {string} method @param {string} path @param {Options} [options] */
export async function call(method, path, options = {}) {
  const response = await request(method, path, options);
  return response.status === 204 ? undefined : response.json();
}

/** The text of an answer, for what must be shown as it was written. @param {string} path @param {Options} [options] */
export const readText = async (path, options = {}) => (await request("GET", path, options)).text();

/** Sends a body as it was written, and returns the answer as it was written. @param {string} path @param {string} text */
export const sendText = async (path, text) => (await request("POST", path, { text })).text();

/** @param {string} method */
const by = (method) => (/** @type {string} */ path, /** @type {Options} */ options) => call(method, path, options);

/** @type {Client} */
export const api = /** @type {any} */ ({
  get: by("GET"),
  post: by("POST"),
  put: by("PUT"),
  patch: by("PATCH"),
  delete: by("DELETE"),
});
