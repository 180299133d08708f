import type { Deps } from '../../base/deps.ts'
import type { Git } from '../../base/git/git.ts'
import type { WakeUp } from '../../base/queue/wake-up.ts'
import type { MirrorPolicy } from '../mirror-policies/index.ts'
import type { ModuleArchiver } from '../module-archives/index.ts'
import type { UpstreamModules } from '../upstreams/index.ts'
import type { HeldModules } from './held/held-modules.ts'

/** What modules of upstreams need besides the base. */
export interface ModulePullDeps extends Deps {
  readonly upstreamModules: UpstreamModules
  readonly git: Git
  readonly archiver: ModuleArchiver
  /** Says what of the upstreams may come in. */
  readonly policy: MirrorPolicy
  /** Tells the workers of this process that there is something to do. */
  readonly jobs: WakeUp
  readonly heldModules: HeldModules
}
