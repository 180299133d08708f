import type { Deps } from '../../base/deps.ts'
import type { TrustedKeys } from './trusted-keys.ts'

/** What decisions on signing keys need. */
export type TrustDeps = Pick<Deps, 'config' | 'database' | 'clock' | 'logger'> & { readonly trustedKeys: TrustedKeys }

/** What fetching keys from their owners needs. */
export type RefreshDeps = Pick<Deps, 'config' | 'database' | 'clock' | 'logger' | 'outbound'>
