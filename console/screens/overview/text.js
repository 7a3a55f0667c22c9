// The words of the overview.
export const TEXT = {
  title: "Overview",
  needsYou: "Needs you",
  nothing: "Nothing needs you.",
  through: "Through",
  firstTry: "First try ok",
  p95: "p95 to receiver",
  waiting: "Waiting",
  perSecond: "/s",
  account: "Deliveries by status",
  rates: "Events",
  latency: "Publish to receiver, p95",
  failed: "Failed attempts",
  apps: "Apps",
  noTraffic: "No traffic yet",
  noTrafficText: "Rates, latency and what needs you appear here with the first event. Begin with one of these:",
  sendTest: "Send a test event",
  addApp: "Add an app",
  snippet: "Open the page snippet",
};

/** The words of the account's parts, in the order in which an event passes through them. */
export const PARTS = /** @type {const} */ (["delivered", "unanswered", "pending", "dead", "cancelled"]);
