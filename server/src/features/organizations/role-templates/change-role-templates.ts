import { decodeJson, encodeJson } from '../../../base/database/columns.ts'
import type { Db } from '../../../base/database/open-database.ts'
import { SYSTEM_ROLE_TEMPLATES } from '../../../base/database/seed-rows.ts'
import { RegistryError } from '../../../base/errors.ts'
import type { Origin } from '../../../base/http/edge-types.ts'
import { newId } from '../../../base/ids.ts'
import { parseScopes } from '../../access/index.ts'
import { changeRights } from '../administrators/change-rights.ts'
import type { OrganizationDeps } from '../organization-deps.ts'
import { parseRoleName } from '../organization-names.ts'
import type { OrganizationRow } from '../organization-queries.ts'
import { requireOrganization, requireOwnScopes } from '../require-authority.ts'
import {
  countMembersOfRole,
  deleteRoleTemplateRow,
  findRoleTemplate,
  insertRoleTemplate,
  type RoleTemplateRow,
  updateRoleTemplate,
} from './role-template-queries.ts'

/** Whose role template, and who asks. */
export interface RoleTemplateOf {
  /** Name of the organisation. */
  readonly organization: string
  readonly origin: Origin
}

/**
 * Makes a role template of an organisation.
 *
 * @throws {RegistryError} ORGANIZATION_NOT_FOUND, SCOPE_MISSING (also for scopes that the caller does not hold), RULE_BROKEN,
 *   ROLE_TEMPLATE_EXISTS.
 */
export async function createRoleTemplate(
  deps: OrganizationDeps,
  {
    origin,
    organization,
    ...input
  }: RoleTemplateOf & { readonly name: string; readonly description: string; readonly scopes: readonly string[] },
): Promise<RoleTemplateRow> {
  const name = parseRoleName(input.name)
  const scopes = parseScopes(input.scopes)
  const intent = `create role "${name}"`
  const { row } = await changeRights(deps, {
    intent,
    origin,
    change: async (tx, createdAt) => {
      const owner = await requireManaged(deps, tx, { organization, origin })
      requireOwnScopes(origin.actor, { scopes, organizationId: owner.id, intent })
      const { description } = input
      const row = { id: newId(), organizationId: owner.id, name, description, scopes: encodeJson(scopes), createdAt }
      const isOfProduct = SYSTEM_ROLE_TEMPLATES.some((template) => template.name === name)
      if (isOfProduct || !(await insertRoleTemplate(tx, row))) throw nameTaken(name)
      return { action: 'role_template.create', object: `${owner.name}/${name}`, details: { scopes }, row }
    },
  })
  return row
}

/**
 * Changes a role template of an organisation; acts with the next request of everybody who has it.
 *
 * @throws {RegistryError} ORGANIZATION_NOT_FOUND, ROLE_TEMPLATE_NOT_FOUND, ROLE_TEMPLATE_FIXED, RULE_BROKEN, LAST_ADMINISTRATOR;
 *   SCOPE_MISSING also when the template allows, or would allow, more than the caller may.
 */
export async function changeRoleTemplate(
  deps: OrganizationDeps,
  input: RoleTemplateOf & {
    readonly role: string
    readonly description?: string | undefined
    readonly scopes?: readonly string[] | undefined
  },
): Promise<RoleTemplateRow> {
  const { origin, role, description } = input
  const scopes = input.scopes === undefined ? undefined : parseScopes(input.scopes)
  const intent = `change role "${role}"`
  const { row } = await changeRights(deps, {
    intent,
    origin,
    change: async (tx) => {
      const owner = await requireManaged(deps, tx, input)
      const before = await requireOwnTemplate(tx, owner, { role, origin, intent })
      requireOwnScopes(origin.actor, { scopes: scopes ?? [], organizationId: owner.id, intent })
      const set = { ...(description !== undefined && { description }), ...(scopes !== undefined && { scopes: encodeJson(scopes) }) }
      await updateRoleTemplate(tx, before.id, set)
      return { action: 'role_template.change', object: `${owner.name}/${before.name}`, details: { scopes }, row: { ...before, ...set } }
    },
  })
  return row
}

/**
 * Deletes a role template of an organisation that nobody has.
 *
 * @throws {RegistryError} ORGANIZATION_NOT_FOUND, ROLE_TEMPLATE_NOT_FOUND, ROLE_TEMPLATE_FIXED, ROLE_TEMPLATE_IN_USE, SCOPE_MISSING.
 */
export async function deleteRoleTemplate(deps: OrganizationDeps, input: RoleTemplateOf & { readonly role: string }): Promise<void> {
  const { origin, role } = input
  const intent = `delete role "${role}"`
  await changeRights(deps, {
    intent,
    origin,
    change: async (tx) => {
      const owner = await requireManaged(deps, tx, input)
      const row = await requireOwnTemplate(tx, owner, { role, origin, intent })
      const members = await countMembersOfRole(tx, row.id)
      if (members > 0) throw inUse(row.name, members)
      await deleteRoleTemplateRow(tx, row.id)
      return { action: 'role_template.delete', object: `${owner.name}/${row.name}` }
    },
  })
}

/**
 * The role template that an organisation means by an id or a name.
 *
 * @throws {RegistryError} ROLE_TEMPLATE_NOT_FOUND also for one of another organisation.
 */
export async function requireRoleTemplate(tx: Db, { id }: Pick<OrganizationRow, 'id'>, role: string): Promise<RoleTemplateRow> {
  const row = (await findRoleTemplate(tx, id, role)) ?? (await findRoleTemplate(tx, id, role.toLowerCase()))
  if (row !== undefined) return row
  throw new RegistryError('ROLE_TEMPLATE_NOT_FOUND', `Cannot use role "${role}": there is no such role`, {
    hint: 'GET /api/v1/role-templates lists those of the product, /api/v1/organizations/NAME/role-templates the own ones',
  })
}

function requireManaged(deps: OrganizationDeps, tx: Db, { organization: name, origin }: RoleTemplateOf): Promise<OrganizationRow> {
  return requireOrganization(deps, tx, { name, actor: origin.actor, scope: 'users:manage', intent: 'change the roles of' })
}

async function requireOwnTemplate(
  tx: Db,
  owner: OrganizationRow,
  { role, origin, intent }: { readonly role: string; readonly origin: Origin; readonly intent: string },
): Promise<RoleTemplateRow> {
  const row = await requireRoleTemplate(tx, owner, role)
  if (row.organizationId === null) {
    throw new RegistryError('ROLE_TEMPLATE_FIXED', `Cannot ${intent}: it comes with the product and stays as it is`, {
      hint: 'Make a role template of the organisation instead',
    })
  }
  // Whoever has the role may do more than a caller who lacks its scopes, and keeps that.
  requireOwnScopes(origin.actor, { scopes: decodeJson<string[]>(row.scopes), organizationId: owner.id, intent })
  return row
}

function nameTaken(name: string): RegistryError {
  return new RegistryError('ROLE_TEMPLATE_EXISTS', `Cannot create role "${name}": the name is taken`, { hint: 'Use another name' })
}

function inUse(name: string, members: number): RegistryError {
  const who = members === 1 ? '1 member has it' : `${members} members have it`
  return new RegistryError('ROLE_TEMPLATE_IN_USE', `Cannot delete role "${name}": ${who}`, {
    hint: 'Give them another role first',
    detail: { members },
  })
}
