import { decodeJson } from '../../base/database/columns.ts'
import type { Db } from '../../base/database/open-database.ts'
import { RegistryError } from '../../base/errors.ts'
import type { Actor } from '../../base/http/edge-types.ts'
import { requireOwnScopes } from '../organizations/index.ts'
import { listRolesOf } from './members/member-queries.ts'
import { findUser, type UserRow } from './user-queries.ts'

/**
 * The user of an id.
 *
 * @param intent what cannot be done without, for the message: `show user`.
 * @throws {RegistryError} USER_NOT_FOUND
 */
export async function requireUser(db: Db, id: string, intent: string): Promise<UserRow> {
  const user = await findUser(db, id)
  if (user !== undefined) return user
  throw new RegistryError('USER_NOT_FOUND', `Cannot ${intent} "${id}": there is no such user`, {
    hint: 'GET /api/v1/users lists users with their ids',
  })
}

/**
 * Refuses whoever may do less than the user whom they want to change: by their own scopes, or by any role anywhere. Somebody who
 * has signed in may change themselves.
 *
 * @throws {RegistryError} SCOPE_MISSING
 */
export async function requireAuthorityOver(
  tx: Db,
  actor: Actor,
  { user, intent }: { readonly user: UserRow; readonly intent: string },
): Promise<void> {
  if (actor.kind === 'session' && actor.id === user.id) return
  const roles = await listRolesOf(tx, [user.id])
  const scopes = [user.scopes, ...roles.map(({ roleScopes }) => roleScopes)].flatMap((text) => decodeJson<string[]>(text))
  requireOwnScopes(actor, { scopes: [...new Set(scopes)], organizationId: null, intent })
}
