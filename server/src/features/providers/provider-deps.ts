import type { Deps } from '../../base/deps.ts'
import type { ProvidersOnDemand } from './on-demand.ts'
import type { ProviderCatalog } from './provider-catalog.ts'

/** What answering the protocols needs. */
export type RegistryDeps = Pick<Deps, 'config' | 'database' | 'store' | 'linkSigner' | 'clock'> & {
  readonly catalog: ProviderCatalog
  /** `undefined` without `features.auto_download_providers`: no upstream is asked. */
  readonly onDemand: ProvidersOnDemand | undefined
}
