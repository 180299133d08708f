import { createMessage, generateKey, type PrivateKey, type PublicKey, revokeKey, sign } from 'openpgp'

/** A generated OpenPGP key that signs as a provider's author would. */
export interface TestSigningKey {
  /** Public key, ASCII-armored, with its revocation when there is one. */
  readonly asciiArmor: string
  /** Last 16 hex digits of the fingerprint, upper case. */
  readonly keyId: string
  /** Upper-case hex. */
  readonly fingerprint: string
  /** Detached binary signature. */
  sign(content: Uint8Array): Promise<Uint8Array>
}

export type TestKeyState = 'valid' | 'expired' | 'revoked'

const YEAR_SECONDS = 365 * 24 * 60 * 60
const CREATED = new Date('2020-01-01T00:00:00Z')
/** Inside the life of the expired key: a signature made then was good when it was made. */
const SIGNED = new Date('2020-06-01T00:00:00Z')

/**
 * Ed25519 in the form that GnuPG and Terraform read. An `expired` key was valid for the year 2020, when its signatures are made.
 */
export async function createTestSigningKey(name: string, state: TestKeyState = 'valid'): Promise<TestSigningKey> {
  const { privateKey, publicKey } = await generateKey({
    type: 'ecc',
    curve: 'ed25519Legacy',
    userIDs: [{ name, email: 'keys@example.com' }],
    date: CREATED,
    keyExpirationTime: state === 'expired' ? YEAR_SECONDS : 0,
    format: 'object',
  })
  const announced = state === 'revoked' ? await revoked(privateKey) : publicKey
  const fingerprint = publicKey.getFingerprint().toUpperCase()
  return {
    asciiArmor: announced.armor(),
    fingerprint,
    keyId: fingerprint.slice(-16),
    sign: async (content) => {
      const message = await createMessage({ binary: content })
      return sign({ message, signingKeys: privateKey, detached: true, format: 'binary', date: SIGNED })
    },
  }
}

async function revoked(key: PrivateKey): Promise<PublicKey> {
  const { publicKey } = await revokeKey({ key, date: SIGNED, format: 'object' })
  return publicKey
}
