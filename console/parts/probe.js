// What one request to a receiver brought: the bytes both ways, where the time went, and a verdict in words.
import { h } from "../vendor/preact.js";
import { tags } from "../base/tags.js";
import { span } from "../base/time.js";
import { Part } from "./head.js";
import { Status } from "./marks.js";
import { Raw } from "./payload/view.js";

const { div, p, b, code, pre, span: text, h3 } = tags;

/** @import { Attempted, Message } from "../setup.js" */

/** @type {[keyof Attempted["timing"], string][]} */
const TIMES = [
  ["dns_ms", "name"],
  ["connect_ms", "connect"],
  ["tls_ms", "TLS"],
  ["first_byte_ms", "first byte"],
  ["total_ms", "total"],
];

/** @param {Message["headers"]} headers */
const lines = (headers) => headers.map(({ name, value }) => `${name}: ${value}`).join("\n");

/** @param {{ title: string, first: string, message: Message }} props */
const Bytes = ({ title, first, message }) =>
  div(
    { class: "stack" },
    h3(null, title),
    pre({ class: "bytes", tabIndex: 0 }, `${first}\n${lines(message.headers)}`),
    message.body ? h(Raw, { text: message.body }) : p({ class: "soft" }, "No body."),
    message.truncated && p({ class: "soft" }, "This is only the beginning."),
  );

/** @param {{ attempt: Attempted }} props */
export const TestResult = ({ attempt: { request, answer, error, timing, address, verdict } }) =>
  h(
    Part,
    {
      title: "Result",
      aside: h(Status, {
        word: answer && answer.status < 300 ? "ok" : "failed",
        text: answer ? String(answer.status) : "no answer",
      }),
    },
    div(
      { class: "stack" },
      p(null, b(null, verdict)),
      error && p({ class: "bad" }, code(null, error)),
      div(
        { class: "row soft" },
        TIMES.map(([key, name]) => {
          const ms = timing[key];
          return typeof ms === "number" && text({ key }, `${name} ${span(ms)}`);
        }),
        text(null, `address ${address.ip ?? "unknown"}: ${address.verdict}`),
      ),
      div(
        { class: "columns" },
        h(Bytes, { title: "Sent", first: `${request.method} ${request.url}`, message: request }),
        answer && h(Bytes, { title: "Came back", first: `HTTP ${answer.status}`, message: answer }),
      ),
    ),
  );
