// The words of recovery.
/** @type {Record<string, [title: string, text: string, done: string]>} */
export const KIND = {
  retry: ["Retry", "The same deliveries get one more attempt. For what is dead or waits.", "dead"],
  replay: [
    "Replay",
    "New deliveries of the same events. With a hook, the search finds events, and that hook gets them, also if it was made later.",
    "delivered",
  ],
  cancel: [
    "Cancel",
    "Pending deliveries get no further attempt. This cannot be undone; a replay makes new ones.",
    "pending",
  ],
};
export const TEXT = {
  title: "Recover",
  sub: "Choose deliveries by a search, look at what would happen, then let it run at a pace.",
  none: "No delivery matches",
  noneText: "Change the search at the top, or the time range. status:dead finds what was given up.",
  noJobs: "No job so far.",
  hook: "To this hook only, by its id",
  counted: "It is being counted.",
  paceHint: "Attempts a second, for each receiving app.",
  stopHint: "In a row. Without a number, failures do not stop it.",
  stop: "What is in flight ends; the rest stays as it is.",
};
