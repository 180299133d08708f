import { type Static, Type } from 'typebox'
import { decodeJson } from '../../base/database/columns.ts'
import type { ApiKeyRow } from './api-keys/api-key-queries.ts'
import type { OpenedSession } from './sessions/open-session.ts'

const Time = Type.String({ description: 'ISO 8601, UTC.' })
const OptionalTime = Type.Union([Time, Type.Null()])

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

/** An API key; the secret is no part of it. */
export const ApiKeyView = Type.Object({
  id: Type.String(),
  name: Type.String(),
  prefix: Type.String({ description: 'First characters of the key.' }),
  owner: Type.Object({ id: Type.String(), username: Type.String() }),
  scopes: Type.Array(Type.String()),
  created_at: Time,
  expires_at: OptionalTime,
})
export type ApiKeyView = Static<typeof ApiKeyView>

/** A new API key, with the secret, which is shown this once. */
export const CreatedApiKeyView = Type.Object({ ...ApiKeyView.properties, key: Type.String() })

/** Session → view. */
export function presentSession({ token, expiresAt }: OpenedSession): Static<typeof SessionView> {
  return { token, expires_at: new Date(expiresAt).toISOString() }
}

/** Row → view. */
export function presentApiKey(row: ApiKeyRow): ApiKeyView {
  return {
    id: row.id,
    name: row.name,
    prefix: row.prefix,
    owner: { id: row.userId, username: row.username },
    scopes: decodeJson<string[]>(row.scopes),
    created_at: new Date(row.createdAt).toISOString(),
    expires_at: row.expiresAt === null ? null : new Date(row.expiresAt).toISOString(),
  }
}
