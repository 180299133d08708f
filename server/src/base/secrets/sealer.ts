import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

const ALGORITHM = 'aes-256-gcm'
const NONCE_BYTES = 12
const TAG_BYTES = 16
const PREFIX = 'v1:'

/** Encrypts secrets that are kept in the database. */
export interface Sealer {
  /**
   * Encrypts with a random nonce. The purpose (`registry_signing_key`) is authenticated, so that a sealed text moved to another
   * column does not open there.
   */
  seal(text: string, purpose: string): string
  /** @throws {Error} when the key or the purpose is another one, or the text was changed. The message tells no content. */
  unseal(sealed: string, purpose: string): string
}

/** AES-256-GCM under a key of 32 bytes. Source: requirements.md SEC-09. */
export function createSealer(key: Uint8Array): Sealer {
  return {
    seal(text, purpose) {
      const nonce = randomBytes(NONCE_BYTES)
      const cipher = createCipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES })
      cipher.setAAD(Buffer.from(purpose, 'utf8'))
      const content = Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()])
      return PREFIX + content.toString('base64')
    },
    unseal(sealed, purpose) {
      try {
        return open(key, sealed, purpose)
      } catch (cause) {
        throw new Error(`Cannot unseal the "${purpose}": it was sealed with another encryption key or changed since`, { cause })
      }
    },
  }
}

function open(key: Uint8Array, sealed: string, purpose: string): string {
  if (!sealed.startsWith(PREFIX)) throw new Error('Unknown form')
  const content = Buffer.from(sealed.slice(PREFIX.length), 'base64')
  const decipher = createDecipheriv(ALGORITHM, key, content.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES })
  decipher.setAAD(Buffer.from(purpose, 'utf8'))
  decipher.setAuthTag(content.subarray(-TAG_BYTES))
  return Buffer.concat([decipher.update(content.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]).toString('utf8')
}
