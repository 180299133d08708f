import { bumpCatalogRevision } from '../../../base/database/catalog-revision.ts'
import { isUniqueViolation } from '../../../base/database/database-errors.ts'
import type { Db } from '../../../base/database/open-database.ts'
import { RegistryError } from '../../../base/errors.ts'
import type { Origin } from '../../../base/http/edge-types.ts'
import { newId } from '../../../base/ids.ts'
import { recordAudit } from '../../audit/index.ts'
import type { PolicyEffect } from '../decide/policy-types.ts'
import type { MirrorPolicyDeps } from '../mirror-policy-deps.ts'
import {
  deleteMirrorPolicyRow,
  findMirrorPolicy,
  findOrganization,
  insertMirrorPolicy,
  type MirrorPolicyRow,
  updateMirrorPolicy,
} from './policy-queries.ts'
import { requireConstraint } from './read-rules.ts'

type ChangeDeps = Pick<MirrorPolicyDeps, 'database' | 'clock'>

/** What a rule says; patterns in any case. */
export interface PolicyContent {
  readonly name: string
  readonly priority: number
  readonly effect: PolicyEffect
  readonly upstream: string
  readonly namespace: string
  readonly type: string
  /** `null`: every version. */
  readonly version: string | null
  /** Id or name; `null`: everybody. */
  readonly organization: string | null
  readonly reason: string
  readonly enabled: boolean
}

/**
 * Makes a rule.
 *
 * @throws {RegistryError} MIRROR_POLICY_EXISTS, ORGANIZATION_NOT_FOUND, RULE_BROKEN (the version constraint)
 */
export async function createMirrorPolicyRule(
  { database, clock }: ChangeDeps,
  content: PolicyContent,
  by: Origin,
): Promise<MirrorPolicyRow> {
  const at = clock.now()
  return await database.db.transaction().execute(async (tx) => {
    const { columns, organization = null } = await columnsOf(tx, content, at)
    const row = { ...(columns as Columns), id: newId(), createdAt: at, createdBy: by.actor.name }
    if (!(await insertMirrorPolicy(tx, row))) throw nameTaken(row.name)
    await recordAudit(tx, { at, origin: by, action: 'mirror_policy.create', object: row.name, details: detailsOf(row) })
    await bumpCatalogRevision(tx)
    return { ...row, organization }
  })
}

/**
 * Changes a rule; what is left out stays.
 *
 * @throws {RegistryError} MIRROR_POLICY_NOT_FOUND, and as `createMirrorPolicyRule`
 */
export async function changeMirrorPolicy(
  { database, clock }: ChangeDeps,
  id: string,
  { by, ...content }: Partial<PolicyContent> & { readonly by: Origin },
): Promise<MirrorPolicyRow> {
  const at = clock.now()
  return await database.db.transaction().execute(async (tx) => {
    const before = await requireMirrorPolicy(tx, id, 'change')
    const { columns, organization = before.organization } = await columnsOf(tx, content, before.disabledAt ?? at)
    const { organization: _name, ...row } = { ...before, ...columns }
    await updateOrRefuse(tx, row)
    const details = { before: detailsOf(before), after: detailsOf(row) }
    await recordAudit(tx, { at, origin: by, action: 'mirror_policy.change', object: before.name, details })
    await bumpCatalogRevision(tx)
    return { ...row, organization }
  })
}

/**
 * Deletes a rule.
 *
 * @throws {RegistryError} MIRROR_POLICY_NOT_FOUND
 */
export async function deleteMirrorPolicy({ database, clock }: ChangeDeps, id: string, by: Origin): Promise<void> {
  await database.db.transaction().execute(async (tx) => {
    const row = await requireMirrorPolicy(tx, id, 'delete')
    await deleteMirrorPolicyRow(tx, id)
    const details = detailsOf(row)
    await recordAudit(tx, { at: clock.now(), origin: by, action: 'mirror_policy.delete', object: row.name, details })
    await bumpCatalogRevision(tx)
  })
}

/** @throws {RegistryError} MIRROR_POLICY_NOT_FOUND */
export async function requireMirrorPolicy(db: Db, id: string, intent: 'change' | 'delete' | 'show'): Promise<MirrorPolicyRow> {
  const row = await findMirrorPolicy(db, id)
  if (row !== undefined) return row
  throw new RegistryError('MIRROR_POLICY_NOT_FOUND', `Cannot ${intent} mirror policy "${id}": there is no such policy`, {
    hint: 'The policies are listed at /api/v1/admin/mirror-policies',
  })
}

type Columns = Omit<MirrorPolicyRow, 'id' | 'createdAt' | 'createdBy' | 'organization'>

/** @param disabledAt since when a rule that shall be disabled is so. */
async function columnsOf(
  tx: Db,
  { organization, enabled, version, upstream, namespace, type, ...plain }: Partial<PolicyContent>,
  disabledAt: number,
): Promise<{ columns: Partial<Columns>; organization?: string | null }> {
  if (typeof version === 'string') requireConstraint(version)
  const owner = typeof organization === 'string' ? await requireOrganization(tx, organization) : organization
  const given = {
    ...plain,
    upstream: upstream?.toLowerCase(),
    namespace: namespace?.toLowerCase(),
    type: type?.toLowerCase(),
    version,
    ...(owner !== undefined && { organizationId: owner?.id ?? null }),
    ...(enabled !== undefined && { disabledAt: enabled ? null : disabledAt }),
  }
  const columns: Partial<Columns> = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  return { columns, ...(owner !== undefined && { organization: owner?.name ?? null }) }
}

async function requireOrganization(tx: Db, idOrName: string): Promise<{ id: string; name: string }> {
  const found = await findOrganization(tx, idOrName)
  if (found !== undefined) return found
  throw new RegistryError('ORGANIZATION_NOT_FOUND', `Cannot use organisation "${idOrName}": there is no such organisation`)
}

async function updateOrRefuse(tx: Db, { id, ...row }: Columns & { readonly id: string }): Promise<void> {
  try {
    await updateMirrorPolicy(tx, id, row)
  } catch (error) {
    throw isUniqueViolation(error) ? nameTaken(row.name, error) : error
  }
}

function nameTaken(name: string, cause?: unknown): RegistryError {
  return new RegistryError('MIRROR_POLICY_EXISTS', `Cannot use the name "${name}": another mirror policy has it`, {
    hint: 'Choose another name, or change the policy that has it',
    cause,
  })
}

function detailsOf({ priority, effect, upstream, namespace, type, version, organizationId, reason, disabledAt }: Columns) {
  return {
    priority,
    effect,
    upstream,
    namespace,
    type,
    version,
    organization_id: organizationId,
    reason,
    enabled: disabledAt === null,
  }
}
