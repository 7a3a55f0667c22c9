// The words of the hand-over of a sign-in to apps.
export const TEXT = {
  title: "Sign in to apps",
  ask: "System apps at this address learn who you are: your name, the name to show, your mail address and your role.",
  admin: "You are signed in as the administrator. Apps know users only: sign out, and sign in as a user.",
  off: "No app of this server learns who visits it. The setting is `[console] apps_url`.",
  begin: "This page ends a sign-in that an app has begun. Open the app and sign in from there.",
  ended: "It ends with your session in the console.",
};
