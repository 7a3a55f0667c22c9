// The words of the API reference.
export const TEXT = {
  title: "API reference",
  sub: "Every operation of this server, as it describes them itself. What the console does, a script can do.",
  none: "No operation has these words",
  noneText: "Try a part of a path, such as lanes, or a word of what you want to do.",
  elsewhere:
    "This operation is for apps, with a credential of their own, and not on the console's address. As curl below.",
  stream: "This operation answers with a stream that does not end. As curl below.",
  changes: "This changes the server at once, as you: your permissions count, and the audit names you.",
  noBody: "The answer has no body.",
};
