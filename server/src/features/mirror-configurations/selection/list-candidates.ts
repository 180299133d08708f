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

/** What of an upstream's offer fits the constraints, platforms and pre-releases of a mirror; newest first. */
export function listCandidates(wanted: Wanted, offered: readonly UpstreamVersion[]): Candidate[] {
  const constraints = wanted.versions.map(parseConstraints)
  const fits = (text: string): boolean => {
    const version = parseVersion(text)
    return version !== undefined && fitsOne(version, constraints, wanted.prereleases)
  }
  return offered
    .filter(({ version }) => fits(version))
    .map(({ version, platforms }) => ({ version, platforms: choosePlatforms(wanted.platforms, platforms.map(formatPlatform)) }))
    .filter(({ platforms }) => platforms.length > 0)
    .sort((a, b) => compareVersions(b.version, a.version))
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
