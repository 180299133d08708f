import { type Static, Type } from 'typebox'
import type { UnixMs } from '../../../base/clock.ts'
import { decodeJson } from '../../../base/database/columns.ts'
import type { ApiKeyRow } from './api-key-queries.ts'
import { namespacesOf } from './key-access.ts'

const Time = Type.String({ description: 'ISO 8601, UTC.' })
const OptionalTime = Type.Union([Time, Type.Null()])
const WARNED_MS = 7 * 24 * 3_600_000

/** An API key; the secret is no part of it. */
export const ApiKeyView = Type.Object({
  id: Type.String(),
  name: Type.String(),
  kind: Type.String({ description: '`key`, `login` (made by `terraform login`) or `ci` (made for a pipeline).' }),
  prefix: Type.String({ description: 'First characters of the key.' }),
  owner: Type.Union([Type.Object({ id: Type.String(), username: Type.String() }), Type.Null()], {
    description: 'Null for the key of a pipeline.',
  }),
  organization: Type.Union([Type.Object({ id: Type.String(), name: Type.String() }), Type.Null()], {
    description: 'The only organisation in which it counts; null: everywhere its owner may.',
  }),
  scopes: Type.Array(Type.String()),
  namespaces: Type.Union([Type.Array(Type.String()), Type.Null()], {
    description: 'The only namespaces that it may change; null: no restriction.',
  }),
  state: Type.String({ description: '`active`, `expiring` (within seven days) or `expired`.' }),
  created_at: Time,
  expires_at: OptionalTime,
  last_used_at: OptionalTime,
})
export type ApiKeyView = Static<typeof ApiKeyView>

/** A new API key, with the secret, which is shown this once. */
export const CreatedApiKeyView = Type.Object({ ...ApiKeyView.properties, key: Type.String() })

/** Row → view, as of a time. */
export function presentApiKey(row: ApiKeyRow, now: UnixMs): ApiKeyView {
  const { id, name, kind, prefix, userId, username, organizationId, organization } = row
  return {
    id,
    name,
    kind,
    prefix,
    owner: userId === null ? null : { id: userId, username: username ?? '' },
    organization: organizationId === null ? null : { id: organizationId, name: organization ?? '' },
    scopes: decodeJson<string[]>(row.scopes),
    namespaces: namespacesOf(row),
    state: stateOf(row, now),
    created_at: new Date(row.createdAt).toISOString(),
    expires_at: presentTime(row.expiresAt),
    last_used_at: presentTime(row.lastUsedAt),
  }
}

function stateOf({ expiresAt }: ApiKeyRow, now: UnixMs): 'active' | 'expiring' | 'expired' {
  if (expiresAt === null || expiresAt - now > WARNED_MS) return 'active'
  return expiresAt > now ? 'expiring' : 'expired'
}

function presentTime(at: UnixMs | null): string | null {
  return at === null ? null : new Date(at).toISOString()
}
