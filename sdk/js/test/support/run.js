// Runs the tests and lists the failures, with the same output on every version of Node from 18 on.
// `npm test` runs all files, `npm test -- wire` those with `wire` in their name.
import { readdir } from "node:fs/promises";
import { basename } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { fileURLToPath } from "node:url";

// The console has its tests in another folder.
const folder = process.env.TEST_FOLDER ? `${process.env.TEST_FOLDER}/` : fileURLToPath(new URL("..", import.meta.url));
const words = process.argv.slice(2);
const names = (await readdir(folder)).filter((name) => name.endsWith(".test.js")).sort();
const files = names.filter((name) => words.length === 0 || words.some((word) => name.includes(word)));
if (files.length === 0) {
  console.error(`no file of tests is called like ${words.join(" or ")}; there are: ${names.join(", ")}`);
  process.exit(2);
}

// Each file runs in a separate process, which gets the option this way.
if (globalThis.crypto === undefined)
  process.env.NODE_OPTIONS = `${process.env.NODE_OPTIONS ?? ""} --import ${new URL("node18.js", import.meta.url)}`;

// A group, or a file (which some versions of Node report as a test).
const isGroup = ({ name, details }) => details?.type === "suite" || name.endsWith(".test.js");

/** Runs `files` and returns the failed tests by file. */
async function runFiles(files) {
  const ended = { passed: 0, skipped: 0, failed: new Map() };
  // Most files start a browser: more than two at a time would slow each other down.
  const tests = run({ files, concurrency: 2 });
  tests.on("test:pass", (data) => {
    if (isGroup(data)) return;
    if (data.skip !== undefined) ended.skipped += 1;
    else ended.passed += 1;
  });
  tests.on("test:fail", (data) => {
    if (data.details?.error?.failureType === "subtestsFailed") return;
    const file = data.file ?? folder + basename(data.name);
    const name = isGroup(data) ? basename(data.name) : `${basename(file)}: ${data.name}`;
    ended.failed.set(file, [...(ended.failed.get(file) ?? []), name]);
  });
  for await (const text of tests.pipe(new spec())) process.stdout.write(text);
  return ended;
}

const ended = await runFiles(files.map((name) => folder + name));
const failed = [...ended.failed.values()].flat();
// As with the Rust tests, failed tests are repeated in CI only.
const again = process.env.CI === "true" && failed.length > 0 ? await runFiles([...ended.failed.keys()]) : ended;
const stillFailed = [...again.failed.values()].flat();
process.exitCode = stillFailed.length === 0 ? 0 : 1;
process.on("exit", () => {
  const flaky = failed.filter((name) => !stillFailed.includes(name));
  for (const name of flaky) console.log(`flaky: ${name}`);
  for (const name of stillFailed) console.log(`failed: ${name}`);
  console.log(`${ended.passed + flaky.length} passed, ${stillFailed.length} failed, ${ended.skipped} skipped`);
});
