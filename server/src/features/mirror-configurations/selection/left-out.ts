import { compareVersions } from '@terrace/protocol/versions.ts'
import type { BlockedVersion, LeftOut } from './choice.ts'
import type { MisfitReason } from './list-candidates.ts'

/** What is left out, over all providers, for one reason. */
export interface LeftOutSum {
  readonly reason: string
  readonly providers: number
  readonly versions: number
  /** Some of the providers, those with the most versions first. */
  readonly examples: readonly { readonly provider: string; readonly versions: readonly string[]; readonly why: string }[]
}

/** Versions that are named of one provider. */
const MAX_NAMED = 5
/** Providers that are named for one reason. */
export const MAX_EXAMPLES = 3

type SettledReason = MisfitReason | 'keep_newest' | 'quarantine'

const WHY: Readonly<Record<SettledReason, string>> = {
  constraint: 'No version constraint of the mirror matches',
  prerelease: 'The mirror brings no pre-releases',
  platform: 'The upstream offers none of the platforms of the mirror',
  keep_newest: 'There are enough newer versions',
  quarantine: 'A package of it failed its verification lately; decide about it: terrace quarantine list',
}

/** Versions that the settings of a mirror leave, or the quarantine. */
export function leftBySettings(reason: SettledReason, versions: readonly string[]): LeftOut[] {
  if (versions.length === 0) return []
  const examples = versions.toSorted((a, b) => compareVersions(b, a)).slice(0, MAX_NAMED)
  return [{ reason, versions: versions.length, examples, why: WHY[reason] }]
}

/** Versions that are kept out one by one, newest first. */
export function leftByRules(blocked: readonly BlockedVersion[]): LeftOut[] {
  return [...Map.groupBy(blocked, ({ reason }) => reason)].map(([reason, versions]) => ({
    reason,
    versions: versions.length,
    examples: versions.slice(0, MAX_NAMED).map(({ version }) => version),
    why: versions[0]?.why ?? '',
  }))
}

/** Puts together what is left out of several providers. */
export function sumLeftOut(parts: readonly (LeftOut & { readonly provider: string })[]): LeftOutSum[] {
  return [...Map.groupBy(parts, ({ reason }) => reason)].map(([reason, members]) => ({
    reason,
    providers: members.length,
    versions: members.reduce((sum, { versions }) => sum + versions, 0),
    examples: members
      .toSorted((a, b) => b.versions - a.versions || (a.provider < b.provider ? -1 : 1))
      .slice(0, MAX_EXAMPLES)
      .map(({ provider, examples, why }) => ({ provider, versions: examples, why })),
  }))
}
