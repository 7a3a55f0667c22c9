/** Where native apps answer: a DOM event on the window. */
export declare const NATIVE = "AppBoxoWebAppEvent";
/**
 * @param {string} method @returns {((params: object) => void) | undefined} says it to the app, if the app has it
 */
export declare function native(method: string): ((params: object) => void) | undefined;
