import type { Deps } from '../../base/deps.ts'
import type { WakeUp } from '../../base/queue/wake-up.ts'
import type { MirrorPolicy } from '../mirror-policies/index.ts'
import type { RegistrySigningKey, TrustDeps } from '../trust/index.ts'
import type { UpstreamClient } from '../upstreams/index.ts'
import type { PackageInspector } from '../verification/index.ts'

/** What bringing providers in needs besides the base. */
export interface MirrorDeps extends Deps, TrustDeps {
  readonly inspector: PackageInspector
  readonly upstreams: UpstreamClient
  /** Signs the lists of what is taken without a signature on purpose. */
  readonly registrySigningKey: RegistrySigningKey
  /** Says what of the upstreams may come in. */
  readonly policy: MirrorPolicy
  /** Tells the workers of this process that there is something to do. */
  readonly jobs: WakeUp
}
