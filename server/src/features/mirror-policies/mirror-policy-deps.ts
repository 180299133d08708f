import type { Deps } from '../../base/deps.ts'

/** What deciding needs of the server. */
export interface MirrorPolicyDeps extends Pick<Deps, 'database' | 'clock' | 'logger'> {
  readonly config: {
    readonly mirror: { readonly coolDownDays: number; readonly approvalsNeeded: number }
    readonly providers: { readonly defaultHostname: string }
  }
}
