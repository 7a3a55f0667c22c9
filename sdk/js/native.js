// How a page reaches the native app that shows it (Android, iOS), in Boxo's way.

/** Where native apps answer: a DOM event on the window. */
export const NATIVE = "AppBoxoWebAppEvent";

/**
 * @param {string} method @returns {((params: object) => void) | undefined} says it to the app, if the app has it
 */
export function native(method) {
  const { AppboxoJs: android, webkit } = /** @type {any} */ (window);
  const ios = webkit?.messageHandlers?.[method];
  // Called where they are: injected objects insist on their receiver.
  if (typeof android?.[method] === "function") return (params) => android[method](JSON.stringify(params));
  if (typeof ios?.postMessage === "function") return (params) => ios.postMessage(params);
}
