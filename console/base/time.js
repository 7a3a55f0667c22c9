// Times in the zone that a person chose: UTC, local, or how long ago.
import { computed, signal } from "../vendor/signals.js";
import { preference } from "./prefs.js";
import { place } from "./url.js";

/** @typedef {"utc" | "local" | "ago"} Zone */

export const ZONES = /** @type {const} */ (["utc", "local", "ago"]);
export const rememberedZone = preference("zone", "utc", ZONES);

/** The zone of the address, otherwise the remembered one. @returns {Zone} */
const chosen = () => {
  const asked = /** @type {Zone} */ (place.value.query["zone"]);
  return ZONES.includes(asked) ? asked : /** @type {Zone} */ (rememberedZone.value);
};
export const zone = computed(chosen);

/** The current time, to half a minute; for "ago". */
export const clock = signal(Date.now());
if (globalThis.document) {
  setInterval(() => {
    if (!document.hidden) clock.value = Date.now();
  }, 30_000);
}

/** @param {number} n @param {number} [width] */
const pad = (n, width = 2) => String(n).padStart(width, "0");

/** @param {Date} at @param {boolean} utc */
const parts = (at, utc) =>
  utc
    ? {
        day: `${at.getUTCFullYear()}-${pad(at.getUTCMonth() + 1)}-${pad(at.getUTCDate())}`,
        minute: `${pad(at.getUTCHours())}:${pad(at.getUTCMinutes())}`,
        rest: `:${pad(at.getUTCSeconds())}.${pad(at.getUTCMilliseconds(), 3)}`,
      }
    : {
        day: `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}`,
        minute: `${pad(at.getHours())}:${pad(at.getMinutes())}`,
        rest: `:${pad(at.getSeconds())}.${pad(at.getMilliseconds(), 3)}`,
      };

/** @param {Date} at */
function offset(at) {
  const minutes = -at.getTimezoneOffset();
  const size = Math.abs(minutes);
  return `${minutes < 0 ? "−" : "+"}${pad(Math.floor(size / 60))}:${pad(size % 60)}`;
}

/** A time of day, with the day unless it is today. @param {string} iso @param {Zone} zone @param {number} now */
export function stamp(iso, zone, now) {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return iso;
  if (zone === "ago") return ago(at.getTime(), now);
  const { day, minute, rest } = parts(at, zone === "utc");
  return day === parts(new Date(now), zone === "utc").day ? minute + rest : `${day} ${minute}${rest}`;
}

/** The whole time, with its zone. @param {string} iso @param {Zone} zone @param {number} now */
export function full(iso, zone, now) {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return iso;
  if (zone === "ago") return ago(at.getTime(), now);
  const { day, minute, rest } = parts(at, zone === "utc");
  return `${day} ${minute}${rest} ${zone === "utc" ? "UTC" : offset(at)}`;
}

/** The label of an axis. @param {number} at @param {number} span of the axis @param {Zone} zone @param {number} now */
export function tick(at, span, zone, now) {
  if (zone === "ago") return ago(at, now);
  const { day, minute, rest } = parts(new Date(at), zone === "utc");
  if (span > 2 * 86_400_000) return day.slice(5);
  return span < 300_000 ? minute + rest.slice(0, 3) : minute;
}

const UNITS = /** @type {const} */ ([
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["min", 60_000],
  ["s", 1000],
]);

/** @param {number} at @param {number} now */
export function ago(at, now) {
  const ms = now - at;
  if (Math.abs(ms) < 1000) return "now";
  return ms < 0 ? `in ${span(-ms, 1)}` : `${span(ms, 1)} ago`;
}

/** A length of time in one or two units. @param {number} ms @param {1 | 2} [units] */
export function span(ms, units = 2) {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 10_000 && units === 2) return `${(ms / 1000).toFixed(1)} s`;
  const first = UNITS.findIndex(([, size]) => ms >= size);
  const [unit, size] = UNITS[first] ?? UNITS[3];
  const whole = Math.floor(ms / size);
  const next = UNITS[first + 1];
  const rest = next ? Math.floor((ms - whole * size) / next[1]) : 0;
  return units === 2 && next && rest > 0 ? `${whole} ${unit} ${rest} ${next[0]}` : `${whole} ${unit}`;
}
