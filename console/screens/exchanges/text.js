// The words of the list of exchanges.
export const TEXT = {
  title: "Exchanges",
  sub: "A request of one app and the answer of another, one row each.",
  none: "No exchange matches",
  noneText: "Take a term out of the search, or choose a longer time range.",
  never: "No exchange yet",
  neverText:
    "When a host's back end or page asks a miniapp, or the other way round, the pair appears here. This tells what the Event Bridge needs:",
  command: "footbridge link add my-host my-miniapp",
};
