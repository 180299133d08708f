import { type Static, Type } from 'typebox'
import { decodeJson } from '../../base/database/columns.ts'
import type { HeldRole } from './members/member-queries.ts'
import type { UserRow } from './user-queries.ts'

/** Text, or nothing. */
export const NullableText = Type.Union([Type.String(), Type.Null()])
/** User name in a request. */
export const UsernameText = Type.String({ minLength: 1, maxLength: 64 })
/** E-mail address in a request. */
export const EmailText = Type.String({ minLength: 3, maxLength: 254 })
/** New password in a request. */
export const PasswordText = Type.String({ maxLength: 1024, description: 'At least 12 characters.' })

const Time = Type.String({ format: 'date-time' })

/** A user. There is no place in it for a password or its hash. */
export const UserView = Type.Object(
  {
    id: Type.String(),
    username: Type.String(),
    display_name: NullableText,
    email: NullableText,
    scopes: Type.Array(Type.String(), { description: 'Held in the whole registry; roles come on top.' }),
    roles: Type.Array(
      Type.Object(
        { organization: Type.String(), role: Type.String(), scopes: Type.Array(Type.String()) },
        { description: 'A role in an organisation.' },
      ),
    ),
    disabled: Type.Boolean(),
    created_at: Time,
    last_sign_in_at: Type.Union([Time, Type.Null()]),
  },
  { $id: 'User' },
)
export type UserView = Static<typeof UserView>

/** Row and roles → view. */
export function presentUser(row: UserRow, roles: readonly HeldRole[]): UserView {
  return {
    id: row.id,
    username: row.username,
    display_name: row.displayName,
    email: row.email,
    scopes: decodeJson<string[]>(row.scopes),
    roles: roles
      .filter(({ userId }) => userId === row.id)
      .map(({ organization, role, roleScopes }) => ({ organization, role, scopes: decodeJson<string[]>(roleScopes) })),
    disabled: row.disabledAt !== null,
    created_at: new Date(row.createdAt).toISOString(),
    last_sign_in_at: row.lastSignInAt === null ? null : new Date(row.lastSignInAt).toISOString(),
  }
}
