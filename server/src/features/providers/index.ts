/**
 * Providers: what is held, published and served.
 *
 * A provider is known by hostname, namespace and type; `_self` is the hostname of what is published here. Versions and
 * platforms are rows, package zips are objects under keys that follow from the identity (C20).
 *
 * Invariants:
 * - A package is visible only after its object is durable and its row is committed, in that order (P1, P2).
 * - A published package never changes: its row keeps the digest for ever, deletion leaves a tombstone (P3).
 * - Nothing is stored that did not pass the verification: signature by a trusted key, digest, content (P4).
 * - One object is brought by one holder of its claim at a time, over all replicas (P6).
 * - Every change of what clients see bumps the catalog revision within its transaction, so that no replica serves older state.
 *
 * A crash leaves at most: files in the spool folder of the dead process, objects without a row, claims that run out. The
 * sweeper removes all three. Protocol documents: protocol.md sections 3 and 4.
 */
export { createPackageDigests, markPackageDamaged } from './damage.ts'
export type { ListedVersion, OfferedPackage, OfferedPackages, OfferedProvider, ProvidersOnDemand } from './on-demand.ts'
export { behind, packageLink } from './package-links.ts'
export { providerAdminRoutes } from './provider-admin-routes.ts'
export {
  type CatalogProvider,
  type CatalogVersion,
  createProviderCatalog,
  listServedVersions,
  type ProviderCatalog,
} from './provider-catalog.ts'
export type { RegistryDeps } from './provider-deps.ts'
export { displayProvider } from './provider-names.ts'
export {
  ensureProvider,
  findProvider,
  findProviderVersion,
  hasProviderInNamespace,
  insertProviderVersion,
  listPlatforms,
  listRefusedPackages,
  lockProviderVersion,
  type ProviderPlatformRow,
  type ProviderVersionRow,
  SELF_HOSTNAME,
  updateShasums,
  updateVersionFlags,
} from './provider-queries.ts'
export { providerRoutes } from './provider-routes.ts'
export { recordPackages } from './record-packages.ts'
export { findMirroredProvider, type ProviderAnswer, readAddress, readVersion, requireProvider } from './resolve-provider.ts'
export { shasumsRoutes } from './shasums-routes.ts'
export { packageObjects, storageKeyOf, storePackages, type VerifiedPackage } from './store-packages.ts'
