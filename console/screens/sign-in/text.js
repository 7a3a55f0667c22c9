// The words of the sign-in.
export const TEXT = {
  title: "Sign in",
  user: "User",
  password: "Password",
  submit: "Sign in",
  ended: "The session has ended. Sign in to go on where you were.",
  noPassword: "No password yet?",
  howTo: "Run this on the server's machine. It prints a link that signs you in once.",
  command: "footbridge console",
  linkUsed: "The link cannot be used: it works once, and for one hour. This command makes a new one.",
  with: "Sign in with",
  firstRun: "Nobody has been here yet. The server printed a link when it started; this command makes another one:",
  insecure:
    "This page is not encrypted: anybody on the way can read the session. Use https, or open it on the server's machine.",
};
