// The words of the list of apps.
export const TEXT = {
  title: "Apps",
  sub: "Who publishes and receives. Those with trouble come first.",
  add: "Add an app",
  none: "No app yet",
  noneText: "An app is a program with credentials of its own: it publishes, and it receives through its hooks.",
  command: "footbridge app add my-app --url http://localhost:8080",
  noMatch: "No app has this in its name",
  addText: "You get its credentials next. A URL can be added later.",
  made: "The credentials of",
};

/** The names of credentials, as they are called in the documentation. @type {Record<string, string>} */
export const KINDS = {
  token: "App token (X-Bolt-App-Token)",
  secret_key: "Secret key (client secret, second half of Authorization)",
  signing_secret: "Signing secret (Standard Webhooks)",
  receiver_auth: "Secret for the receiver",
};
