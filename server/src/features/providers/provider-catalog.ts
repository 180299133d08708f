import { formatProviderAddress, type ProviderAddress } from '@terrace/protocol/addresses.ts'
import { compareVersions, parseVersion } from '@terrace/protocol/versions.ts'
import { LRUCache } from 'lru-cache'
import type { Clock, UnixMs } from '../../base/clock.ts'
import { readCatalogRevision } from '../../base/database/catalog-revision.ts'
import type { Database } from '../../base/database/open-database.ts'
import { RegistryError } from '../../base/errors.ts'
import type { Logger } from '../../base/logger.ts'
import { findProvider, listPackages, type ProviderRow, type ServedPackageRow } from './provider-queries.ts'

/** One version as the protocol routes see it. */
export interface CatalogVersion {
  readonly id: string
  readonly version: string
  readonly protocols: readonly string[]
  readonly createdAt: UnixMs
  readonly signingKeyFingerprint: string
  readonly deprecated: { readonly message: string } | undefined
  readonly blocked: boolean
  /** Packages that may be served: neither blocked nor damaged. */
  readonly packages: readonly ServedPackageRow[]
}

/** A provider with all its versions, newest first, and the answers made from it so far. */
export interface CatalogProvider {
  readonly provider: ProviderRow
  readonly address: ProviderAddress
  readonly versions: readonly CatalogVersion[]
  /** Canonical version → version; blocked ones included. */
  readonly byVersion: ReadonlyMap<string, CatalogVersion>
  /** Bodies rendered from this state; gone with it. */
  readonly rendered: LRUCache<string, RenderedDocument>
}

export interface RenderedDocument {
  readonly body: Buffer
  readonly renderedAt: UnixMs
}

export interface CatalogAnswer {
  readonly found: CatalogProvider | undefined
  /** Seconds since the database last confirmed this state, when it does not answer now; 0 otherwise. */
  readonly staleSeconds: number
}

/** Providers as they were at the newest catalog revision; the reads of all protocol routes go through here. */
export interface ProviderCatalog {
  find(address: ProviderAddress): Promise<CatalogAnswer>
}

interface CatalogDeps {
  readonly database: Pick<Database, 'db'>
  readonly clock: Clock
  readonly logger: Logger
}

interface Entry {
  readonly revision: number
  readonly confirmedAt: UnixMs
  readonly found: CatalogProvider | undefined
}

const MAX_PROVIDERS = 2_000
const MAX_RENDERED = 64
const MAX_STALE_MS = 60 * 60 * 1000

/**
 * Keeps loaded providers and asks the database only whether anything changed since: so a blocked version is gone with the
 * next request on every replica, and version lists still answer, marked as stale, for an hour without the database (P5).
 */
export function createProviderCatalog(deps: CatalogDeps): ProviderCatalog {
  const entries = new LRUCache<string, Entry>({ max: MAX_PROVIDERS })
  return {
    async find(address) {
      const key = formatProviderAddress(address)
      const cached = entries.get(key)
      try {
        const revision = await readCatalogRevision(deps.database.db)
        if (cached !== undefined && cached.revision === revision) return { found: cached.found, staleSeconds: 0 }
        const found = await loadProvider(deps, address)
        entries.set(key, { revision, confirmedAt: deps.clock.now(), found })
        return { found, staleSeconds: 0 }
      } catch (error) {
        return staleAnswer(deps, cached, error)
      }
    },
  }
}

function staleAnswer({ clock, logger }: CatalogDeps, cached: Entry | undefined, error: unknown): CatalogAnswer {
  const ageMs = cached === undefined ? Number.POSITIVE_INFINITY : clock.now() - cached.confirmedAt
  if (cached !== undefined && ageMs < MAX_STALE_MS) {
    logger.warn({ err: error }, 'database does not answer; serving what was read before')
    return { found: cached.found, staleSeconds: Math.max(1, Math.ceil(ageMs / 1000)) }
  }
  if (error instanceof RegistryError) throw error
  throw new RegistryError('DATABASE_UNAVAILABLE', 'Cannot read the provider: the database does not answer', {
    hint: 'Try again in a moment',
    retryAfterSeconds: 5,
    cause: error,
  })
}

async function loadProvider({ database }: CatalogDeps, address: ProviderAddress): Promise<CatalogProvider | undefined> {
  const provider = await findProvider(database.db, address)
  if (provider === undefined) return undefined
  const rows = await listPackages(database.db, provider.id)
  const versions = groupByVersion(rows)
  return {
    provider,
    address,
    versions,
    byVersion: new Map(versions.map((version) => [version.version, version])),
    rendered: new LRUCache({ max: MAX_RENDERED }),
  }
}

function groupByVersion(rows: readonly ServedPackageRow[]): CatalogVersion[] {
  const groups = Map.groupBy(rows, (row) => row.version)
  return [...groups.values()].map(toVersion).sort(newestFirst)
}

function toVersion(rows: readonly ServedPackageRow[]): CatalogVersion {
  const [first] = rows
  if (first === undefined) throw new TypeError('A version without packages cannot be grouped')
  return {
    id: first.versionId,
    version: first.version,
    protocols: JSON.parse(first.protocols) as string[],
    createdAt: first.createdAt,
    signingKeyFingerprint: first.signingKeyFingerprint,
    deprecated: first.deprecatedAt === null ? undefined : { message: first.deprecationMessage ?? '' },
    blocked: first.versionBlockedAt !== null,
    packages: rows
      .filter((row) => row.platformBlockedAt === null && row.damagedAt === null)
      .sort((a, b) => (`${a.os}_${a.arch}` < `${b.os}_${b.arch}` ? -1 : 1)),
  }
}

function newestFirst(a: CatalogVersion, b: CatalogVersion): number {
  const [left, right] = [parseVersion(a.version), parseVersion(b.version)]
  if (left === undefined || right === undefined) throw new TypeError(`Stored version "${a.version}" or "${b.version}" is not semver`)
  return compareVersions(right, left)
}

/** Versions that are listed: not blocked, with at least one package to serve. */
export function listServedVersions({ versions }: CatalogProvider): readonly CatalogVersion[] {
  return versions.filter((version) => !version.blocked && version.packages.length > 0)
}
