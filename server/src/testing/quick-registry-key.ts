import { generateKey } from 'openpgp'
import type { AppDeps } from '../app-deps.ts'

let made: Promise<Awaited<ReturnType<typeof makeKey>>> | undefined

async function makeKey() {
  const { privateKey, publicKey } = await generateKey({
    type: 'ecc',
    curve: 'ed25519Legacy',
    userIDs: [{ name: 'Registry' }],
    format: 'object',
  })
  const fingerprint = publicKey.getFingerprint().toUpperCase()
  return { fingerprint, keyId: fingerprint.slice(-16), asciiArmor: publicKey.armor(), privateArmor: privateKey.armor() }
}

/**
 * Gives a fresh server a small signing key, the same for all tests of a file. Making the real one takes seconds of computing
 * that a test about something else should not spend.
 */
export async function useQuickRegistryKey({ secrets, clock, database }: AppDeps): Promise<void> {
  made ??= makeKey()
  const { privateArmor, ...key } = await made
  const sealedPrivateKey = secrets.seal(privateArmor, 'registry_signing_key')
  const row = { id: 'current', ...key, sealedPrivateKey, createdAt: clock.now() }
  await database.db.insertInto('registrySigningKeys').values(row).execute()
}
