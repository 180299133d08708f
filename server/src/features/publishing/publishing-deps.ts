import type { Deps } from '../../base/deps.ts'
import type { RegistrySigningKey, TrustDeps } from '../trust/index.ts'
import type { PackageInspector } from '../verification/index.ts'

/** What publishing needs besides the base. */
export interface PublishingDeps extends Deps, TrustDeps {
  readonly inspector: PackageInspector
  readonly registrySigningKey: RegistrySigningKey
}
