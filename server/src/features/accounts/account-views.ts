import { type Static, Type } from 'typebox'
import type { OpenedSession } from './sessions/open-session.ts'

const Time = Type.String({ description: 'ISO 8601, UTC.' })

/** A session that was just opened. Source: requirements.md AUT-01. */
export const SessionView = Type.Object({
  token: Type.Optional(Type.String({ description: 'Session token; not with `cookie`.' })),
  csrf_token: Type.Optional(Type.String({ description: 'With `cookie`: to be sent as `X-CSRF-Token` with every change.' })),
  expires_at: Time,
})

/** Whom a credential belongs to. */
export const CallerView = Type.Object({
  kind: Type.String({ description: '`session` or `api_key`.' }),
  user_id: Type.Union([Type.String(), Type.Null()]),
  name: Type.String(),
  scopes: Type.Array(Type.String(), { description: 'What it may do in the whole registry.' }),
  organizations: Type.Array(
    Type.Object({
      name: Type.String(),
      display_name: Type.String(),
      role: Type.Union([Type.String(), Type.Null()], { description: 'Name of the role template; null for a key that is not of a member.' }),
      scopes: Type.Array(Type.String(), { description: 'What it may do there.' }),
    }),
    { description: 'Where its holder has a role.' },
  ),
  csrf_token: Type.Optional(Type.String({ description: 'For a session in a cookie: to be sent as `X-CSRF-Token` with every change.' })),
})

/** Session → view. */
export function presentSession({ token, expiresAt }: OpenedSession): Static<typeof SessionView> {
  return { token, expires_at: new Date(expiresAt).toISOString() }
}
