// The words of hooks and their lanes.
export const TEXT = {
  title: "Hooks & lanes",
  sub: "Which events go where, and the queue of each hook. A lane that stands says why.",
  none: "No hook yet",
  noneText: "A hook sends the events that it matches to a route of an app.",
  command: "footbridge hook add my-app '*' /events",
  noMatch: "No lane is in this state",
  pattern: "publisher/event, each a name or *",
  route: "A path below the app's base URL, or a whole URL for the type web.",
  ordered: "One event at a time, in the order of acceptance",
  pause: "No further attempt is made until somebody resumes it; events wait in their order. This survives a restart.",
  resume: "The waiting deliveries are attempted from the oldest on.",
  skip: "The delivery at the head is cancelled, so that those behind it can go on. It gets no further attempt.",
  off: "Events that come while it is off get no delivery for it. A replay can make up for them.",
  remove: "Its pending deliveries are cancelled. Events that come later get no delivery for it.",
  reason: "Reason, for others to read",
  file: "This hook comes from the configuration file or a package. Change it there.",
};
