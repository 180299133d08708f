import { RegistryError } from '../../base/errors.ts'
import type { Origin } from '../../base/http/edge-types.ts'
import { recordAudit } from '../audit/index.ts'
import { describeKey } from './describe-key.ts'
import { decideSigningKey, findSigningKey, type SigningKeyRow } from './signing-key-queries.ts'
import type { TrustDeps } from './trust-deps.ts'

/**
 * Records an administrator's decision on a key. What a rejected key has signed before stays in service until it is blocked;
 * nothing more is taken from it.
 *
 * @throws {RegistryError} SIGNING_KEY_NOT_FOUND
 */
export function decideOnSigningKey(
  { database, clock }: Pick<TrustDeps, 'database' | 'clock'>,
  { id, state, by }: { readonly id: string; readonly state: 'trusted' | 'rejected'; readonly by: Origin },
): Promise<SigningKeyRow> {
  const at = clock.now()
  return database.db.transaction().execute(async (tx) => {
    await decideSigningKey(tx, id, { state, decidedAt: at, decidedBy: by.actor.name })
    const key = await findSigningKey(tx, id)
    if (key === undefined) {
      throw new RegistryError('SIGNING_KEY_NOT_FOUND', `Cannot decide on signing key "${id}": there is none with this id`, {
        hint: 'The ids are in the list at /api/v1/admin/signing-keys',
      })
    }
    await recordAudit(tx, { origin: by, at, action: `signing_key.${state}`, object: describeKey(key), outcome: 'allowed', details: {} })
    return key
  })
}
