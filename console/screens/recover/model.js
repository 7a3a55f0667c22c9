// What a job is asked for, and how far it is.

/** @import { Job, Skipped } from "../../setup.js" */
/** @import { Values } from "../../parts/form.js" */

export const KINDS = /** @type {const} */ (["retry", "replay", "cancel"]);

/** What a job does to which deliveries. @typedef {{ kind: string, q: string, hook?: string }} Asked */

/** The body of `POST jobs`. @param {Asked} asked @param {Values} values */
export const jobOf = (asked, { pace, stop_after, reason }) => ({
  ...asked,
  ...(pace && { pace: Number(pace) }),
  ...(stop_after && { stop_after: Number(stop_after) }),
  ...(reason && { reason }),
});

/** The text of a search with the time range of the address as terms of its own. @param {Record<string, string>} query */
export const searchOf = ({ q = "", since, until }) =>
  [q, since && !/(^|\s)since:/.test(q) && `since:${since}`, until && !/(^|\s)until:/.test(q) && `until:${until}`]
    .filter(Boolean)
    .join(" ");

/** @param {Skipped[]} skipped */
export const sum = (skipped) => skipped.reduce((all, one) => all + one.count, 0);

/** @param {Job} job */
export const isOpen = (job) => job.state === "running" || job.state === "queued";

/** Milliseconds that the rest takes at the rate of now; `null` if that is not known. @param {Job} job */
export const remaining = (job) =>
  job.rate && typeof job.matched === "number" && job.state === "running"
    ? ((job.matched - job.done) / job.rate) * 1000
    : null;

/** How many match; a job that has just begun does not know it. @param {Job} job */
export const matchedText = ({ matched }) => matched?.toLocaleString("en") ?? "?";
