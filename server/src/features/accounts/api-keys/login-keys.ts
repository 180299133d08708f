import type { UnixMs } from '../../../base/clock.ts'
import { encodeJson } from '../../../base/database/columns.ts'
import type { Db } from '../../../base/database/open-database.ts'
import type { Actor, Origin } from '../../../base/http/edge-types.ts'
import { recordAudit } from '../../audit/index.ts'
import type { AccountDeps } from '../account-deps.ts'
import { findApiKey, insertApiKey, revokeApiKeyRow } from './api-key-queries.ts'
import { createApiKeySecret, displayPrefix, hashApiKey } from './api-key-secrets.ts'

/** A key for a person who signed in by `terraform login`. */
export interface IssueLoginKey {
  readonly id: string
  readonly owner: { readonly id: string; readonly username: string }
  readonly name: string
  readonly scopes: readonly string[]
  readonly createdAt: UnixMs
  /** `null`: never. */
  readonly expiresAt: UnixMs | null
  readonly origin: Origin
}

/**
 * Makes the key in the caller's transaction, with its record in the audit under the owner's name; so call it last. It is like any
 * other key of theirs: on their list, narrowed to what they hold at each use, revoked in the same way.
 *
 * @returns the secret, which cannot be shown again.
 */
export async function issueLoginKey(
  { secrets }: { readonly secrets: Pick<AccountDeps['secrets'], 'apiKeyKey'> },
  tx: Db,
  input: IssueLoginKey,
): Promise<string> {
  const { id, owner, name, scopes, createdAt, expiresAt } = input
  const secret = createApiKeySecret()
  const prefix = displayPrefix(secret)
  await insertApiKey(tx, {
    id,
    kind: 'login',
    userId: owner.id,
    name,
    prefix,
    keyHash: hashApiKey(secret, secrets.apiKeyKey),
    scopes: encodeJson(scopes),
    createdAt,
    expiresAt,
  })
  const actor: Actor = { kind: 'session', id: owner.id, name: owner.username, scopes: [], grants: [], credentialId: null }
  const details = { kind: 'login', prefix, scopes, expires_at: expiresAt === null ? null : new Date(expiresAt).toISOString() }
  await recordAudit(tx, { at: createdAt, origin: { ...input.origin, actor }, action: 'api_key.create', object: name, details })
  return secret
}

/** A key that has to go. */
export interface RevokeLoginKey {
  readonly id: string
  readonly at: UnixMs
  readonly origin: Origin
  /** For the audit. */
  readonly reason: string
}

/** Revokes a key in the caller's transaction, with its record in the audit; nothing happens when it is revoked already. */
export async function revokeLoginKey(tx: Db, { id, at, origin, reason }: RevokeLoginKey): Promise<void> {
  const key = await findApiKey(tx, id)
  if (key === undefined || !(await revokeApiKeyRow(tx, id, at))) return
  await recordAudit(tx, { at, origin, action: 'api_key.revoke', object: key.name, details: { prefix: key.prefix, reason } })
}
