import type { UnixMs } from '../../base/clock.ts'
import { encodeJson } from '../../base/database/columns.ts'
import { isUniqueViolation } from '../../base/database/database-errors.ts'
import type { Db } from '../../base/database/open-database.ts'
import { RegistryError } from '../../base/errors.ts'
import type { Origin } from '../../base/http/edge-types.ts'
import { parseScopes } from '../access/index.ts'
import { revokeLiveSessions } from '../accounts/index.ts'
import { changeRights, requireOrganization, requireOwnScopes } from '../organizations/index.ts'
import { addUser, type NewUser, prepareUser, requireFreeEmail, userExists } from './add-user.ts'
import { parseEmailAddress } from './email-addresses.ts'
import { giveFirstRole } from './members/give-role.ts'
import { requireAuthorityOver, requireUser } from './user-authority.ts'
import type { UserDeps } from './user-deps.ts'
import { deleteUserRow, type UserRow, updateUser } from './user-queries.ts'

/** A role for a new user. */
interface FirstRole {
  /** Name of the organisation. */
  readonly organization: string
  /** Id or name of the role template. */
  readonly role: string
}

/**
 * Makes a user, and a member at once when a role is given. Answers the id.
 *
 * @throws {RegistryError} USER_EXISTS, RULE_BROKEN, LOCAL_ACCOUNTS_OFF, ORGANIZATION_NOT_FOUND, ROLE_TEMPLATE_NOT_FOUND;
 *   SCOPE_MISSING also for scopes and roles that allow more than the caller may.
 */
export async function createUser(
  deps: UserDeps,
  input: NewUser & { readonly scopes: readonly string[]; readonly role: FirstRole | undefined; readonly origin: Origin },
): Promise<string> {
  const { origin, role } = input
  const { actor } = origin
  const scopes = parseScopes(input.scopes)
  const user = await prepareUser(deps, input)
  const intent = `create user "${user.username}"`
  requireOwnScopes(actor, { scopes, organizationId: null, intent })
  const change = async (tx: Db, createdAt: UnixMs) => {
    await addUser(tx, user, { scopes, createdAt })
    if (role !== undefined) {
      const wish = { name: role.organization, actor, scope: 'users:manage', intent: 'add a member to' } as const
      const organization = await requireOrganization(deps, tx, wish)
      await giveFirstRole(tx, { actor, organization, role: role.role, user, createdAt, intent })
    }
    return { action: 'user.create', object: user.username, details: { scopes, ...role } }
  }
  await changeRights(deps, { intent, origin, change })
  return user.id
}

/** What may change of a user; absent parts stay. */
export interface UserChange {
  readonly displayName?: string | null | undefined
  readonly email?: string | null | undefined
  readonly scopes?: readonly string[] | undefined
  readonly disabled?: boolean | undefined
}

/**
 * Changes a user; scopes and disabling act with their next request. Disabling ends their sessions; their API keys count again when
 * they are enabled.
 *
 * @throws {RegistryError} USER_NOT_FOUND, USER_EXISTS for the address, RULE_BROKEN, LAST_ADMINISTRATOR; SCOPE_MISSING also for scopes
 *   that the caller does not hold, and for a user who may do more than the caller.
 */
export async function changeUser(
  deps: UserDeps,
  { id, change, origin }: { readonly id: string; readonly change: UserChange; readonly origin: Origin },
): Promise<void> {
  const intent = `change user "${id}"`
  const scopes = change.scopes === undefined ? undefined : parseScopes(change.scopes)
  const email = typeof change.email === 'string' ? parseEmailAddress(change.email) : change.email
  const wish = { ...change, scopes, email }
  try {
    await changeRights(deps, {
      intent,
      origin,
      change: async (tx, at) => {
        const user = await requireUser(tx, id, 'change user')
        await requireAuthorityOver(tx, origin.actor, { user, intent })
        requireOwnScopes(origin.actor, { scopes: scopes ?? [], organizationId: null, intent })
        if (typeof email === 'string') await requireFreeEmail(tx, email, { id, intent })
        await updateUser(tx, id, columnsOf(wish, at))
        if (change.disabled === true) await revokeLiveSessions(tx, { userId: id, nowMs: at })
        return recordOf(user, wish)
      },
    })
  } catch (cause) {
    throw addressTaken(cause, intent)
  }
}

function columnsOf({ displayName, email, scopes, disabled }: UserChange, at: UnixMs): Parameters<typeof updateUser>[2] {
  return {
    ...(displayName !== undefined && { displayName }),
    ...(email !== undefined && { email }),
    ...(scopes !== undefined && { scopes: encodeJson(scopes) }),
    ...(disabled !== undefined && { disabledAt: disabled ? at : null }),
  }
}

/** Names of what was changed; names and addresses of people stay out of the audit. */
function recordOf(user: UserRow, change: UserChange) {
  const changed = Object.entries(change).flatMap(([name, value]) => (value === undefined ? [] : [name]))
  const isSwitched = change.disabled !== undefined && change.disabled !== (user.disabledAt !== null)
  const verb = isSwitched ? (change.disabled === true ? 'disable' : 'enable') : 'change'
  return { action: `user.${verb}`, object: user.username, details: { changed, scopes: change.scopes } }
}

/** A sign-in elsewhere may have taken the address at the same moment. */
function addressTaken(cause: unknown, intent: string): unknown {
  return isUniqueViolation(cause) ? userExists(intent, 'email') : cause
}

/**
 * Deletes a user with their sessions, API keys, memberships and identities. The audit keeps their name.
 *
 * @throws {RegistryError} USER_NOT_FOUND, LAST_ADMINISTRATOR, SCOPE_MISSING also for a user who may do more than the caller.
 */
export async function deleteUser(deps: UserDeps, { id, origin }: { readonly id: string; readonly origin: Origin }): Promise<void> {
  const intent = `delete user "${id}"`
  await changeRights(deps, {
    intent,
    origin,
    change: async (tx) => {
      const user = await requireUser(tx, id, 'delete user')
      await requireAuthorityOver(tx, origin.actor, { user, intent })
      await deleteUserRow(tx, id)
      return { action: 'user.delete', object: user.username, details: { user_id: id } }
    },
  })
}

/**
 * The role that a request asks for; a role without an organisation is one in the default organisation.
 *
 * @throws {RegistryError} RULE_BROKEN for an organisation without a role.
 */
export function firstRoleOf({ organization, role }: Partial<FirstRole>): FirstRole | undefined {
  if (role !== undefined) return { organization: organization ?? 'default', role }
  if (organization === undefined) return undefined
  throw new RegistryError('RULE_BROKEN', `Cannot add a user to organisation "${organization}": no role is given`, { hint: 'Send "role"' })
}
