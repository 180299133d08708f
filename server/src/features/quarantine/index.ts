/**
 * Quarantine: what of upstreams did not pass its verification, with the evidence, and what is decided about it.
 *
 * One entry per package, of the last attempt. It holds no bytes: those that were refused are thrown away at once, and a decision to let
 * something in has them fetched and checked anew.
 *
 * Invariants:
 * - What is in quarantine is never served. It leaves by a copy that passes, or by being removed from the list.
 * - What costs a download to find out is not tried again by itself for `mirror.quarantine_hours`; an administrator may at any time.
 * - Only a finding about the content can be let pass, never one about digests or signatures, and only for the bytes it was found in.
 *   Who did so and why stays with the package.
 *
 * State: `quarantined_packages`.
 */
export { listHeldBack, refuseQuarantined } from './hold-back.ts'
export { nameOf, type QuarantineSubject, quarantineOnFailure } from './quarantine-package.ts'
export { deleteQuarantinedPackage, findQuarantinedPackage, type PackageIdentity } from './quarantine-queries.ts'
export { quarantineRoutes } from './quarantine-routes.ts'
export { findRelease, type Release, withDigest } from './releases.ts'
