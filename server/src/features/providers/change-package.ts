import type { ProviderAddress } from '@terrace/protocol/addresses.ts'
import { formatPlatform } from '@terrace/protocol/platforms.ts'
import { bumpCatalogRevision } from '../../base/database/catalog-revision.ts'
import type { Db } from '../../base/database/open-database.ts'
import type { Deps } from '../../base/deps.ts'
import { RegistryError } from '../../base/errors.ts'
import type { Origin } from '../../base/http/edge-types.ts'
import { holdsScope } from '../access/index.ts'
import { recordAudit } from '../audit/index.ts'
import { removeUnownedObject } from '../intake/index.ts'
import { findNamespace, mayRead, requireWritable } from '../namespaces/index.ts'
import { findVersionIdentity } from './admin-queries.ts'
import { displayProvider } from './provider-names.ts'
import {
  deletePlatformsOfVersion,
  findPlatformById,
  listPlatforms,
  lockProviderVersion,
  type ProviderPlatformRow,
  SELF_HOSTNAME,
  updatePlatformFlags,
  updateVersionFlags,
} from './provider-queries.ts'
import { packageObjects } from './store-packages.ts'

/** Flags to change; what is absent stays. `false` takes a flag away. */
export interface PackageFlags {
  readonly deprecated?: boolean
  /** Shown to everybody who resolves the version. */
  readonly deprecationMessage?: string
  readonly blocked?: boolean
  readonly blockedReason?: string
}

interface Target {
  readonly versionId: string
  /** Set when the id names one platform of the version. */
  readonly platform: ProviderPlatformRow | undefined
  /** For messages and the audit log. */
  readonly name: string
}

/**
 * Deprecates or blocks. An id of a version means the version with all its platforms; an id of a platform blocks that platform
 * only, while deprecation is always the version's (C52). Acts on the next request of every replica.
 *
 * @throws {RegistryError} PROVIDER_VERSION_NOT_FOUND, RULE_BROKEN for a text without its flag
 */
export async function changePackage(
  { database, clock }: Pick<Deps, 'database' | 'clock'>,
  { id, flags, by }: { readonly id: string; readonly flags: PackageFlags; readonly by: Origin },
): Promise<void> {
  refuseLonelyTexts(flags)
  const at = clock.now()
  await database.db.transaction().execute(async (tx) => {
    const target = await requireTarget(tx, id, by)
    await updateVersionFlags(tx, target.versionId, deprecationOf(flags, at))
    if (target.platform === undefined) await updateVersionFlags(tx, target.versionId, blockOf(flags, at))
    else await updatePlatformFlags(tx, target.platform.id, blockOf(flags, at))
    await bumpCatalogRevision(tx)
    await recordAudit(tx, {
      origin: by,
      at,
      action: 'provider_version.change',
      object: target.name,
      outcome: 'allowed',
      details: { ...flags },
    })
  })
}

/** A text alone would change nothing and look as if it had. */
function refuseLonelyTexts({ deprecated, deprecationMessage, blocked, blockedReason }: PackageFlags): void {
  const lonely =
    deprecationMessage !== undefined && deprecated !== true
      ? ['deprecation_message', 'deprecated']
      : blockedReason !== undefined && blocked !== true && ['blocked_reason', 'blocked']
  if (!lonely) return
  throw new RegistryError('RULE_BROKEN', `Cannot set "${lonely[0]}" alone: it belongs to "${lonely[1]}": true`, {
    hint: 'Send both together',
  })
}

function deprecationOf({ deprecated, deprecationMessage = '' }: PackageFlags, at: number) {
  if (deprecated === undefined) return {}
  return deprecated ? { deprecatedAt: at, deprecationMessage } : { deprecatedAt: null, deprecationMessage: null }
}

function blockOf({ blocked, blockedReason = '' }: PackageFlags, at: number) {
  if (blocked === undefined) return {}
  return blocked ? { blockedAt: at, blockedReason } : { blockedAt: null, blockedReason: null }
}

/**
 * Deletes a version, or one platform of it, and the stored objects. The row stays as a tombstone, so that the number is never
 * given to other content; lock files that name it stop working.
 *
 * @throws {RegistryError} PROVIDER_VERSION_NOT_FOUND
 */
export async function deletePackage(
  { database, clock, store }: Pick<Deps, 'database' | 'clock' | 'store'>,
  { id, by }: { readonly id: string; readonly by: Origin },
): Promise<void> {
  const at = clock.now()
  const keys = await database.db.transaction().execute(async (tx) => {
    const target = await requireTarget(tx, id, by)
    await lockProviderVersion(tx, target.versionId)
    const doomed = target.platform === undefined ? await listPlatforms(tx, target.versionId) : [target.platform]
    if (target.platform === undefined) {
      await deletePlatformsOfVersion(tx, target.versionId, at)
      await updateVersionFlags(tx, target.versionId, { deletedAt: at })
    } else await updatePlatformFlags(tx, target.platform.id, { deletedAt: at })
    await bumpCatalogRevision(tx)
    await recordAudit(tx, { origin: by, at, action: 'provider_version.delete', object: target.name, outcome: 'allowed', details: {} })
    return doomed.map((row) => row.storageKey)
  })
  // After the commit: a crash in between leaves objects without a living row, which the sweeper removes.
  for (const key of keys) await removeUnownedObject({ database, store }, packageObjects, key)
}

async function requireTarget(tx: Db, id: string, by: Origin): Promise<Target> {
  const platform = await findPlatformById(tx, id)
  const version = await findVersionIdentity(tx, platform?.versionId ?? id)
  const isGone = version === undefined || version.deletedAt !== null || (platform !== undefined && platform.deletedAt !== null)
  if (isGone || !(await requireChangeable(tx, version, by))) {
    throw new RegistryError('PROVIDER_VERSION_NOT_FOUND', `Cannot change provider version "${id}": there is none with this id`, {
      hint: 'The ids are in the list at /api/v1/admin/providers',
    })
  }
  const suffix = platform === undefined ? '' : ` ${formatPlatform(platform)}`
  return { versionId: version.id, platform, name: `${displayProvider(version)} ${version.version}${suffix}` }
}

/**
 * Refuses whoever may read the provider but not change it: what is mirrored belongs to the whole registry, what is published here
 * to the organisation of its namespace.
 * @returns `false` for whoever may not even read it.
 */
async function requireChangeable(tx: Db, provider: ProviderAddress, by: Origin): Promise<boolean> {
  const scope = 'mirrors:manage'
  if (provider.hostname === SELF_HOSTNAME) {
    const row = await findNamespace(tx, provider.namespace)
    if (!mayRead(by.actor, 'providers', row)) return false
    if (row !== undefined) requireWritable(row, { namespace: row.name, by, scope })
    return true
  }
  if (holdsScope(by.actor, scope, 'registry')) return true
  throw new RegistryError('SCOPE_MISSING', `Cannot change "${displayProvider(provider)}": "${by.actor.name}" lacks "${scope}"`, {
    hint: 'Mirrored providers belong to the whole registry: ask one of its administrators',
    detail: { scope },
  })
}
