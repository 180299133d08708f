import { createHash } from 'node:crypto'
import type { BundleManifest } from '@terrace/protocol/bundle/bundle-manifest.ts'
import { ManifestError, parseManifest } from '@terrace/protocol/bundle/manifest-text.ts'
import type { UnixMs } from '../../base/clock.ts'
import { RegistryError } from '../../base/errors.ts'
import { readSigningKey, type VerifiedSignature, verifyShasumsSignature } from '../verification/index.ts'
import type { PinnedKey } from './pinned-key.ts'

/** A manifest as it lies in a folder or a request. */
export interface OpenManifest {
  /** The exact bytes. */
  readonly text: Uint8Array
  /** Binary detached signature. */
  readonly signature: Uint8Array
  /** Without one, the signature only proves that nothing changed since it was made. */
  readonly pinned: PinnedKey | undefined
  readonly now: UnixMs
}

/** A manifest whose signature is good. */
export interface SignedManifest {
  readonly manifest: BundleManifest
  /** Of the exact bytes, lower-case hex. */
  readonly sha256: string
  /** Of the primary key that signed, upper-case hex. */
  readonly fingerprint: string
  /** It is the key that was pinned. */
  readonly isPinned: boolean
  readonly warning: string | undefined
}

/**
 * Reads a manifest and verifies its signature.
 * @throws {RegistryError} INVALID_BUNDLE, INVALID_SIGNATURE
 */
export async function openManifest({ text, signature, pinned, now }: OpenManifest): Promise<SignedManifest> {
  const manifest = readManifest(text)
  const { signing_key: key, name } = manifest
  const own = await readOwnKey(manifest)
  if (own !== key.fingerprint) throw refuse(name, `it names the key ${key.fingerprint} and has ${own}`)
  if (pinned !== undefined && pinned.fingerprint !== own) throw foreignKey(name, { pinned: pinned.fingerprint, own })
  const verified: VerifiedSignature = await verifyShasumsSignature({
    shasums: text,
    signature,
    keys: [key.ascii_armor],
    now,
    expiredKeys: 'warn',
    filename: `${name}.manifest.json`,
  })
  return {
    manifest,
    sha256: createHash('sha256').update(text).digest('hex'),
    fingerprint: verified.fingerprint,
    isPinned: pinned !== undefined,
    warning: verified.warning,
  }
}

function readManifest(text: Uint8Array): BundleManifest {
  try {
    return parseManifest(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(text))
  } catch (error) {
    throw unreadable(error)
  }
}

function unreadable(cause: unknown): unknown {
  if (!(cause instanceof ManifestError || cause instanceof TypeError)) return cause
  const reason = cause instanceof ManifestError ? cause.reason : 'it is no UTF-8 text'
  return new RegistryError('INVALID_BUNDLE', `Cannot read the manifest: ${reason}`, { hint: COPY_AGAIN, cause })
}

async function readOwnKey({ name, signing_key: key }: BundleManifest): Promise<string> {
  try {
    return (await readSigningKey(key.ascii_armor)).fingerprint
  } catch (error) {
    throw error instanceof RegistryError ? refuse(name, `the key in it cannot be used: ${error.message}`, error) : error
  }
}

const COPY_AGAIN = 'Copy the file again from where the bundle was made'

function refuse(name: string, state: string, cause?: unknown): RegistryError {
  return new RegistryError('INVALID_BUNDLE', `Cannot read bundle "${name}": ${state}`, { hint: COPY_AGAIN, cause })
}

function foreignKey(name: string, { pinned, own }: { readonly pinned: string; readonly own: string }): RegistryError {
  return new RegistryError('INVALID_SIGNATURE', `Cannot trust bundle "${name}": it is signed with ${own}, not with ${pinned}`, {
    hint: 'Find out from the people of the other registry which key is theirs; do not import it before',
    detail: { reason: 'unknown_issuer', expected: pinned, found: own },
  })
}
