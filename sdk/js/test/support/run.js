// Runs the tests and ends with what failed, the same on every version of Node from 18 on.
// `npm test` runs all files, `npm test -- wire` those with `wire` in their name.
import { readdir } from "node:fs/promises";
import { basename } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("..", import.meta.url));
const words = process.argv.slice(2);
const names = (await readdir(folder)).filter((name) => name.endsWith(".test.js")).sort();
const files = names.filter((name) => words.length === 0 || words.some((word) => name.includes(word)));
if (files.length === 0) {
  console.error(`no file of tests is called like ${words.join(" or ")}; there are: ${names.join(", ")}`);
  process.exit(2);
}

// The files run in processes of their own, which get it this way.
if (globalThis.crypto === undefined)
  process.env.NODE_OPTIONS = `${process.env.NODE_OPTIONS ?? ""} --import ${new URL("node18.js", import.meta.url)}`;

let passed = 0;
let skipped = 0;
const failed = [];
// A group that only failed for what is in it, and a file (which some versions of Node tell of as a test of its own).
const isGroup = ({ name, details }) => details?.type === "suite" || name.endsWith(".test.js");
const fileOf = (data) => (data.file ? `${basename(data.file)}: ` : "");

// Each file of pages starts a browser: more than two at a time would slow each other down.
const tests = run({ files: files.map((name) => folder + name), concurrency: 2 });
tests.on("test:pass", (data) => {
  if (isGroup(data)) return;
  if (data.skip !== undefined) skipped += 1;
  else passed += 1;
});
tests.on("test:fail", (data) => {
  if (data.details?.error?.failureType === "subtestsFailed") return;
  failed.push(isGroup(data) ? basename(data.name) : `${fileOf(data)}${data.name}`);
});
tests.pipe(new spec()).pipe(process.stdout);
tests.on("end", () => {
  process.exitCode = failed.length === 0 ? 0 : 1;
  process.on("exit", () => {
    for (const name of failed) console.log(`failed: ${name}`);
    console.log(`${passed} passed, ${failed.length} failed, ${skipped} skipped`);
  });
});
