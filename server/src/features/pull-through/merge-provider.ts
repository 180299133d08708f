import type { ProviderAddress } from '@terrace/protocol/addresses.ts'
import { formatPlatform, type Platform } from '@terrace/protocol/platforms.ts'
import { compareVersions, parseVersion } from '@terrace/protocol/versions.ts'
import { createRenderedDocuments } from '../../base/catalog/rendered-documents.ts'
import type { UnixMs } from '../../base/clock.ts'
import {
  type CatalogProvider,
  type CatalogVersion,
  type ListedVersion,
  listRefusedPackages,
  listServedVersions,
  type OfferedProvider,
} from '../providers/index.ts'
import type { UpstreamVersion } from '../upstreams/index.ts'
import type { PullThroughDeps } from './pull-through-deps.ts'
import type { KnownList } from './version-lists.ts'

/** What does not come on demand. */
export interface Refusals {
  /** Versions, and packages as `1.0.0 linux_amd64`. */
  readonly names: ReadonlySet<string>
  /** From when on a version is old enough to be let in. */
  readonly until: UnixMs
}

/** A merged provider with what it was made from. */
export interface MergedProvider {
  readonly provider: Omit<OfferedProvider, 'staleSeconds'>
  readonly held: CatalogProvider | undefined
  readonly list: KnownList<UpstreamVersion>
  /** The same object for as long as neither rules nor approvals change. */
  readonly rules: object
  readonly refusals: Refusals
}

/**
 * What policies do not let in, and what is blocked or deleted here: that does not come back on demand, only by an administrator's own
 * load.
 */
export async function readRefusals(
  { database, policy }: Pick<PullThroughDeps, 'database' | 'policy'>,
  address: ProviderAddress,
  { held, list }: { readonly held: CatalogProvider | undefined; readonly list: KnownList<UpstreamVersion> },
): Promise<Refusals> {
  const rows = held === undefined ? [] : await listRefusedPackages(database.db, held.provider.id)
  const decisions = await policy.decideVersions(address, [...list.names], { onDemand: true })
  const refused = [...decisions].filter(([, { allowed }]) => !allowed)
  const names = [
    ...refused.map(([version]) => version),
    ...rows.map(({ version, os, arch }) => nameOf(version, os === null ? '' : `${os}_${arch}`)),
  ]
  const until = Math.min(...refused.map(([, { heldUntil = Number.POSITIVE_INFINITY }]) => heldUntil))
  return { names: new Set(names), until }
}

function nameOf(version: string, platform: string): string {
  return platform === '' ? version : `${version} ${platform}`
}

/** Whether a package may come on demand. */
export function isRefused({ names }: Refusals, version: string, platform: Platform): boolean {
  return names.has(version) || names.has(nameOf(version, formatPlatform(platform)))
}

/** What is held and what is offered, as one list. What vanished upstream stays (reliability.md row 44). */
export function mergeProvider(address: ProviderAddress, from: Omit<MergedProvider, 'provider'>): MergedProvider {
  const { held, list, refusals } = from
  const versions = new Map<string, ListedVersion>()
  for (const version of held === undefined ? [] : listServedVersions(held)) versions.set(version.version, listHeld(version))
  for (const offered of list.versions) {
    const merged = mergeVersion(versions.get(offered.version), offered, refusals)
    if (merged !== undefined) versions.set(offered.version, merged)
  }
  const sorted = [...versions.values()].sort(newestFirst)
  return { ...from, provider: { address, held, versions: sorted, rendered: createRenderedDocuments() } }
}

function listHeld({ version, protocols, packages }: CatalogVersion): ListedVersion {
  return { version, protocols, platforms: packages.map(({ os, arch }) => ({ os, arch }) as Platform) }
}

function mergeVersion(held: ListedVersion | undefined, offered: ListedVersion, refusals: Refusals): ListedVersion | undefined {
  if (refusals.names.has(offered.version)) return held
  const platforms = offered.platforms.filter((platform) => !isRefused(refusals, offered.version, platform))
  const nothingLeft = platforms.length === 0 && offered.platforms.length > 0
  if (nothingLeft || held === undefined) return nothingLeft ? held : { ...offered, platforms }
  const names = new Set(held.platforms.map(formatPlatform))
  return { ...held, platforms: [...held.platforms, ...platforms.filter((platform) => !names.has(formatPlatform(platform)))] }
}

function newestFirst(a: ListedVersion, b: ListedVersion): number {
  const [left, right] = [parseVersion(a.version), parseVersion(b.version)]
  if (left === undefined || right === undefined) throw new TypeError(`Listed version "${a.version}" or "${b.version}" is not semver`)
  return compareVersions(right, left)
}
