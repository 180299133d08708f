/**
 * Pull-through: providers that come from an upstream when somebody asks for them.
 *
 * Version lists of upstreams are kept in the database and in memory; what is offered is shown together with what is held. The
 * documents of a version that is not held name, for each package, the digest from the verified SHA256SUMS and a signed link; who
 * follows it waits until the package is fetched, verified and stored by the same job item as every other load (C18), and is then
 * led to the stored file.
 *
 * Invariants:
 * - Nothing is served before it is verified; what fails goes to quarantine, and the waiter is told (P4).
 * - A package, and a version list, is asked for once over all processes, however many wait.
 * - Only hosts in `mirror.upstreams` are asked, for what mirror policies let in, and never for a namespace that somebody has claimed
 *   here.
 * - What an administrator has blocked or deleted does not come back on demand.
 * - With the upstream away, what is held and the last known list still answer (P5).
 *
 * A crash leaves a job that another process finishes, and a claim that runs out. Protocol: protocol.md 4.6, N-13, N-16.
 */
export { createPullThrough, type PullThrough } from './create-pull-through.ts'
export type { ListedVersion, ListSource, StoredVersionList } from './list-source.ts'
export { createPulls, type PullKind, type Pulls } from './pull-items.ts'
export { PULL_PACKAGE } from './pull-package.ts'
export { pullRoutes } from './pull-routes.ts'
export { sweepSignedVersions } from './signed/signed-versions.ts'
export { sweepLists, sweepProviderLists } from './sweep-lists.ts'
export { explainUpstreamFailure, type FailedStep, stateOf, upstreamFailure } from './upstream-failures.ts'
export { createVersionLists, type KnownList, type ListAnswer, type VersionLists } from './version-lists.ts'
export { WAITS, type Waits } from './waits.ts'
export { withinTime } from './within-time.ts'
