import { Type } from 'typebox'
import type { UnixMs } from '../../base/clock.ts'
import { EXPIRY_WARNING_MS } from './expiry/expiry-time.ts'
import { formatKeyScope } from './key-scope.ts'
import type { SigningKeyRow } from './signing-key-queries.ts'

const TIME = Type.Union([Type.String({ format: 'date-time' }), Type.Null()])

/** A signing key as the API shows it. */
export const SigningKeyView = Type.Object(
  {
    id: Type.String(),
    scope: Type.String({ description: 'What it may sign: HOST/NAMESPACE, or HOST/NAMESPACE/TYPE for one provider' }),
    hostname: Type.String({ description: '_self for keys of providers that are published here' }),
    namespace: Type.String(),
    type: Type.Union([Type.String(), Type.Null()], { description: 'The only provider that it may sign; null: all of the namespace' }),
    fingerprint: Type.String(),
    key_id: Type.String(),
    user_id: Type.String(),
    source: Type.String({ description: 'announced, publisher, administrator or refreshed' }),
    state: Type.String({ description: 'trusted, pending, rejected, or revoked by its owner' }),
    created_at: Type.String({ format: 'date-time' }),
    decided_by: Type.Union([Type.String(), Type.Null()]),
    expires_at: TIME,
    expires_soon: Type.Boolean({ description: 'Within 60 days, or already' }),
    retired_at: Type.Union([Type.String({ format: 'date-time' }), Type.Null()], {
      description: 'What it signs from then on does not count',
    }),
  },
  { $id: 'SigningKey' },
)

/** A row as {@link SigningKeyView}. */
export function presentSigningKey(row: SigningKeyRow, now: UnixMs) {
  return {
    id: row.id,
    scope: formatKeyScope(row),
    hostname: row.hostname,
    namespace: row.namespace,
    type: row.type === '' ? null : row.type,
    fingerprint: row.fingerprint,
    key_id: row.keyId,
    user_id: row.userId,
    source: row.source,
    state: row.state,
    created_at: new Date(row.createdAt).toISOString(),
    decided_by: row.decidedBy,
    expires_at: isoOrNull(row.expiresAt),
    expires_soon: row.expiresAt !== null && row.expiresAt - now <= EXPIRY_WARNING_MS,
    retired_at: isoOrNull(row.retiredAt),
  }
}

const isoOrNull = (time: UnixMs | null) => (time === null ? null : new Date(time).toISOString())
