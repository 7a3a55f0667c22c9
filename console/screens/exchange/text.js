// The words of one exchange.
export const TEXT = {
  about: "About it",
  story: "What happened",
  checks: "Checks, in the order in which the server makes them",
  answer: "Answer",
  noAnswer: "The answer is kept only for exchanges with Prefer: respond-async or an Idempotency-Key, for 24 hours.",
  origin: "Origin",
};

/** What each check asks. @type {Record<string, string>} */
export const CHECKS = {
  sender: "The sender is known and enabled",
  link: "A link allows the two apps to talk",
  recipient: "The recipient exists and is enabled",
  type: "The event has a type and a payload",
  receiver: "The recipient has a receiver",
  answer: "The receiver answered in time, with an answer that can be passed on",
};
