/**
 * Verification: decides whether bytes from publishers and upstreams may be served.
 *
 * A provider package passes when it is a zip that every reader understands in the same way, holds the provider binary at its
 * root and unpacks within limits. Its `h1` and `zh` are computed in the same single pass, in worker threads. A SHA256SUMS
 * document passes when a known key has signed its exact bytes.
 *
 * Invariants:
 * - Nothing is ever unpacked to disk, and memory does not grow with the size of a package.
 * - Packages published here keep every rule; mirrored ones may break the lesser ones, which are then reported, because their
 *   bytes are what an upstream has signed. Names that leave the target folder, links and bombs are refused everywhere.
 * - Signatures are detached and binary. No inline or cleartext form is ever parsed.
 * - Revoked keys verify nothing, at whatever time they signed. Keys that expired after signing verify with a warning.
 * - A private key block is refused before anything of it is looked at, and no message repeats it.
 *
 * Which keys may sign for a namespace is decided by the callers. There is no state here, so nothing is lost in a crash.
 */
export type { InspectedPackage } from './inspect-package-file.ts'
export { mergeSigningKeys } from './merge-signing-keys.ts'
export { createPackageInspector, type InspectOptions, type PackageInspector, type PackageInspectorOptions } from './package-inspector.ts'
export { isReleasable, type PackageLimits, type PackageProblem, type PackageRule } from './package-rules.ts'
export { type RefreshedKey, readRefreshedKey } from './read-refreshed-key.ts'
export { generateRegistryKey, type RegistryKey, signShasums } from './registry-signer.ts'
export { readSigningKey, type SigningKey } from './signing-key.ts'
export {
  type SignatureFailure,
  type VerifiedSignature,
  type VerifyShasumsInput,
  verifyShasumsSignature,
} from './verify-shasums-signature.ts'
