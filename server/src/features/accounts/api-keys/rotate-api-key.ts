import type { UnixMs } from '../../../base/clock.ts'
import type { Db } from '../../../base/database/open-database.ts'
import type { Origin } from '../../../base/http/edge-types.ts'
import { newId } from '../../../base/ids.ts'
import { recordAudit } from '../../audit/index.ts'
import { type ApiKeyRow, findApiKey, insertApiKey, revokeApiKeyRow, updateApiKey } from './api-key-queries.ts'
import { createApiKeySecret, displayPrefix, hashApiKey } from './api-key-secrets.ts'
import type { ApiKeyDeps, CreatedApiKey } from './api-keys.ts'
import { formatEnd, keyNotFound, ownsKey, requireFuture } from './key-access.ts'

const HOUR_MS = 3_600_000

/** The wish for a new secret. */
export interface RotateApiKey {
  readonly id: string
  /** How long the old one still works; 0: it is revoked at once. */
  readonly graceHours: number
  /** End of the new one, `null` for never; default: as long a life as the old one had. */
  readonly expiresAt?: UnixMs | null | undefined
  readonly origin: Origin
}

/**
 * Makes a key that takes the place of another one, with the same name, scopes and limits. Only its owner may, signed in: whoever
 * got the secret of another person's key would act as them.
 *
 * @throws {RegistryError} API_KEY_NOT_FOUND also for a key that the caller may not rotate, RULE_BROKEN for a past expiry.
 */
export async function rotateApiKey({ database, clock, secrets }: ApiKeyDeps, input: RotateApiKey): Promise<CreatedApiKey> {
  const { id, graceHours, origin } = input
  const at = clock.now()
  const secret = createApiKeySecret()
  return await database.db.transaction().execute(async (tx) => {
    const old = await findApiKey(tx, id)
    if (old === undefined || !ownsKey(origin.actor, old)) throw keyNotFound(id, 'rotate')
    const end = input.expiresAt === undefined ? at + lifeOf(old) : (input.expiresAt ?? Number.POSITIVE_INFINITY)
    const expiresAt = Number.isFinite(end) ? end : null
    requireFuture(old.name, expiresAt, at)
    if (!(await endOldKey(tx, old, { at, graceHours }))) throw keyNotFound(id, 'rotate')
    const { username, organization, ...stored } = {
      ...old,
      id: newId(),
      prefix: displayPrefix(secret),
      createdAt: at,
      expiresAt,
      lastUsedAt: null,
    }
    await insertApiKey(tx, { ...stored, keyHash: hashApiKey(secret, secrets.apiKeyKey) })
    const details = { prefix: old.prefix, new_prefix: stored.prefix, grace_hours: graceHours, expires_at: formatEnd(expiresAt) }
    await recordAudit(tx, { at, origin, action: 'api_key.rotate', object: old.name, details })
    return { row: { ...stored, username, organization }, secret }
  })
}

function lifeOf({ createdAt, expiresAt }: ApiKeyRow): number {
  return expiresAt === null ? Number.POSITIVE_INFINITY : expiresAt - createdAt
}

function endOldKey(tx: Db, old: ApiKeyRow, { at, graceHours }: { readonly at: UnixMs; readonly graceHours: number }): Promise<boolean> {
  if (graceHours === 0) return revokeApiKeyRow(tx, old.id, at)
  const expiresAt = Math.min(at + graceHours * HOUR_MS, old.expiresAt ?? Number.POSITIVE_INFINITY)
  // Its owner knows that it ends.
  return updateApiKey(tx, old.id, { expiresAt, expiryNotificationSentAt: at })
}
