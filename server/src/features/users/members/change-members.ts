import { decodeJson } from '../../../base/database/columns.ts'
import type { Db } from '../../../base/database/open-database.ts'
import { RegistryError } from '../../../base/errors.ts'
import type { Actor, Origin } from '../../../base/http/edge-types.ts'
import { hasScope, mayIn } from '../../access/index.ts'
import { changeRights, type OrganizationRow, requireOrganization, requireOwnScopes } from '../../organizations/index.ts'
import { addUser, type NewUser, prepareUser } from '../add-user.ts'
import type { UserDeps } from '../user-deps.ts'
import { findUser, findUserByName, type UserRow } from '../user-queries.ts'
import { giveFirstRole, requireGivableRole } from './give-role.ts'
import { deleteMember, findMember, listOrganizationsOf, type MemberRow, updateMember } from './member-queries.ts'

/** Whose members, and who asks. */
interface MembersOf {
  /** Name of the organisation. */
  readonly organization: string
  readonly origin: Origin
}

interface MemberWish extends MembersOf {
  readonly userId: string
}

/**
 * Makes a user whom the caller may see a member.
 *
 * @throws {RegistryError} ORGANIZATION_NOT_FOUND, USER_NOT_FOUND also for a user whom the caller may not see, ROLE_TEMPLATE_NOT_FOUND,
 *   MEMBER_EXISTS; SCOPE_MISSING also for a role that allows more than the caller may there.
 */
export async function addMember(
  deps: UserDeps,
  { user: idOrName, role, ...input }: MembersOf & { readonly user: string; readonly role: string },
): Promise<MemberRow> {
  const { origin } = input
  const intent = `add "${idOrName}" to organisation "${input.organization}"`
  const { row } = await changeRights(deps, {
    intent,
    origin,
    change: async (tx, createdAt) => {
      const organization = await requireManaged(deps, tx, input)
      const user = await requireVisibleUser(tx, origin.actor, { idOrName, intent })
      const template = await giveFirstRole(tx, { actor: origin.actor, organization, user, role, createdAt, intent })
      const record = recordOf('organization_member.add', { organization, username: user.username, role: template.name })
      return { ...record, row: await reread(tx, organization.id, user.id) }
    },
  })
  return row
}

/**
 * Makes a new user and a member at once.
 *
 * @throws {RegistryError} as `addMember`, and USER_EXISTS, RULE_BROKEN, LOCAL_ACCOUNTS_OFF.
 */
export async function addNewMember(
  deps: UserDeps,
  { user: newUser, role, ...input }: MembersOf & { readonly user: NewUser; readonly role: string },
): Promise<MemberRow> {
  const { origin } = input
  const user = await prepareUser(deps, newUser)
  const intent = `add "${user.username}" to organisation "${input.organization}"`
  requireNoPreparedIdentity(origin.actor, newUser, intent)
  const { row } = await changeRights(deps, {
    intent,
    origin,
    change: async (tx, createdAt) => {
      const organization = await requireManaged(deps, tx, input)
      await addUser(tx, user, { scopes: [], createdAt })
      const template = await giveFirstRole(tx, { actor: origin.actor, organization, user, role, createdAt, intent })
      const record = recordOf('organization_member.create', { organization, username: user.username, role: template.name })
      return { ...record, row: await reread(tx, organization.id, user.id) }
    },
  })
  return row
}

/**
 * Gives a member another role; acts with their next request.
 *
 * @throws {RegistryError} ORGANIZATION_NOT_FOUND, MEMBER_NOT_FOUND, ROLE_TEMPLATE_NOT_FOUND, LAST_ADMINISTRATOR; SCOPE_MISSING also
 *   when the old role or the new one allows more than the caller may there.
 */
