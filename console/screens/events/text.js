// The words of the list of events.
export const TEXT = {
  title: "Events",
  sub: "What apps published, the latest first.",
  none: "No event matches",
  noneText: "Take a term out of the search, or choose a longer time range.",
  never: "No event yet",
  neverText: "Everything that an app publishes appears here, with who got it and who did not. This publishes one:",
  command: 'footbridge publish my-app hello \'{"from":"me"}\'',
};
