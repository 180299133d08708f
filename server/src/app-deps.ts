import type { KeyUses } from './features/accounts/index.ts'
import type { MirrorDeps } from './features/mirror/index.ts'
import type { ModulesDeps } from './features/modules/index.ts'
import type { RegistryDeps } from './features/providers/index.ts'
import type { PublishingDeps } from './features/publishing/index.ts'

/** Everything that some feature needs; built by `openDeps`. */
export interface AppDeps extends MirrorDeps, ModulesDeps, PublishingDeps, RegistryDeps {
  readonly keyUses: KeyUses
}
