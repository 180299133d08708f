/**
 * Publishing: providers that come from our own users.
 *
 * A request brings one platform of a version or all of them, with the publisher's signed SHA256SUMS or without; without it
 * the registry signs with its own key and says so (C33). The zips are spooled to disk while they arrive, inspected in worker
 * threads, and stored and committed in the order that the providers feature fixes.
 *
 * Invariants:
 * - After a 201 every byte is durable and visible; after anything else nothing is (P1, P2).
 * - The same bytes again are fine, other bytes are refused with both digests, a deleted number stays taken (P3).
 * - A version keeps its signer, its checksum list and its plugin protocols; a sealed one takes no more platforms.
 * - The first key that signs in a namespace is pinned; another one waits for an administrator.
 *
 * Fifty publishers of one version give one success: each decides again while it holds the claims of its objects, and once more
 * with the version's row locked. A crash at any point leaves nothing that a later publisher would trip over.
 */
export { type PublishProviderVersion, publishProviderVersion } from './publish-provider-version.ts'
export { publishRoutes } from './publish-routes.ts'
export type { PublishingDeps } from './publishing-deps.ts'
export { type PublishUpload, readPublishUpload } from './read-publish-upload.ts'
export { signRegistryShasums } from './sign-registry-shasums.ts'
