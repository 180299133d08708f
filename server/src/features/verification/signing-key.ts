import { type Key, readKeys } from 'openpgp'
import type { UnixMs } from '../../base/clock.ts'
import { RegistryError } from '../../base/errors.ts'
import { findExpiry, findSigningKey, OPENPGP_POLICY, type SigningBar } from './openpgp-policy.ts'

/** A public key that may sign SHA256SUMS. */
export interface SigningKey {
  /** Of the primary key, upper-case hex. */
  readonly fingerprint: string
  /** Last 16 digits of the fingerprint, as the CLIs show it. */
  readonly keyId: string
  /** First user id, without control characters; empty when the key has none. Anybody can write anything there. */
  readonly userId: string
  /** Public key block written anew: LF, lines of 64 characters, no headers, so that every CLI version reads it. */
  readonly asciiArmor: string
  /** When the primary key, or the part of it that signs, expires or has expired. */
  readonly expiresAt?: UnixMs
}

/** Most characters of a key block; keys with many certifications of others reach 100 KB. */
export const MAX_ARMOR_CHARS = 512 * 1024
const PRIVATE_BLOCK = /-----BEGIN PGP PRIVATE KEY BLOCK-----/
const KEY_BLOCK = /-----BEGIN PGP (PUBLIC|PRIVATE) KEY BLOCK-----/
const HINT = 'Export it with: gpg --armor --export KEYID'

/**
 * Reads one armored public key. Expired keys are fine, as old signatures of theirs stay good.
 * Source: protocol.md 3.6 (measured C13b, C17, C26, C26b, C28, C29)
 *
 * @throws {RegistryError} INVALID_SIGNING_KEY for private, revoked, weak, sign-less or several keys, and for anything else.
 */
export async function readSigningKey(armor: string): Promise<SigningKey> {
  return describeSigningKey(await readSingleKey(armor))
}

/**
 * The only key of a text that holds nothing else.
 * @throws {RegistryError} INVALID_SIGNING_KEY for private or several keys, and for anything else
 */
export async function readSingleKey(armor: string): Promise<Key> {
  if (PRIVATE_BLOCK.test(armor)) throw privateKey()
  if (armor.length > MAX_ARMOR_CHARS) throw invalid(`it has more than ${MAX_ARMOR_CHARS} characters`)
  const blocks = armor.match(/-----BEGIN PGP [A-Z ,0-9/]+-----/g) ?? []
  if (blocks.length > 1) throw invalid('it holds several armored blocks', 'Add each key on its own')
  const keys = await parseKeys(armor)
  const [key] = keys
  if (key === undefined) throw invalid('it is not an armored public key block')
  if (keys.length > 1) throw invalid('it holds several keys', 'Add each key on its own')
  if (key.isPrivate()) throw privateKey()
  return key
}

/** The keys of a key block, or none when it cannot be read. Secret parts are left behind. */
export async function readArmoredKeys(armor: string): Promise<Key[]> {
  const keys = await parseKeys(armor)
  return keys.map((key) => (key.isPrivate() ? key.toPublic() : key))
}

async function parseKeys(armor: string): Promise<Key[]> {
  if (armor.length > MAX_ARMOR_CHARS || !KEY_BLOCK.test(armor)) return []
  try {
    return await readKeys({ armoredKeys: armor, config: OPENPGP_POLICY })
  } catch {
    // The library has no error types: whatever it says, this is no key.
    return []
  }
}

/** @throws {RegistryError} INVALID_SIGNING_KEY when it cannot sign */
export async function describeSigningKey(key: Key): Promise<SigningKey> {
  const signingKey = await findSigningKey(key)
  if (typeof signingKey === 'string') throw invalid(BAR_TEXTS[signingKey], HINT, { fingerprint: fingerprintOf(key), keyId: keyIdOf(key) })
  const expiresAt = await findExpiry(key, signingKey)
  return { ...presentKey(key), ...(expiresAt === undefined ? {} : { expiresAt }) }
}

/** A key without a look at whether it can sign. */
export function presentKey(key: Key): SigningKey {
  return {
    fingerprint: fingerprintOf(key),
    keyId: keyIdOf(key),
    userId: withoutControls(key.getUserIDs()[0] ?? ''),
    asciiArmor: key.armor(OPENPGP_POLICY).replaceAll('\r\n', '\n'),
  }
}

const keyIdOf = (key: Key): string => key.getKeyID().toHex().toUpperCase()

/** Primary fingerprint in upper-case hex. */
export function fingerprintOf(key: Key): string {
  return key.getFingerprint().toUpperCase()
}

const BAR_TEXTS: Record<SigningBar, string> = {
  revoked: 'its owner has revoked it',
  weak: 'its algorithm or length is too weak',
  no_signing_usage: 'it has no part that may sign, or its own signatures do not verify',
}

const withoutControls = (text: string): string => text.replace(/\p{Cc}/gu, ' ').slice(0, 200)

const privateKey = (): RegistryError =>
  invalid('it is a private key, which nobody else may see', 'Consider it exposed; send the public key of a new one')

function invalid(state: string, hint = HINT, detail?: Readonly<Record<string, unknown>>): RegistryError {
  return new RegistryError('INVALID_SIGNING_KEY', `Cannot use the signing key: ${state}`, { hint, ...(detail && { detail }) })
}
