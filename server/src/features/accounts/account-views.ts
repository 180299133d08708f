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
  scopes: Type.Array(Type.String()),
  csrf_token: Type.Optional(Type.String({ description: 'For a session in a cookie: to be sent as `X-CSRF-Token` with every change.' })),
})

/** Session → view. */
export function presentSession({ token, expiresAt }: OpenedSession): Static<typeof SessionView> {
  return { token, expires_at: new Date(expiresAt).toISOString() }
}
