import type { Deps } from '../../base/deps.ts'
import type { LockDeps } from '../lock-file/index.ts'
import type { HeldModules, ModulesOnDemand } from '../module-pull-through/index.ts'
import type { ModulesDeps } from '../modules/index.ts'
import type { ProvidersOnDemand } from '../providers/index.ts'
import type { RegistrySigningKey } from '../trust/index.ts'

/** What making bundles needs. */
export type BundlesDeps = Pick<Deps, 'clock' | 'config' | 'linkSigner' | 'spool' | 'store'> &
  Pick<LockDeps, 'catalog' | 'database'> &
  Pick<ModulesDeps, 'modules'> & {
    readonly heldModules: HeldModules
    readonly modulesOnDemand: ModulesOnDemand
    readonly registrySigningKey: RegistrySigningKey
    /** `undefined` without `features.auto_download_providers`. */
    readonly onDemand: (NonNullable<LockDeps['onDemand']> & ProvidersOnDemand) | undefined
  }
