// The words of the help.

/** @type {[string, string][]} */
export const KEYS = [
  ["/", "search"],
  ["Ctrl K", "palette: any screen, app, name or id"],
  ["j  k", "next and previous row"],
  ["Enter", "open the row"],
  ["[  ]", "previous and next of the list that you came from"],
  ["r", "retry the delivery"],
  ["c", "copy a link to exactly this view"],
  ["Space", "pause the tail"],
  ["?", "this page"],
];

/** @type {[string, string][]} */
export const WORDS = [
  ["event", "A message that an app published. It goes to every hook that matches."],
  ["hook", "A subscription: which events of whom go to which place of an app."],
  ["delivery", "One event for one hook, with all its attempts."],
  ["attempt", "One request to the receiver, and what came back."],
  ["retry", "The same delivery gets another attempt."],
  ["replay", "A new delivery of the same event, also for a hook that was made later."],
  ["exchange", "A request of one app and the answer of another."],
  ["link", "The permission of two apps to talk to each other."],
  ["dead", "A delivery whose attempts are used up. Nobody gets it unless you retry it."],
  ["unanswered", "A delivery that was sent completely; its hook needs no answer."],
  ["lane", "The queue of one hook."],
];

/** @type {[string, string][]} */
export const STATUSES = [
  ["delivered", "the receiver answered 2xx"],
  ["pending", "an attempt is due or under way"],
  ["dead", "the attempts are used up"],
  ["unanswered", "sent, and no answer was needed"],
  ["cancelled", "given up: the hook or the app is gone or disabled, or a person said so"],
];

/** @type {[string, string][]} */
export const GUIDES = [
  ["Use the console", "/docs/guides/console"],
  ["All guides", "/docs/"],
  ["Error codes", "/docs/errors/"],
  ["Configuration", "/docs/reference/configuration"],
  ["Glossary", "/docs/glossary"],
];
