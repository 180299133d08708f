/**
 * Mirror: providers that come from upstreams, and the network mirror protocol that serves them.
 *
 * A definition file becomes a job: one item per provider asks the upstream for its versions and adds one item per package; each
 * of those fetches, verifies and stores one zip. The order within an item: document, signed checksum list, zip, digest,
 * content, object, row. Nothing is visible before the last step (P4).
 *
 * Invariants:
 * - What fails a check goes to quarantine with its evidence and is never stored; the next good copy takes it out again.
 * - A package is fetched by one worker at a time over all replicas; one that is held is not fetched again.
 * - A digest that changes upstream for something we hold is an alarm; what we hold stays. Every list that is read is compared, and
 *   lists of held versions are read again for that, each once a day (`digests/`).
 * - Upstream addresses and file names are built from validated parts, never taken as given.
 * - Protocol routes ask no upstream by themselves: `init` works while every upstream is down. What comes on demand is the
 *   pull-through feature's.
 *
 * An interrupted job goes on with the items that had not finished. Protocol: protocol.md section 4.
 */
export type { PackageIdentity } from '../quarantine/index.ts'
export { definitionRoutes } from './definition-routes.ts'
export { refuseChangedDigests } from './digests/changed-digests.ts'
export { compareHeld } from './digests/compare-held.ts'
export { createWatchedReader as createShasumsReader } from './digests/watched-shasums.ts'
export { FETCH_PACKAGE, type FetchPackageInput, fetchPackageJob } from './fetch-package.job.ts'
export { type JobHooks, JobView, jobRoutes, presentJob } from './job-routes.ts'
export { jobControlRoutes } from './jobs/job-control-routes.ts'
export type { MirrorDeps } from './mirror-deps.ts'
export { mirrorRoutes } from './mirror-routes.ts'
export { queueFetch } from './queue-fetch.ts'
export { type MirroredPackage, recordMirroredPackage } from './record-mirrored-package.ts'
export { RESOLVE_PROVIDER, resolveProviderJob } from './resolve-provider.job.ts'
export { type ShasumsReader, type VerifiedShasums, verifyStoredShasums } from './verified-shasums.ts'
