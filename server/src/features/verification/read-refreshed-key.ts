import type { Key } from 'openpgp'
import { RegistryError } from '../../base/errors.ts'
import { ANY_TIME, findSigningKey, OPENPGP_POLICY } from './openpgp-policy.ts'
import {
  describeSigningKey,
  fingerprintOf,
  MAX_ARMOR_CHARS,
  presentKey,
  readArmoredKeys,
  readSingleKey,
  type SigningKey,
} from './signing-key.ts'

/** A key as its owner publishes it now, joined with the copy that was recorded before. */
export interface RefreshedKey {
  /** Both copies as one, with the revocation when there is one, so that it is never lost again. */
  readonly key: SigningKey
  readonly isRevoked: boolean
}

/**
 * Reads what an address gives for a key: one public key and nothing else. New sub-keys, later ends and revocations are taken over;
 * nothing that was known before is lost. Signatures of the key itself prove all of that, wherever the copy comes from.
 *
 * @param recorded the copy known before; one of another key is not looked at.
 * @throws {RegistryError} INVALID_SIGNING_KEY for anything but one public key that can sign or is revoked
 */
export async function readRefreshedKey(armor: string, recorded?: string): Promise<RefreshedKey> {
  const current = await withoutForgedParts(await readSingleKey(armor))
  const known =
    recorded === undefined ? undefined : (await readArmoredKeys(recorded)).find((key) => fingerprintOf(key) === fingerprintOf(current))
  const merged = known === undefined ? current : await known.update(current)
  const isRevoked = await hasNoSigner(merged)
  const key = isRevoked ? presentKey(merged) : await describeSigningKey(merged)
  requireReadable(key)
  return { key, isRevoked }
}

/** Whoever has the address can put foreign user ids and sub-keys beside a key; what the key itself has not signed is left out. */
async function withoutForgedParts(key: Key): Promise<Key> {
  const users = await Promise.all(key.users.map((user) => isOwn(() => user.verify(ANY_TIME, OPENPGP_POLICY))))
  const subkeys = await Promise.all(key.subkeys.map((subkey) => isOwn(() => subkey.verify(ANY_TIME, OPENPGP_POLICY))))
  key.users = key.users.filter((_user, index) => users[index])
  key.subkeys = key.subkeys.filter((_subkey, index) => subkeys[index])
  return key
}

/** The library answers `null` without any self-signature, and throws for a bad one; it says "revoked" of what the key has revoked. */
async function isOwn(verify: () => Promise<unknown>): Promise<boolean> {
  try {
    return (await verify()) !== null
  } catch (error) {
    return error instanceof Error && /revoked/i.test(error.message)
  }
}

/** Its owner has revoked it, or all of it that could sign. */
async function hasNoSigner(key: Key): Promise<boolean> {
  return (await key.isRevoked()) || (await findSigningKey(key)) === 'revoked'
}

/** What is written must be readable again, however much was added to it over the years. */
function requireReadable({ asciiArmor }: SigningKey): void {
  if (asciiArmor.length <= MAX_ARMOR_CHARS) return
  throw new RegistryError(
    'INVALID_SIGNING_KEY',
    `Cannot use the signing key: with what is known of it, it has more than ${MAX_ARMOR_CHARS} characters`,
  )
}
