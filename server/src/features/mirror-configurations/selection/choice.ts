import type { ProviderAddress } from '@terrace/protocol/addresses.ts'
import type { UnixMs } from '../../../base/clock.ts'
import type { MirrorSettings } from '../mirror-settings.ts'
import type { Candidate, MisfitReason } from './list-candidates.ts'

/** A provider of a mirror, and the one version that is asked for, if any. */
export interface ChoiceOf {
  readonly mirrorId: string
  /** Whose mirror it is. */
  readonly organizationId: string
  readonly settings: MirrorSettings
  readonly address: ProviderAddress
  readonly version?: string | undefined
}

/** A version that is left, and why. */
export interface BlockedVersion {
  readonly version: string
  /** `cool_down`: too young until `until`. `deleted`: somebody deleted it here. `policy`: a mirror policy keeps it out. */
  readonly reason: 'cool_down' | 'deleted' | 'policy'
  /** For people. */
  readonly why: string
  readonly until?: UnixMs
}

/** Why a run leaves a version. */
export type LeftOutReason = MisfitReason | 'keep_newest' | 'quarantine' | BlockedVersion['reason']

/** What is left out of one provider for one reason. */
export interface LeftOut {
  readonly reason: LeftOutReason
  /** How many versions; 0: the provider as a whole. */
  readonly versions: number
  /** Some of the versions, newest first. */
  readonly examples: readonly string[]
  /** For people; where versions have reasons of their own, that of the newest. */
  readonly why: string
}

/** What a run brings of one provider. */
export interface Choice {
  /** Newest first; with the platforms that are missing here, at least one. */
  readonly take: readonly Candidate[]
  readonly blocked: readonly BlockedVersion[]
  /** Wanted packages that are here already. */
  readonly held: number
  /** What is not brought, and why; of what is asked for when that is one version. */
  readonly leftOut: readonly LeftOut[]
  /** Versions that have been looked at, held ones left out. */
  readonly seen: readonly Sighting[]
}

/** Since when a version is known. */
export interface Sighting {
  readonly version: string
  /** When this mirror first saw it. */
  readonly firstSeenAt: UnixMs
  /** As the upstream says; null when it does not say, or was not asked. */
  readonly publishedAt: UnixMs | null
}
