import type { Deps } from '../../base/deps.ts'
import type { ProviderCatalog } from './provider-catalog.ts'

/** What answering the protocols needs. */
export type RegistryDeps = Pick<Deps, 'config' | 'database' | 'store' | 'linkSigner' | 'clock'> & {
  readonly catalog: ProviderCatalog
}
