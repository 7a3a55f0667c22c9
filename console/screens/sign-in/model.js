// The code in the link that `footbridge console` prints.

/** @param {string} hash */
export const setupCode = (hash) => /^#setup=([\w-]{16,128})$/.exec(hash)?.[1] ?? null;

/** @param {string} address */
export const withoutCode = (address) => address.replace(/#setup=.*$/, "");
