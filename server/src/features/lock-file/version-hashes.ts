import { formatZh } from '@terrace/protocol/hashes.ts'
import { formatPlatform, type Platform, parsePlatform } from '@terrace/protocol/platforms.ts'
import { parseShasums } from '@terrace/protocol/shasums.ts'
import type { LockPackageRow } from './lock-queries.ts'

/** Why there is no `h1:` of a platform. */
export const MISSING_REASONS = ['not_released', 'not_held', 'blocked', 'damaged'] as const
export type MissingReason = (typeof MISSING_REASONS)[number]

/** A platform whose `h1:` is not known. */
export interface MissingPlatform {
  readonly platform: string
  readonly why: MissingReason
}

/** One version and all that is known of its packages. */
export interface VersionContent {
  readonly type: string
  readonly version: string
  /** The checksum list, as it was signed. */
  readonly shasums: Uint8Array
  readonly packages: readonly LockPackageRow[]
}

/** What a lock file needs of a version. */
export interface VersionHashes {
  /** In no promised order. */
  readonly hashes: readonly string[]
  readonly missing: readonly MissingPlatform[]
}

/**
 * `zh:` of every file on the checksum list, and `h1:` of the stored packages for the wanted platforms. A blocked package has neither.
 * @param wanted none: every platform on the list.
 */
export function collectHashes(content: VersionContent, wanted: readonly Platform[]): VersionHashes {
  const { packages } = content
  const checksums = parseShasums(content.shasums).checksums
  const byPlatform = new Map(packages.map((row) => [`${row.os}_${row.arch}`, row]))
  const released = [...checksums.keys()].flatMap((filename) => platformOf(content, filename))
  const names = wanted.length > 0 ? wanted.map(formatPlatform) : [...new Set([...released, ...byPlatform.keys()])]
  const blocked = new Set(packages.filter(({ blockedAt }) => blockedAt !== null).map(({ zh }) => zh))
  const zh = [...[...checksums.values()].map(formatZh), ...packages.map((row) => row.zh)].filter((hash) => !blocked.has(hash))
  const h1 = names.flatMap((name) => (whyMissing(byPlatform.get(name), true) === undefined ? [byPlatform.get(name)?.h1 ?? ''] : []))
  const missing = names.flatMap((platform) => {
    const why = whyMissing(byPlatform.get(platform), released.includes(platform))
    return why === undefined ? [] : [{ platform, why }]
  })
  return { hashes: [...h1, ...zh], missing }
}

function whyMissing(row: LockPackageRow | undefined, isReleased: boolean): MissingReason | undefined {
  if (row === undefined) return isReleased ? 'not_held' : 'not_released'
  if (row.blockedAt !== null) return 'blocked'
  return row.damagedAt === null ? undefined : 'damaged'
}

function platformOf({ type, version }: VersionContent, filename: string): string[] {
  const [prefix, suffix] = [`terraform-provider-${type}_${version}_`, '.zip']
  if (!filename.startsWith(prefix) || !filename.endsWith(suffix)) return []
  const platform = parsePlatform(filename.slice(prefix.length, -suffix.length))
  return platform === undefined ? [] : [formatPlatform(platform)]
}
