import { createHmac, randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'

const KEY_PREFIX = 'tfr_'
const SECRET_BYTES = 32
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
// 62^43 > 2^256 and 62^6 > 2^32.
const SECRET_DIGITS = 43
const CHECKSUM_DIGITS = 6
const DISPLAY_LENGTH = 10
const FORM = new RegExp(`^${KEY_PREFIX}[0-9A-Za-z]{${SECRET_DIGITS + CHECKSUM_DIGITS}}$`)

function toDigits(value: bigint, length: number): string {
  let rest = value
  let text = ''
  for (let position = 0; position < length; position += 1) {
    text = (DIGITS[Number(rest % 62n)] ?? '') + text
    rest /= 62n
  }
  return text
}

function checksumOf(body: string): string {
  return toDigits(BigInt(crc32(body)), CHECKSUM_DIGITS)
}

/** A new API key: `tfr_`, 256 random bits and a CRC-32, both in base 62, 53 characters in all. Source: requirements.md C47. */
export function createApiKeySecret(): string {
  const body = KEY_PREFIX + toDigits(BigInt(`0x${randomBytes(SECRET_BYTES).toString('hex')}`), SECRET_DIGITS)
  return body + checksumOf(body)
}

/** Whether a secret claims to be an API key. */
export function looksLikeApiKey(text: string): boolean {
  return text.startsWith(KEY_PREFIX)
}

/** Whether length, alphabet and checksum are right; a mistyped or cut key needs no look into the database. */
export function isWellFormedApiKey(text: string): boolean {
  return FORM.test(text) && text.slice(-CHECKSUM_DIGITS) === checksumOf(text.slice(0, -CHECKSUM_DIGITS))
}

/** What is stored of a key: HMAC-SHA-256 in hexadecimal. */
export function hashApiKey(secret: string, apiKeyKey: Uint8Array): string {
  return createHmac('sha256', apiKeyKey).update(secret).digest('hex')
}

/** The beginning of a key, by which its owner recognises it. */
export function displayPrefix(secret: string): string {
  return secret.slice(0, DISPLAY_LENGTH)
}