export async function changeMember(deps: UserDeps, { userId, role, ...input }: MemberWish & { readonly role: string }): Promise<MemberRow> {
  const { origin } = input
  const intent = `change member "${userId}" of organisation "${input.organization}"`
  const { row } = await changeRights(deps, {
    intent,
    origin,
    change: async (tx) => {
      const { organization, member } = await requireMember(deps, tx, { ...input, userId, intent })
      const template = await requireGivableRole(tx, { actor: origin.actor, organization, role, intent })
      await updateMember(tx, { organizationId: organization.id, userId }, template.id)
      const record = recordOf('organization_member.update', { organization, username: member.username, role: template.name })
      return { ...record, row: await reread(tx, organization.id, userId) }
    },
  })
  return row
}

/**
 * Ends a membership; acts with the next request.
 *
 * @throws {RegistryError} ORGANIZATION_NOT_FOUND, MEMBER_NOT_FOUND, LAST_ADMINISTRATOR, SCOPE_MISSING also when the role allows more
 *   than the caller may there.
 */
export async function removeMember(deps: UserDeps, { userId, ...input }: MemberWish): Promise<void> {
  const intent = `remove member "${userId}" of organisation "${input.organization}"`
  await changeRights(deps, {
    intent,
    origin: input.origin,
    change: async (tx) => {
      const { organization, member } = await requireMember(deps, tx, { ...input, userId, intent })
      await deleteMember(tx, { organizationId: organization.id, userId })
      return recordOf('organization_member.remove', { organization, username: member.username, role: member.roleName })
    },
  })
}

function requireManaged(deps: UserDeps, tx: Db, { organization: name, origin }: MembersOf): Promise<OrganizationRow> {
  return requireOrganization(deps, tx, { name, actor: origin.actor, scope: 'users:manage', intent: 'change the members of' })
}

async function requireMember(deps: UserDeps, tx: Db, wish: MemberWish & { readonly intent: string }) {
  const { origin, userId, intent } = wish
  const organization = await requireManaged(deps, tx, wish)
  const member = await findMember(tx, organization.id, userId)
  if (member === undefined) {
    throw new RegistryError('MEMBER_NOT_FOUND', `Cannot ${intent}: there is no such member`, {
      hint: 'GET /api/v1/organizations/NAME/members lists members with their ids',
    })
  }
  requireOwnScopes(origin.actor, { scopes: decodeJson<string[]>(member.roleScopes), organizationId: organization.id, intent })
  return { organization, member }
}

/** The users of other tenants do not exist for those who manage one. */
async function requireVisibleUser(
  tx: Db,
  actor: Actor,
  { idOrName, intent }: { readonly idOrName: string; readonly intent: string },
): Promise<UserRow> {
  const user = (await findUser(tx, idOrName)) ?? (await findUserByName(tx, idOrName.trim().toLowerCase()))
  if (user !== undefined && (await isVisible(tx, actor, user))) return user
  throw new RegistryError('USER_NOT_FOUND', `Cannot ${intent}: there is no such user`, {
    hint: 'To make a new user, send "username" in place of "user"',
  })
}

async function isVisible(tx: Db, actor: Actor, { id }: UserRow): Promise<boolean> {
  if (hasScope(actor.scopes, 'users:read')) return true
  const organizationIds = await listOrganizationsOf(tx, id)
  return organizationIds.some((organizationId) => mayIn(actor, 'users:read', organizationId))
}

/**
 * Whoever manages one tenant only may not make a user with the address of somebody else and a password of their own: when that
 * person signs in through an identity provider that links by address, two would share the account.
 */
function requireNoPreparedIdentity(actor: Actor, { email, password }: NewUser, intent: string): void {
  if (email === undefined || password === undefined || hasScope(actor.scopes, 'users:manage')) return
  throw new RegistryError('RULE_BROKEN', `Cannot ${intent}: it has both an e-mail address and a password`, {
    hint: 'Give an address to those who sign in elsewhere, a password to the others',
  })
}

async function reread(tx: Db, organizationId: string, userId: string): Promise<MemberRow> {
  const row = await findMember(tx, organizationId, userId)
  if (row === undefined) throw new Error('The member went away while it was written')
  return row
}

interface Recorded {
  readonly organization: OrganizationRow
  readonly username: string
  readonly role: string
}

function recordOf(action: string, { organization, username, role }: Recorded) {
  return { action, object: username, details: { organization: organization.name, role } }
}
