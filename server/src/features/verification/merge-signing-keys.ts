import type { Key } from 'openpgp'
import { describeSigningKey, readArmoredKeys, type SigningKey } from './signing-key.ts'

/**
 * Two copies of one key as one: with the sub-keys, self-signatures and revocations of both. A key that gets a new signing sub-key
 * keeps its fingerprint, and clients need the copy that has it.
 *
 * @returns the other copy as it is when the recorded one cannot be read.
 * @throws {RegistryError} INVALID_SIGNING_KEY when the key, taken together, can no longer sign: a copy carries its revocation.
 */
export async function mergeSigningKeys(recordedArmor: string, other: SigningKey): Promise<SigningKey> {
  const recorded = (await readArmoredKeys(recordedArmor)).find((key) => isSame(key, other))
  const current = (await readArmoredKeys(other.asciiArmor)).find((key) => isSame(key, other))
  if (recorded === undefined || current === undefined) return other
  return describeSigningKey(await recorded.update(current))
}

function isSame(key: Key, { fingerprint }: SigningKey): boolean {
  return key.getFingerprint().toUpperCase() === fingerprint
}
