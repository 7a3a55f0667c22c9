// The words of the list of deliveries.
export const TEXT = {
  title: "Deliveries",
  sub: "One event for one hook each: its status, its attempts, and what comes next.",
  none: "No delivery matches",
  noneText: "Take a term out of the search, or choose another status or a longer time range.",
  never: "No delivery yet",
  neverText: "A delivery is made for each hook that an event matches. This adds a hook for all events:",
  command: "footbridge hook add my-app '*' /events",
  recover: "Recover these…",
};
