import { formatProviderAddress, type ProviderAddress } from '@terrace/protocol/addresses.ts'
import { compareVersions, parseVersion } from '@terrace/protocol/versions.ts'
import { createRenderedDocuments, type RenderedDocuments } from '../../base/catalog/rendered-documents.ts'
import { type CacheAnswer, createRevisionCache } from '../../base/catalog/revision-cache.ts'
import type { UnixMs } from '../../base/clock.ts'
import type { Deps } from '../../base/deps.ts'
import { findNamespace, type NamespaceAccess } from '../namespaces/index.ts'
import { listPublicKeys, type PublicKey } from '../trust/index.ts'
import { findProvider, listPackages, type ProviderRow, SELF_HOSTNAME, type ServedPackageRow } from './provider-queries.ts'

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
  /** Who may read it; `undefined` for a mirrored provider, which is for everybody. */
  readonly namespace: NamespaceAccess | undefined
  readonly versions: readonly CatalogVersion[]
  /** Canonical version → version; blocked ones included. */
  readonly byVersion: ReadonlyMap<string, CatalogVersion>
  /** Public keys that may have signed a version, by fingerprint. */
  readonly publicKeys: ReadonlyMap<string, PublicKey>
  /** Bodies rendered from this state; gone with it. */
  readonly rendered: RenderedDocuments
}

/** Providers as they were at the newest catalog revision; the reads of all protocol routes go through here. */
export interface ProviderCatalog {
  find(address: ProviderAddress): Promise<CacheAnswer<CatalogProvider>>
  /** Whether somebody owns, or once owned, the namespace here; such a namespace is never looked up at an upstream (C10). */
  isClaimed(namespace: string): Promise<boolean>
}

/** Loads a provider once per catalog revision. */
export function createProviderCatalog(deps: Pick<Deps, 'database' | 'clock' | 'logger'>): ProviderCatalog {
  const cache = createRevisionCache<CatalogProvider>(deps)
  const claims = createRevisionCache<{ readonly claimed: boolean }>(deps)
  return {
    find: (address) => cache.find(formatProviderAddress(address), () => loadProvider(deps, address)),
    async isClaimed(namespace) {
      const { found } = await claims.find(namespace, async () => ({
        claimed: (await findNamespace(deps.database.db, namespace)) !== undefined,
      }))
      return found?.claimed ?? false
    },
  }
}

async function loadProvider({ database }: Pick<Deps, 'database'>, address: ProviderAddress): Promise<CatalogProvider | undefined> {
  const provider = await findProvider(database.db, address)
  if (provider === undefined) return undefined
  const [rows, publicKeys, namespace] = await Promise.all([
    listPackages(database.db, provider.id),
    listPublicKeys(database.db, address),
    address.hostname === SELF_HOSTNAME ? findNamespace(database.db, address.namespace) : undefined,
  ])
  const versions = groupByVersion(rows)
  return {
    provider,
    address,
    namespace,
    versions,
    byVersion: new Map(versions.map((version) => [version.version, version])),
    publicKeys,
    rendered: createRenderedDocuments(),
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
