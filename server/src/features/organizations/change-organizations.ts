import { bumpCatalogRevision } from '../../base/database/catalog-revision.ts'
import type { Db } from '../../base/database/open-database.ts'
import { DEFAULT_ORGANIZATION_ID } from '../../base/database/seed-rows.ts'
import { RegistryError } from '../../base/errors.ts'
import type { Origin } from '../../base/http/edge-types.ts'
import { newId } from '../../base/ids.ts'
import { recordAudit } from '../audit/index.ts'
import { holdsContent } from '../namespaces/index.ts'
import { changeRights } from './administrators/change-rights.ts'
import type { OrganizationDeps } from './organization-deps.ts'
import { parseOrganizationName } from './organization-names.ts'
import {
  deleteOrganizationRow,
  insertOrganization,
  listNamespaceNames,
  type OrganizationRow,
  renameOrganization,
  retireNamespaces,
} from './organization-queries.ts'
import { requireOrganization, requireOwnScopes } from './require-authority.ts'

/**
 * Makes an organisation without members.
 *
 * @throws {RegistryError} MULTI_TENANCY_OFF, RULE_BROKEN, ORGANIZATION_EXISTS
 */
export async function createOrganization(
  { database, clock, config }: OrganizationDeps,
  input: { readonly name: string; readonly displayName?: string | undefined; readonly origin: Origin },
): Promise<OrganizationRow> {
  const name = parseOrganizationName(input.name)
  const { origin, displayName = name } = input
  if (!config.multiTenancy.enabled) throw oneTenantOnly(name)
  requireOwnScopes(origin.actor, { scopes: ['admin'], organizationId: null, intent: `create organisation "${name}"` })
  const at = clock.now()
  const row = { id: newId(), name, displayName, createdAt: at, createdBy: origin.actor.name }
  await database.db.transaction().execute(async (tx) => {
    if (!(await insertOrganization(tx, row))) {
      throw new RegistryError('ORGANIZATION_EXISTS', `Cannot create organisation "${name}": the name is taken`, {
        hint: 'Use another name',
      })
    }
    await recordAudit(tx, { at, origin, action: 'organization.create', object: name })
  })
  return row
}

/**
 * Gives an organisation another display name. Its name stays: settings and scripts use it.
 *
 * @throws {RegistryError} ORGANIZATION_NOT_FOUND, SCOPE_MISSING
 */
export async function changeOrganization(
  deps: OrganizationDeps,
  { name, displayName, origin }: { readonly name: string; readonly displayName: string; readonly origin: Origin },
): Promise<void> {
  const at = deps.clock.now()
  await deps.database.db.transaction().execute(async (tx) => {
    const row = await requireOrganization(deps, tx, { name, actor: origin.actor, scope: 'admin', intent: 'change' })
    requireOwnScopes(origin.actor, { scopes: ['admin'], organizationId: row.id, intent: `change organisation "${row.name}"` })
    await renameOrganization(tx, row.id, displayName)
    await recordAudit(tx, { at, origin, action: 'organization.change', object: row.name, details: { display_name: displayName } })
  })
}

/**
 * Deletes an organisation that publishes nothing, with its memberships, roles, trust rules and keys; its users stay. The names of
 * its empty namespaces stay taken for ever.
 *
 * @throws {RegistryError} ORGANIZATION_NOT_FOUND, SCOPE_MISSING, ORGANIZATION_IN_USE also for the default one.
 */
export async function deleteOrganization(
  deps: OrganizationDeps,
  { name, origin }: { readonly name: string; readonly origin: Origin },
): Promise<void> {
  const intent = `delete organisation "${name}"`
  const found = await requireOrganization(deps, deps.database.db, { name, actor: origin.actor, intent: 'delete' })
  requireOwnScopes(origin.actor, { scopes: ['admin'], organizationId: null, intent })
  if (found.id === DEFAULT_ORGANIZATION_ID) throw inUse(intent, 'it is the default one', 'It stays as long as the registry')
  await changeRights(deps, {
    intent,
    origin,
    deletes: found.id,
    change: async (tx, at) => {
      // Again: of two who delete it at once, one finds it gone.
      await requireOrganization(deps, tx, { name, actor: origin.actor, intent: 'delete' })
      const namespaces = await requireEmptyNamespaces(tx, found.id, intent)
      await retireNamespaces(tx, found.id, at)
      await deleteOrganizationRow(tx, found.id)
      await bumpCatalogRevision(tx)
      return { action: 'organization.delete', object: found.name, details: { namespaces } }
    },
  })
}

async function requireEmptyNamespaces(tx: Db, organizationId: string, intent: string): Promise<string[]> {
  const names = await listNamespaceNames(tx, organizationId)
  for (const name of names) {
    if (await holdsContent(tx, name)) {
      throw inUse(intent, `modules or providers are published in its namespace "${name}"`, 'Withdraw them, or give the namespace away')
    }
  }
  return names
}

function inUse(intent: string, state: string, hint: string): RegistryError {
  return new RegistryError('ORGANIZATION_IN_USE', `Cannot ${intent}: ${state}`, { hint })
}

function oneTenantOnly(name: string): RegistryError {
  return new RegistryError('MULTI_TENANCY_OFF', `Cannot create organisation "${name}": this registry is for one organisation`, {
    hint: 'Set "multi_tenancy.enabled" and restart the server; roles then count in their own organisation only',
  })
}
