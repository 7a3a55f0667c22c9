/** The name of the DOM event with which native apps answer, fired on the window. */
export declare const NATIVE = "AppBoxoWebAppEvent";
/**
 * @param {string} method @returns {((params: object) => void) | undefined} calls the app, if it has the method
 */
export declare function native(method: string): ((params: object) => void) | undefined;
