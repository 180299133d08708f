import type { Deps } from '../../base/deps.ts'
import type { ProviderCatalog } from '../providers/index.ts'

/** What making lock files needs. */
export type LockDeps = Pick<Deps, 'config' | 'database'> & { readonly catalog: ProviderCatalog }
