import type { Deps } from '../../base/deps.ts'
import type { OfferedProvider, ProviderCatalog, ProvidersOnDemand } from '../providers/index.ts'

/** Providers that an upstream offers, with their verified checksum lists. */
export type SignedOffers = Pick<ProvidersOnDemand, 'find'> & {
  /** `undefined` for a version that is not offered. */
  findSigned(provider: OfferedProvider, version: string): Promise<{ readonly shasums: Uint8Array } | undefined>
}

/** What making lock files needs. */
export type LockDeps = Pick<Deps, 'config' | 'database'> & {
  readonly catalog: ProviderCatalog
  /** `undefined` without `features.auto_download_providers`: only what is held counts. */
  readonly onDemand: SignedOffers | undefined
}
