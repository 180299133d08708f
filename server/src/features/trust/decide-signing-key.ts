import { bumpCatalogRevision } from '../../base/database/catalog-revision.ts'
import type { Origin } from '../../base/http/edge-types.ts'
import { recordAudit } from '../audit/index.ts'
import { requireKey, wrongState } from './change-signing-keys.ts'
import { describeKey } from './key-scope.ts'
import { decideSigningKey, type SigningKeyRow } from './signing-key-queries.ts'
import type { TrustDeps } from './trust-deps.ts'

/**
 * Records an administrator's decision on a key; a retired one that is accepted is retired no more. What a rejected key has signed
 * before stays in service until it is blocked; nothing more is taken from it.
 *
 * @throws {RegistryError} SIGNING_KEY_NOT_FOUND, SIGNING_KEY_CONFLICT for one that its owner has revoked
 */
export function decideOnSigningKey(
  { database, clock }: Pick<TrustDeps, 'database' | 'clock'>,
  { id, state, by }: { readonly id: string; readonly state: 'trusted' | 'rejected'; readonly by: Origin },
): Promise<SigningKeyRow> {
  const at = clock.now()
  return database.db.transaction().execute(async (tx) => {
    // Documents of versions that come on demand are made anew. First, as wherever keys change: it is their lock.
    await bumpCatalogRevision(tx)
    const action = state === 'trusted' ? 'accept' : 'reject'
    const key = await requireKey(tx, id, action)
    if (key.state === 'revoked') throw wrongState(action, key)
    await decideSigningKey(tx, id, { state, decidedAt: at, decidedBy: by.actor.name, retiredAt: null })
    await recordAudit(tx, { origin: by, at, action: `signing_key.${state}`, object: describeKey(key), outcome: 'allowed', details: {} })
    return requireKey(tx, id, action)
  })
}
