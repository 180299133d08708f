/**
 * Lock files: complete `.terraform.lock.hcl` texts for providers that this registry holds.
 *
 * The CLIs lock the platform they run on, and through a mirror no other one. Here all is known at once: `zh:` of every platform
 * from the verified SHA256SUMS, `h1:` of every package that is stored. Clients check the text like any other lock file.
 *
 * Invariants:
 * - A hash is given only if its package or signed list was verified; none is computed or guessed here. Where providers come on
 *   demand, versions of which nothing is stored count too, with the `zh:` of their list; no package is fetched for it.
 * - What an administrator has blocked is vouched for by no hash.
 * - A platform without `h1:` is named with the reason.
 * - Versions and hashes of a given lock file stay. Where they contradict the configuration or what is held, nothing is answered.
 * - What the asker may not read is answered as what does not exist.
 *
 * There is no state here. Source: protocol.md 3.9, 4.7; field.md 1.8 to 1.10.
 */
export { chooseVersion } from './choose-version.ts'
export { findLockable } from './find-lockable.ts'
export { bareHostname, type LockAddress, ownHostname } from './input/lock-address.ts'
export { type CalledModule, readConfiguration } from './input/read-configuration.ts'
export { type ExistingLocks, NO_LOCKS, NO_TOFU_LOCKS, readLockFile } from './input/read-lock-file.ts'
export { mergeRequirements, type Requirement, readPlatforms, readRequirement } from './input/requirement.ts'
export type { LockDeps } from './lock-deps.ts'
export { lockRoutes } from './lock-routes.ts'
