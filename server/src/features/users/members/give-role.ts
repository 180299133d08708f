import type { UnixMs } from '../../../base/clock.ts'
import { decodeJson } from '../../../base/database/columns.ts'
import type { Db } from '../../../base/database/open-database.ts'
import { RegistryError } from '../../../base/errors.ts'
import type { Actor } from '../../../base/http/edge-types.ts'
import { type OrganizationRow, type RoleTemplateRow, requireOwnScopes, requireRoleTemplate } from '../../organizations/index.ts'
import { insertMember } from './member-queries.ts'

/** Who gives which role of which organisation. */
export interface RoleGift {
  readonly actor: Actor
  readonly organization: OrganizationRow
  /** Id or name. */
  readonly role: string
  readonly intent: string
}

/**
 * The role template that is to be given, for somebody who holds what it allows.
 *
 * @throws {RegistryError} ROLE_TEMPLATE_NOT_FOUND, SCOPE_MISSING
 */
export async function requireGivableRole(tx: Db, { actor, organization, role, intent }: RoleGift): Promise<RoleTemplateRow> {
  const template = await requireRoleTemplate(tx, organization, role)
  const scopes = decodeJson<string[]>(template.scopes)
  requireOwnScopes(actor, { scopes, organizationId: organization.id, intent: `${intent} with role "${template.name}"` })
  return template
}

/**
 * Makes a user a member of an organisation.
 *
 * @throws {RegistryError} ROLE_TEMPLATE_NOT_FOUND, SCOPE_MISSING, MEMBER_EXISTS
 */
export async function giveFirstRole(
  tx: Db,
  gift: RoleGift & { readonly user: { readonly id: string; readonly username: string }; readonly createdAt: UnixMs },
): Promise<RoleTemplateRow> {
  const { organization, user, createdAt, intent } = gift
  const template = await requireGivableRole(tx, gift)
  const member = { organizationId: organization.id, userId: user.id, roleTemplateId: template.id, createdAt, grantedBy: null }
  if (await insertMember(tx, member)) return template
  throw new RegistryError('MEMBER_EXISTS', `Cannot ${intent}: "${user.username}" is a member already`, {
    hint: 'Change the role with PUT /api/v1/organizations/NAME/members/USER_ID',
  })
}
