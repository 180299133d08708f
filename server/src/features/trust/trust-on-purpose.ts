import { RegistryError } from '../../base/errors.ts'
import type { Origin } from '../../base/http/edge-types.ts'
import { readSigningKey, type SigningKey } from '../verification/index.ts'
import { addSigningKey } from './change-signing-keys.ts'
import { decideOnSigningKey } from './decide-signing-key.ts'
import { formatKeyScope, isInScope } from './key-scope.ts'
import { listSigningKeysOf, type SigningKeyRow } from './signing-key-queries.ts'
import type { TrustDeps } from './trust-deps.ts'
import type { SignedProvider } from './trusted-keys.ts'

/** What a key counts for one provider. `unknown`: it was never seen there, or the configuration names others. */
export type KnownKeyState = 'trusted' | 'pending' | 'rejected' | 'revoked' | 'unknown'

type FindDeps = Pick<TrustDeps, 'database' | 'trustedKeys'>

/** What is known of a key for one provider; changes nothing. */
export async function findKeyState(deps: FindDeps, provider: SignedProvider, fingerprint: string): Promise<KnownKeyState> {
  const states = (await listOwnRows(deps, provider, fingerprint)).map(({ state }) => state)
  const refused = (['revoked', 'rejected'] as const).find((state) => states.includes(state))
  if (refused !== undefined) return refused
  const configured = deps.trustedKeys.forProvider(provider)
  if (configured.length > 0) {
    const fingerprints = await Promise.all(configured.map(async (armor) => (await readSigningKey(armor)).fingerprint))
    return fingerprints.includes(fingerprint) ? 'trusted' : 'unknown'
  }
  if (states.includes('trusted')) return 'trusted'
  return states.includes('pending') ? 'pending' : 'unknown'
}

async function listOwnRows({ database }: FindDeps, provider: SignedProvider, fingerprint: string): Promise<SigningKeyRow[]> {
  const rows = await listSigningKeysOf(database.db, provider)
  return rows.filter((row) => row.fingerprint === fingerprint && isInScope(row, provider))
}

/**
 * Trusts a key for a namespace because somebody who may decide named its fingerprint. What was rejected or revoked stays so.
 * @throws {RegistryError} SIGNING_KEY_CONFLICT
 */
export async function trustOnPurpose(
  deps: TrustDeps,
  { provider, key, by }: { readonly provider: SignedProvider; readonly key: SigningKey; readonly by: Origin },
): Promise<void> {
  const state = await findKeyState(deps, provider, key.fingerprint)
  if (state === 'trusted') return
  if (state !== 'unknown' && state !== 'pending') throw refusedKey(provider, key, state)
  const waiting = (await listOwnRows(deps, provider, key.fingerprint)).filter((row) => row.state === 'pending')
  for (const { id } of waiting) await decideOnSigningKey(deps, { id, state: 'trusted', by })
  if (waiting.length > 0) return
  const scope = formatKeyScope({ ...provider, type: '' })
  try {
    await addSigningKey(deps, { scope, armor: key.asciiArmor, fingerprint: key.fingerprint, by })
  } catch (error) {
    // Somebody else may have said so at the same time.
    if ((await findKeyState(deps, provider, key.fingerprint)) !== 'trusted') throw error
  }
}

function refusedKey({ hostname, namespace }: SignedProvider, { fingerprint }: SigningKey, state: string): RegistryError {
  return new RegistryError(
    'SIGNING_KEY_CONFLICT',
    `Cannot trust signing key "${fingerprint}" for "${hostname}/${namespace}": it is ${state}`,
    {
      hint: 'An administrator can accept it first: terrace signing-key list',
      detail: { fingerprint, hostname, namespace },
    },
  )
}
