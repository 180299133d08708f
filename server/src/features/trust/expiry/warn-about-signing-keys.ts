import type { UnixMs } from '../../../base/clock.ts'
import { RegistryError } from '../../../base/errors.ts'
import { notify } from '../../notifications/index.ts'
import { readRefreshedKey } from '../../verification/index.ts'
import { describeKey, formatKeyScope } from '../key-scope.ts'
import { updateKeyCopy } from '../signing-key-queries.ts'
import type { TrustDeps } from '../trust-deps.ts'
import {
  type ExpiringSigningKey,
  listExpiringSigningKeys,
  listUnexaminedKeys,
  listUnwarnedKeys,
  takeExpiryWarning,
  type UnexaminedKey,
} from './expiring-signing-key-queries.ts'
import { EXPIRY_WARNING_MS } from './expiry-time.ts'

type WarnDeps = Pick<TrustDeps, 'database' | 'clock' | 'logger'>

const BATCH = 50

/**
 * Tells administrators of trusted keys that end within 60 days: once for each key and end, however many processes look. A key that
 * is extended and then comes near its new end is told of again.
 * @returns how many keys were told of.
 */
export async function warnAboutSigningKeys(deps: WarnDeps): Promise<number> {
  await examineKeys(deps)
  const at = deps.clock.now()
  let told = 0
  for (const key of await listUnwarnedKeys(deps.database.db, at + EXPIRY_WARNING_MS)) {
    if (await warn(deps, key, at)) told += 1
  }
  return told
}

/** Trusted keys that end within 60 days, as `SCOPE FINGERPRINT` with the day; for a look from outside. */
export async function describeExpiringKeys({ database, clock }: Pick<WarnDeps, 'database' | 'clock'>): Promise<readonly string[]> {
  const keys = await listExpiringSigningKeys(database.db, clock.now() + EXPIRY_WARNING_MS)
  return keys.map((key) => `${describeKey(key)} (${dayOf(key)})`)
}

async function warn({ database, logger }: WarnDeps, key: ExpiringSigningKey, at: UnixMs): Promise<boolean> {
  const isTold = await database.db.transaction().execute(async (tx) => {
    if (!(await takeExpiryWarning(tx, key))) return false
    const verb = (key.expiresAt ?? 0) <= at ? 'has expired' : 'expires'
    await notify(tx, {
      at,
      kind: 'signing_key_expiring',
      subject: describeKey(key),
      message: `Signing key "${key.fingerprint}" of "${formatKeyScope(key)}" ${verb} on ${dayOf(key)}`,
      hint: 'Take over its extension: terrace signing-key refresh; or ask its owner for the next key and run: terrace signing-key add',
      dedupeKey: `${key.id} ${key.expiresAt}`,
    })
    return true
  })
  if (isTold) logger.info({ key: describeKey(key), expires_at: dayOf(key) }, 'administrators are told that a signing key ends')
  return isTold
}

const dayOf = ({ expiresAt }: ExpiringSigningKey): string => new Date(expiresAt ?? 0).toISOString().slice(0, 10)

/** Reads the ends of keys that were recorded before their ends were. */
async function examineKeys(deps: WarnDeps): Promise<void> {
  for (;;) {
    const keys = await listUnexaminedKeys(deps.database.db, BATCH)
    for (const key of keys) await examine(deps, key)
    if (keys.length < BATCH) return
  }
}

async function examine({ database, clock }: WarnDeps, { id, asciiArmor }: UnexaminedKey): Promise<void> {
  const expiresAt = await readEnd(asciiArmor)
  await updateKeyCopy(database.db, id, { asciiArmor, expiresAt, examinedAt: clock.now() })
}

/** A key that cannot be read, or sign, has no end to wait for. */
async function readEnd(asciiArmor: string): Promise<UnixMs | null> {
  try {
    return (await readRefreshedKey(asciiArmor)).key.expiresAt ?? null
  } catch (error) {
    if (error instanceof RegistryError) return null
    throw error
  }
}
