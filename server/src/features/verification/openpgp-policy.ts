import { type Config, config, enums, type Key, type Subkey } from 'openpgp'

/**
 * What we accept of OpenPGP. Wider than the library's defaults where the CLIs accept it and real providers use it: DSA keys and
 * old keys without usage flags. Never wider for message digests: SHA-1, MD5 and RIPEMD-160 are refused.
 */
export const OPENPGP_POLICY: Config = {
  ...config,
  rejectPublicKeyAlgorithms: new Set([enums.publicKey.elgamal]),
  allowMissingKeyFlags: true,
}

/** Digests a signature may use. */
export const STRONG_DIGESTS: ReadonlySet<enums.hash | null> = new Set([
  enums.hash.sha224,
  enums.hash.sha256,
  enums.hash.sha384,
  enums.hash.sha512,
  enums.hash.sha3_256,
  enums.hash.sha3_512,
])

/**
 * The library's value for "at any time", which its types leave out. Expiry is judged by us: the library asks for a self-signature
 * that is older than the message, which keys lose when their owner extends them and exports a minimal copy (HashiCorp does).
 */
export const ANY_TIME = null as unknown as Date

/** Why a key cannot sign. */
export type SigningBar = 'revoked' | 'weak' | 'no_signing_usage'

/** The sub-key or primary key with the id (or any that can sign), or why there is none. Expiry does not matter here. */
export async function findSigningKey(key: Key, keyId?: ReturnType<Key['getKeyID']>): Promise<Key | Subkey | SigningBar> {
  try {
    return await key.getSigningKey(keyId, ANY_TIME, undefined, OPENPGP_POLICY)
  } catch (error) {
    const message = error instanceof Error ? error.message : ''
    if (/revoked/i.test(message)) return 'revoked'
    return /too weak|is disabled/i.test(message) ? 'weak' : 'no_signing_usage'
  }
}

/** Unix milliseconds from which the primary key or the given sub-key is expired, `undefined` when neither ends. */
export async function findExpiry(key: Key, signingKey: Key | Subkey): Promise<number | undefined> {
  const ends = [await key.getExpirationTime(undefined, OPENPGP_POLICY)]
  if ('mainKey' in signingKey) ends.push(await signingKey.getExpirationTime(ANY_TIME, OPENPGP_POLICY))
  const earliest = Math.min(...ends.map((end) => (end === null ? 0 : Number(end))))
  return Number.isFinite(earliest) ? earliest : undefined
}
