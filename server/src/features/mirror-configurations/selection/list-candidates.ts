import { matchesConstraints, parseConstraints } from '@terrace/protocol/constraints.ts'
import { formatPlatform } from '@terrace/protocol/platforms.ts'
import { compareVersions, parseVersion, type Version } from '@terrace/protocol/versions.ts'
import type { UpstreamVersion } from '../../upstreams/index.ts'
import type { MirrorSettings } from '../mirror-settings.ts'

/** A version that fits a mirror, with the platforms that are wanted of it. */
export interface Candidate {
  readonly version: string
  /** `linux_amd64`, …; at least one. */
  readonly platforms: readonly string[]
}

type Wanted = Pick<MirrorSettings, 'versions' | 'platforms' | 'prereleases'>

/** Why a version does not fit a mirror. */
export type MisfitReason = 'constraint' | 'prerelease' | 'platform'

/** What of an upstream's offer fits the constraints, platforms and pre-releases of a mirror; newest first. */
export function listCandidates(wanted: Wanted, offered: readonly UpstreamVersion[]): Candidate[] {
  return sortOffer(wanted, offered).candidates
}

/** The same, with the versions that do not fit, by reason. Versions that are none are neither. */
export function sortOffer(
  wanted: Wanted,
  offered: readonly UpstreamVersion[],
): { readonly candidates: Candidate[]; readonly misfits: ReadonlyMap<MisfitReason, readonly string[]> } {
  const constraints = wanted.versions.map(parseConstraints)
  const candidates: Candidate[] = []
  const misfits = new Map<MisfitReason, string[]>([
    ['constraint', []],
    ['prerelease', []],
    ['platform', []],
  ])
  for (const { version: text, platforms: offers } of offered) {
    const version = parseVersion(text)
    if (version === undefined) continue
    const platforms = choosePlatforms(wanted.platforms, offers.map(formatPlatform))
    const misfit = misfitOf(version, constraints, wanted.prereleases) ?? (platforms.length === 0 ? 'platform' : undefined)
    if (misfit === undefined) candidates.push({ version: text, platforms })
    else misfits.get(misfit)?.push(text)
  }
  return { candidates: candidates.sort((a, b) => compareVersions(b.version, a.version)), misfits }
}

function misfitOf(version: Version, constraints: readonly ReturnType<typeof parseConstraints>[], prereleases: boolean) {
  if (fitsOne(version, constraints, prereleases)) return undefined
  return !prereleases && fitsOne(version, constraints, true) ? 'prerelease' : 'constraint'
}

function fitsOne(version: Version, constraints: readonly ReturnType<typeof parseConstraints>[], prereleases: boolean): boolean {
  const isPrerelease = version.prerelease.length > 0
  if (constraints.length === 0) return prereleases || !isPrerelease
  // A constraint that names a pre-release asks for it, whatever the mirror says of pre-releases.
  if (constraints.some((conditions) => matchesConstraints(version, conditions))) return true
  return prereleases && isPrerelease && constraints.some((conditions) => matchesConstraints({ ...version, prerelease: [] }, conditions))
}

/** An upstream may leave its list of platforms empty; the clients do not read it either (protocol.md C63). */
function choosePlatforms(wanted: readonly string[], offered: readonly string[]): readonly string[] {
  if (wanted.length === 0) return offered
  return offered.length === 0 ? wanted : wanted.filter((platform) => offered.includes(platform))
}
