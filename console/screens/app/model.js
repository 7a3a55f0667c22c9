// What can be known about an app without a browser.

/** @import { Credential } from "../../setup.js" */

/**
 * The part of an overlap that has passed, from 0 to 1. It began when the next value was made.
 * @param {string | null | undefined} since @param {string} until @param {number} now
 */
export function passed(since, until, now) {
  const end = Date.parse(until);
  const start = Date.parse(since ?? "");
  if (Number.isNaN(end) || Number.isNaN(start) || end <= start) return now >= end ? 1 : 0;
  return Math.min(1, Math.max(0, (now - start) / (end - start)));
}

/** True if the app uses the new value and has used no old one since the rotation. @param {Credential} one */
export const settled = (one) => (one.uses ?? 0) > 0 && one.old.every((old) => old.uses === 0);

/** Output of a program without the sequences that colour a terminal. @param {string} text */
export const plain = (text) => text.replace(/\u001b\[[0-9;?]*[ -/]*[@-~]/g, "");

/**
 * What a page needs to take part.
 * @param {string} kind `module`, `script` or `miniapp` @param {string} app @param {string} server
 */
export function snippet(kind, app, server) {
  const quoted = JSON.stringify(app).replaceAll("</", "<\\/");
  const url = (/** @type {string} */ file) => JSON.stringify(`${server}/sdk/${file}.js`);
  const open = '<script type="module">';
  const close = "</" + "script>";
  if (kind === "miniapp")
    return [
      open,
      `import { connect } from ${url("miniapp")};`,
      "",
      'const bridge = await connect({ hostOrigin: "https://host.example" });',
      'await bridge.request("hello", { from: "me" });',
      close,
    ].join("\n");
  const lines = [
    `const host = new MiniappHost({ iframe, origin: "https://page.example", appId: ${quoted}, clientId: "my-host" });`,
    "const ticket = () => fetch('/ticket').then((answer) => answer.text());",
    `host.forward("hello", { ticket, to: "publish", server: ${JSON.stringify(server)} });`,
  ];
  return kind === "module"
    ? [open, `import { MiniappHost } from ${url("host")};`, "", ...lines, close].join("\n")
    : [
        "<script>",
        `import(${url("host")}).then(({ MiniappHost }) => {`,
        ...lines.map((line) => `  ${line}`),
        "});",
        close,
      ].join("\n");
}
