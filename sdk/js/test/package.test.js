// The published package: current types, small files, and no message to any origin.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { copyFile, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";

const root = new URL("..", import.meta.url);
const run = promisify(execFile);
const read = (name) => readFile(new URL(name, root), "utf8");
const sources = (await readdir(root)).filter((name) => /\.js$/.test(name));

test("the sources pass the type checker, and the committed .d.ts files are current", async (t) => {
  // A copy without the .d.ts files, which tsc would use instead of the sources.
  const copy = await mkdtemp(join(tmpdir(), "sdk-types-"));
  t.after(() => rm(copy, { recursive: true }));
  for (const name of [...sources, "package.json", "tsconfig.json"])
    await copyFile(new URL(name, root), join(copy, name));
  const tsc = new URL("node_modules/typescript/bin/tsc", root).pathname;
  await run(process.execPath, [tsc, "-p", copy]).catch(({ stdout }) => assert.fail(stdout));
  for (const source of sources) {
    const name = source.replace(/js$/, "d.ts");
    assert.equal(await read(name), await readFile(join(copy, name), "utf8"), `${name} is old: npm run types`);
  }
});

/** A file and its static imports, without modules loaded on demand. */
async function loads(name, seen = new Set()) {
  seen.add(name);
  for (const [, next] of (await read(name)).matchAll(/^import [^;]*? from "\.\/(\w+\.js)";/gms))
    if (!seen.has(next)) await loads(next, seen);
  return [...seen];
}

const code = (text) => text.replace(/\/\*\*[\s\S]*?\*\/\s*/g, "").replace(/^\s*\/\/.*\n/gm, "");

for (const name of ["host.js", "miniapp.js"])
  test(`${name} is below 5 KiB with comments, and so is the code that it loads`, async () => {
    const texts = await Promise.all((await loads(name)).map(read));
    const sum = (texts) => texts.reduce((sum, text) => sum + gzipSync(text, { level: 9 }).length, 0);
    assert.ok(texts.length > 1);
    assert.ok(sum([await read(name)]) < 5120);
    assert.ok(sum(texts.map(code)) < 5120, `${sum(texts.map(code))} bytes`);
  });

test("no message is posted to all origins", async () => {
  for (const name of sources) assert.doesNotMatch(code(await read(name)), /postMessage\([^)]*["']\*["']/, name);
});

test("the package contains its exports and imports nothing else", async () => {
  const { exports, files } = JSON.parse(await read("package.json"));
  assert.deepEqual(files, ["*.js", "*.d.ts"]);
  for (const entry of Object.values(exports))
    for (const path of typeof entry === "string" ? [entry] : Object.values(entry)) await read(path);
  for (const name of sources) assert.doesNotMatch(await read(name), /^(import|export) .*from "[^.]/m, name);
  // Server-side rendering imports these modules without a browser.
  await import("../host.js");
  await import("../miniapp.js");
});
