/**
 * Stored objects over HTTP: `GET|HEAD /files/KEY?expires=…&signature=…`.
 *
 * Terraform sends no token to archive addresses (protocol.md 5.4), so the signed link is the whole permission: it was handed
 * out by an answer whose reader had the right, names one object, and dies after `downloads.link_life_seconds`.
 *
 * Invariants:
 * - Only what the catalogue knows is served: no expected digest (unknown, blocked, deleted), no bytes.
 * - No answer that is complete by its Content-Length has bytes of another SHA-256 than the expected one (P4, C59). Small
 *   objects and ranges are hashed before the first byte; of a large object the last chunk is held back until the digest of
 *   all of it is right, else the connection is cut, which every client reports as an error.
 * - Bytes that were hashed once, when they were stored or read, are not hashed again while the store's fingerprint of them stays
 *   the same. That notices every change made through the file system; bits that rot below it are found by the background scrub,
 *   which reads everything.
 * - Memory per download is two buffers, however large the object and however slow the reader.
 *
 * Nothing here survives a restart: the digests are taken again on first use.
 */
export type { FilesDeps } from './files-deps.ts'
export { filesRoutes } from './files-routes.ts'
