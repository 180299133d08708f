import type { KeyUses } from './features/accounts/index.ts'
import type { MirrorDeps, ShasumsReader } from './features/mirror/index.ts'
import type { ModulePullDeps, ModulesOnDemand } from './features/module-pull-through/index.ts'
import type { ModulesDeps } from './features/modules/index.ts'
import type { RegistryDeps } from './features/providers/index.ts'
import type { PublishingDeps } from './features/publishing/index.ts'
import type { PullThrough } from './features/pull-through/index.ts'

/** Everything that some feature needs; built by `openDeps`. */
export interface AppDeps extends MirrorDeps, ModulePullDeps, ModulesDeps, PublishingDeps, RegistryDeps {
  readonly keyUses: KeyUses
  /** `undefined` without `features.auto_download_providers`. */
  readonly onDemand: PullThrough | undefined
  readonly readShasums: ShasumsReader
  readonly modulesOnDemand: ModulesOnDemand
}
