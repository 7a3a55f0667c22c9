// Calls to the native app (Android or iOS) that shows the page, in Boxo's format.

/** The name of the DOM event with which native apps answer, fired on the window. */
export const NATIVE = "AppBoxoWebAppEvent";

/**
 * @param {string} method @returns {((params: object) => void) | undefined} calls the app, if it has the method
 */
export function native(method) {
  const { AppboxoJs: android, webkit } = /** @type {any} */ (window);
  const ios = webkit?.messageHandlers?.[method];
  // Called as methods: injected objects require their receiver.
  if (typeof android?.[method] === "function") return (params) => android[method](JSON.stringify(params));
  if (typeof ios?.postMessage === "function") return (params) => ios.postMessage(params);
}
