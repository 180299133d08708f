import { bumpCatalogRevision } from '../../base/database/catalog-revision.ts'
import type { Db } from '../../base/database/open-database.ts'
import { DEFAULT_ORGANIZATION_ID } from '../../base/database/seed-rows.ts'
import type { Deps } from '../../base/deps.ts'
import { RegistryError } from '../../base/errors.ts'
import type { Origin } from '../../base/http/edge-types.ts'
import { newId } from '../../base/ids.ts'
import { hasScope, mayIn } from '../access/index.ts'
import { recordAudit } from '../audit/index.ts'
import { namespaceDeleted } from './claim-namespace.ts'
import { parseNamespaceName } from './namespace-names.ts'
import {
  findNamespace,
  findOrganizationByName,
  holdsContent,
  insertNamespace,
  type NamespaceRow,
  updateNamespace,
} from './namespace-queries.ts'
import { mayRead } from './read-access.ts'

export type Visibility = 'public' | 'private'

type ChangeDeps = Pick<Deps, 'database' | 'clock'>

/**
 * Gives a free name to an organisation.
 *
 * @throws {RegistryError} RULE_BROKEN, NAMESPACE_TAKEN, SCOPE_MISSING, ORGANIZATION_NOT_FOUND
 */
export async function createNamespace(
  { database, clock }: ChangeDeps,
  input: { readonly name: string; readonly organization?: string | undefined; readonly visibility: Visibility; readonly by: Origin },
): Promise<void> {
  const name = parseNamespaceName(input.name)
  const at = clock.now()
  await database.db.transaction().execute(async (tx) => {
    const organizationId = await requireOwnOrganization(tx, input)
    const { visibility, by } = input
    const row = { id: newId(), name, organizationId, visibility, createdAt: at, createdBy: by.actor.name, deletedAt: null }
    if (!(await insertNamespace(tx, row))) throw await taken(tx, name)
    await bumpCatalogRevision(tx)
    await recordAudit(tx, {
      at,
      origin: by,
      action: 'namespace.create',
      object: name,
      details: { organization_id: organizationId, visibility },
    })
  })
}

/**
 * Changes who may read a namespace, or whose it is. Acts with the next request on every replica.
 *
 * @throws {RegistryError} NAMESPACE_NOT_FOUND, SCOPE_MISSING, ORGANIZATION_NOT_FOUND
 */
export async function changeNamespace(
  { database, clock }: ChangeDeps,
  name: string,
  change: { readonly visibility?: Visibility | undefined; readonly organization?: string | undefined; readonly by: Origin },
): Promise<void> {
  const at = clock.now()
  await database.db.transaction().execute(async (tx) => {
    const row = await requireOwnNamespace(tx, name, change.by)
    const set = {
      ...(change.visibility !== undefined && { visibility: change.visibility }),
      ...(change.organization !== undefined && { organizationId: await requireOwnOrganization(tx, change) }),
    }
    await updateNamespace(tx, row.id, set)
    await bumpCatalogRevision(tx)
    const details = { visibility: set.visibility, organization_id: set.organizationId }
    await recordAudit(tx, { at, origin: change.by, action: 'namespace.change', object: row.name, details })
  })
}

/**
 * Deletes an empty namespace. Its name is never given away again.
 *
 * @throws {RegistryError} NAMESPACE_NOT_FOUND, SCOPE_MISSING, NAMESPACE_IN_USE
 */
export async function deleteNamespace({ database, clock }: ChangeDeps, name: string, by: Origin): Promise<void> {
  const at = clock.now()
  await database.db.transaction().execute(async (tx) => {
    const row = await requireOwnNamespace(tx, name, by)
    if (await holdsContent(tx, row.name)) {
      throw new RegistryError('NAMESPACE_IN_USE', `Cannot delete namespace "${row.name}": modules or providers are published in it`, {
        hint: 'Withdraw every version first, or make the namespace private',
      })
    }
    await updateNamespace(tx, row.id, { deletedAt: at })
    await bumpCatalogRevision(tx)
    await recordAudit(tx, { at, origin: by, action: 'namespace.delete', object: row.name })
  })
}

async function requireOwnNamespace(tx: Db, name: string, { actor }: Origin): Promise<NamespaceRow> {
  const row = await findNamespace(tx, name.toLowerCase())
  if (row === undefined || row.deletedAt !== null || !(mayRead(actor, 'modules', row) || mayRead(actor, 'providers', row))) {
    throw new RegistryError('NAMESPACE_NOT_FOUND', `Cannot change namespace "${name}": there is no such namespace`)
  }
  requireAdministrator(actor, row.organizationId, row.name)
  return row
}

function requireAdministrator(actor: Origin['actor'], organizationId: string, object: string): void {
  if (actor.namespaces === undefined && mayIn(actor, 'admin', organizationId)) return
  throw new RegistryError('SCOPE_MISSING', `Cannot change "${object}": "${actor.name}" does not administer its organisation`, {
    hint: 'Ask an administrator of the organisation',
    detail: { scope: 'admin' },
  })
}

async function requireOwnOrganization(
  tx: Db,
  { organization, by }: { readonly organization?: string | undefined; readonly by: Origin },
): Promise<string> {
  const found =
    organization === undefined ? { id: DEFAULT_ORGANIZATION_ID, name: 'default' } : await findOrganizationByName(tx, organization)
  if (found === undefined || !mayKnow(by.actor, found.id)) {
    throw new RegistryError('ORGANIZATION_NOT_FOUND', `Cannot use organisation "${organization}": there is no such organisation`)
  }
  requireAdministrator(by.actor, found.id, found.name)
  return found.id
}

/** Everybody knows the default organisation, and nobody learns by asking which others there are. */
function mayKnow({ scopes, grants }: Origin['actor'], organizationId: string): boolean {
  if (organizationId === DEFAULT_ORGANIZATION_ID || hasScope(scopes, 'users:read')) return true
  return grants.some((grant) => grant.organizationId === organizationId)
}

async function taken(tx: Db, name: string): Promise<RegistryError> {
  const row = await findNamespace(tx, name)
  if (row !== undefined && row.deletedAt !== null) return namespaceDeleted(name)
  return new RegistryError('NAMESPACE_TAKEN', `Cannot create namespace "${name}": it is taken`, { hint: 'Use another name' })
}
