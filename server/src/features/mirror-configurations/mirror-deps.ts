import type { MirrorDeps } from '../mirror/index.ts'
import type { MirrorPolicy } from '../mirror-policies/index.ts'

/** What mirrors need of the server. */
export interface MirrorConfigurationDeps extends MirrorDeps {
  readonly policy: MirrorPolicy
}
