// The channel to the server: one end of a socket pair that carries lines of JSON.
import fs from "node:fs";
import { Worker } from "node:worker_threads";

/** Exit code after a `failed` or `crashed` message, or when the server closes the channel before it sent anything. */
export const EXIT_FAILED = 70;

const fd = Number(process.argv[2]);
const sleeper = new Int32Array(new SharedArrayBuffer(4));

/** Calls `call` until the non-blocking descriptor is ready. Blocks the thread. */
function blocking(call) {
  for (;;) {
    try {
      return call();
    } catch (error) {
      if (error.code !== "EAGAIN") throw error;
      Atomics.wait(sleeper, 0, 0, 1);
    }
  }
}

/** Reads the line that the server sends first. Blocks the thread. */
export function readLine() {
  const chunks = [];
  const chunk = Buffer.alloc(64 * 1024);
  for (;;) {
    const length = blocking(() => fs.readSync(fd, chunk, 0, chunk.length, null));
    if (length === 0) process.exit(EXIT_FAILED);
    chunks.push(Buffer.from(chunk.subarray(0, length)));
    if (chunk[length - 1] === 10) return JSON.parse(Buffer.concat(chunks).toString());
  }
}

/** Sends a message to the server. Blocks the thread, so that the process may exit right after it. */
export function send(message) {
  let bytes = Buffer.from(`${JSON.stringify(message)}\n`);
  try {
    while (bytes.length > 0) bytes = bytes.subarray(blocking(() => fs.writeSync(fd, bytes)));
  } catch {
    // The server has ended, and the lifeline ends this process in a moment.
  }
}

/** Kills this process when the server ends. A separate thread watches, so this works while the app's code is busy. */
export function watchLifeline() {
  const source = `
    const { workerData } = require("node:worker_threads");
    const end = () => process.kill(process.pid, "SIGKILL");
    const line = new (require("node:net").Socket)({ fd: workerData, readable: true, writable: false });
    line.on("end", end).on("close", end).on("error", end).resume();`;
  const resourceLimits = { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 2 };
  new Worker(source, { eval: true, workerData: fd, env: {}, execArgv: [], resourceLimits }).unref();
}
