/**
 * Trust: which keys may sign for which namespace, or for which provider, of which hostname.
 *
 * Keys come from five sides: named in the configuration, added by an administrator, fetched from a configured address, announced by
 * an upstream, sent along by a publisher. Configured keys stand alone. Otherwise the first key that makes a good signature in a
 * namespace is pinned by its primary fingerprint, unless the settings pin one; another one later is recorded as pending and refused
 * until an administrator accepts it (`providers.key_pinning`).
 *
 * Invariants:
 * - A key is bound to its namespace or provider; one trusted elsewhere means nothing here.
 * - A rejected or revoked key is never accepted, whatever the policy; a retired one only for what it signed before.
 * - An address that keys are refreshed from changes nothing but keys with the fingerprints pinned for it, and it is asked neither at
 *   the start, nor without a mirror of its upstream, nor by a sealed server.
 * - The public key of everything that is served stays recorded, because the registry protocol hands it out.
 *
 * The registry's own signing key is here too: made when first needed, one for all replicas, its private part sealed with the
 * encryption key. Two replicas that make it at once end up with the one that was recorded first.
 */

export { describeExpiringKeys, warnAboutSigningKeys } from './expiry/warn-about-signing-keys.ts'
export { listPublicKeys, type PublicKey } from './list-public-keys.ts'
export { createRegistrySigningKey, findRegistryPublicKey, type RegistrySigningKey } from './registry-signing-key.ts'
export { signingKeyRoutes } from './signing-key-routes.ts'
export { keySourceRoutes } from './sources/key-source-routes.ts'
export { refreshDueKeys } from './sources/refresh-due-keys.ts'
export type { RefreshDeps, TrustDeps } from './trust-deps.ts'
export { findKeyState, type KnownKeyState, trustOnPurpose } from './trust-on-purpose.ts'
export { expectsSignature, listCandidateKeys, trustSigningKey } from './trust-signing-key.ts'
export { type KeyScope, loadTrustedKeys, type SignedProvider, type TrustedKeys } from './trusted-keys.ts'
