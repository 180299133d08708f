import type { ProviderAddress } from '@terrace/protocol/addresses.ts'
import type { UnixMs } from '../../base/clock.ts'
import type { Deps } from '../../base/deps.ts'

/** What deciding needs of the server. */
export interface MirrorPolicyDeps extends Pick<Deps, 'database' | 'clock' | 'logger'> {
  readonly config: {
    readonly mirror: { readonly coolDownDays: number; readonly approvalsNeeded: number }
    readonly providers: { readonly defaultHostname: string }
  }
}

/** The same with what an upstream is asked. */
export interface PolicyDecisionDeps extends MirrorPolicyDeps {
  /** When a version came out, as its upstream says; `undefined` when it does not say. */
  readonly findPublishedAt: (address: ProviderAddress, version: string) => Promise<UnixMs | undefined>
}
