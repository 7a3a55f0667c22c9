// The words of the tail.
export const TEXT = {
  title: "Tail",
  sub: "What happens on the server, as it happens.",
  pause: "Pause",
  go: "Go on",
  clear: "Clear",
  search: "Show as a search",
  waiting: "Waiting for the first row. Everything from now on appears here; earlier rows are under Events.",
  stopped: "The server refused this filter:",
};

export const KINDS = /** @type {const} */ (["event", "delivery", "exchange", "log", "audit"]);
