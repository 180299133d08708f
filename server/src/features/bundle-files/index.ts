/**
 * Bundle files: reads air-gap bundles and decides whether they are whole, unchanged and by whom. The format is that of
 * `protocol/src/bundle/bundle-manifest.ts`.
 *
 * Invariants:
 * - Every byte counts: what is not the manifest, its signature, or follows from the manifest, is a problem. Nothing is unpacked, so a
 *   name in a part is only ever compared, never used.
 * - Memory does not grow with the size of a bundle or an object; only manifests and checksum lists are held, within limits.
 * - The key in a bundle proves nothing about where it is from: only a key that was given from outside does.
 *
 * No server, database or setting is needed. There is no state here.
 */

export { RegistryError as BundleError } from '../../base/errors.ts'
export { type OpenManifest, openManifest, type SignedManifest } from './open-manifest.ts'
export { type PinnedKey, readPinnedKey } from './pinned-key.ts'
export { type ObjectSink, readPart } from './read-part.ts'
export { type ChainInput, checkSignedLists, isSignedListPath, MAX_DOCUMENT_BYTES } from './signed-lists.ts'
export { type BundleProblem, type BundleReport, verifyBundle } from './verify-bundle.ts'
