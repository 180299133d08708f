const MAX_KEY_LENGTH = 1024
const SEGMENT = /^[A-Za-z0-9_~+-][A-Za-z0-9._~+-]{0,254}$/

/** Whether the text is a key of the object store's alphabet and lengths (see `ObjectStore`). */
export function isObjectKey(key: string): boolean {
  return key.length <= MAX_KEY_LENGTH && key.split('/').every((segment) => SEGMENT.test(segment))
}

/**
 * Guards every driver: what passes can be used as a path, URL or cloud key as it is.
 * @throws {TypeError} for any other text; keys are made by this file, so a bad one is a defect.
 */
export function assertObjectKey(key: string): void {
  if (!isObjectKey(key)) throw new TypeError(`Not an object key: ${JSON.stringify(key.slice(0, 100))}`)
}
