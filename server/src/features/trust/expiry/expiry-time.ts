/** So long before a key ends administrators hear of it: time to get its extension, or the next key. */
export const EXPIRY_WARNING_MS = 60 * 24 * 60 * 60 * 1000
