import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { quote } from '@terrace/protocol/quote.ts'
import { RegistryError } from '../../base/errors.ts'
import { readSigningKey } from '../verification/index.ts'

/** The key that a bundle must be signed with, as somebody from outside the bundle says. */
export interface PinnedKey {
  /** Of the primary key, upper-case hex. */
  readonly fingerprint: string
}

const FINGERPRINT = /^(?:0x)?(?<hex>[0-9a-f]{40}(?:[0-9a-f]{24})?)$/i

/**
 * Reads a fingerprint, with blanks or colons if it has some, or else the file of an armored public key.
 * @param folder that a relative path starts from.
 * @throws {RegistryError} INVALID_SIGNING_KEY
 */
export async function readPinnedKey(text: string, folder = '.'): Promise<PinnedKey> {
  const hex = FINGERPRINT.exec(text.replace(/[\s:]/g, ''))?.groups?.hex
  if (hex !== undefined) return { fingerprint: hex.toUpperCase() }
  const { fingerprint } = await readSigningKey(await readArmor(resolve(folder, text)))
  return { fingerprint }
}

async function readArmor(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw notAKey(path, error)
  }
}

function notAKey(path: string, cause: unknown): RegistryError {
  return new RegistryError(
    'INVALID_SIGNING_KEY',
    `Cannot use key ${quote(path)}: it is neither a fingerprint nor a file that can be read`,
    {
      hint: 'Give all 40 digits of the fingerprint, or the file of an armored public key',
      cause,
    },
  )
}
