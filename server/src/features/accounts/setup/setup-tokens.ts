import { createHash, createHmac } from 'node:crypto'
import type { UnixMs } from '../../../base/clock.ts'
import type { StoredSetupToken } from './setup-queries.ts'

// Without letters and digits that look alike (Crockford).
const DIGITS = '0123456789abcdefghjkmnpqrstvwxyz'
const TOKEN_BYTES = 20
const GROUP = /.{8}(?=.)/g

function base32(bytes: Uint8Array): string {
  let text = ''
  let bits = 0
  let value = 0
  for (const byte of bytes) {
    value = (value << 8) | byte
    bits += 8
    while (bits >= 5) {
      bits -= 5
      text += DIGITS[(value >>> bits) & 31] ?? ''
    }
    value &= 31
  }
  return text
}

/**
 * The set-up token that is valid until `expiresAt`: 160 bits in four groups. Derived from the server's key, so that a second start
 * and every replica show the same token while only its hash is stored.
 */
export function setupTokenFor(setupTokenKey: Uint8Array, expiresAt: UnixMs): string {
  const mac = createHmac('sha256', setupTokenKey).update(`setup ${expiresAt}`).digest()
  return base32(mac.subarray(0, TOKEN_BYTES)).replaceAll(GROUP, '$&-')
}

/** What is stored of a token; typed with other case or without dashes it is the same one. */
export function hashSetupToken(text: string): string {
  return createHash('sha256').update(text.toLowerCase().replaceAll(/[\s-]/g, '')).digest('hex')
}

/** A token with its expiry, ready to be stored. */
export function storedSetupToken(setupTokenKey: Uint8Array, expiresAt: UnixMs): StoredSetupToken {
  return { hash: hashSetupToken(setupTokenFor(setupTokenKey, expiresAt)), expiresAt }
}
