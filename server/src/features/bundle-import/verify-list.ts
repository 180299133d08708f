import { createHash } from 'node:crypto'
import { parseShasums, shasumsFilename, signatureFilename } from '@terrace/protocol/shasums.ts'
import { RegistryError } from '../../base/errors.ts'
import type { Origin } from '../../base/http/edge-types.ts'
import { type VerifiedShasums, verifyStoredShasums } from '../mirror/index.ts'
import { findProvider, findProviderVersion } from '../providers/index.ts'
import { trustOnPurpose } from '../trust/index.ts'
import { type VerifiedSignature, verifyShasumsSignature } from '../verification/index.ts'
import type { ImportDeps } from './import-deps.ts'
import type { ImportListing, ImportOptions, ListedFile, ListedVersion } from './listing/import-listing.ts'

/** SHA256SUMS and its signature, as they were sent. */
export interface SentList {
  readonly shasums: Uint8Array | undefined
  readonly signature: Uint8Array | undefined
}

interface Wanted {
  readonly listed: ListedVersion
  readonly listing: ImportListing
  readonly options: ImportOptions
  readonly by: Origin
}

/**
 * The signed list that speaks for what is sent, by the same steps as one that comes from an upstream: the one that was sent, else the
 * one that is held; before one that another registry has signed for want of a publisher's, the held one counts. `undefined` when there
 * is none. A key that came along is trusted here, if an administrator said so and only once it has made a good signature.
 *
 * @throws {RegistryError} BAD_REQUEST, CHECKSUM_MISMATCH, INVALID_SHASUMS, INVALID_SIGNATURE, INVALID_SIGNING_KEY, SIGNING_KEY_CONFLICT
 */
export async function verifyList(deps: ImportDeps, wanted: Wanted, sent: SentList): Promise<VerifiedShasums | undefined> {
  const { listed } = wanted
  const files = readSent(listed, sent)
  const held = files === undefined || listed.isUnsigned ? await readHeldList(deps, listed) : undefined
  if (files === undefined || held !== undefined) return held
  await trustAllowedKey(deps, wanted, files)
  return await verifyStoredShasums(deps, listed, files)
}

type Files = Pick<VerifiedShasums, 'shasums' | 'signature'>

function readSent({ address: { type }, version, ...listed }: ListedVersion, { shasums, signature }: SentList): Files | undefined {
  if (shasums === undefined && signature === undefined) return undefined
  if (shasums === undefined || signature === undefined) {
    throw new RegistryError('BAD_REQUEST', `Cannot import "${type}" "${version}": "shasums" and "signature" belong together`)
  }
  requireListed(shasumsFilename({ type, version }), shasums, listed.shasums)
  requireListed(signatureFilename({ type, version }), signature, listed.signature)
  return { shasums, signature }
}

function requireListed(filename: string, bytes: Uint8Array, file: ListedFile | undefined): void {
  const found = createHash('sha256').update(bytes).digest('hex')
  if (file?.sha256 === found) return
  throw new RegistryError('CHECKSUM_MISMATCH', `Cannot import "${filename}": it has another checksum than what is to be imported`, {
    hint: 'The file was changed on the way; carry it over again',
    detail: { expected: file === undefined ? null : `sha256:${file.sha256}`, found: `sha256:${found}` },
  })
}

async function trustAllowedKey(deps: ImportDeps, { listed, listing, options, by }: Wanted, { shasums, signature }: Files): Promise<void> {
  const keys = listing.keys.filter(({ fingerprint }) => options.trustKeys.includes(fingerprint)).map(({ asciiArmor }) => asciiArmor)
  const signedBy = await findSigner(deps, { shasums, signature, keys })
  if (signedBy !== undefined && options.trustKeys.includes(signedBy.fingerprint)) {
    await trustOnPurpose(deps, { provider: listed.address, key: signedBy.key, by })
  }
}

/** `undefined` when none of them has; whether anybody else may have is found out by the usual verification. */
async function findSigner(
  { clock, config }: ImportDeps,
  { keys, ...files }: Files & { readonly keys: readonly string[] },
): Promise<VerifiedSignature | undefined> {
  if (keys.length === 0) return undefined
  try {
    return await verifyShasumsSignature({ ...files, keys, now: clock.now(), expiredKeys: config.providers.expiredKeys })
  } catch (error) {
    if (error instanceof RegistryError && error.code === 'INVALID_SIGNATURE') return undefined
    throw error
  }
}

async function readHeldList({ database: { db } }: ImportDeps, listed: ListedVersion): Promise<VerifiedShasums | undefined> {
  const provider = await findProvider(db, listed.address)
  const row = provider && (await findProviderVersion(db, provider.id, listed.version))
  if (row === undefined || row.provenance === 'unsigned') return undefined
  const { shasums, shasumsSignature: signature, signingKeyFingerprint: fingerprint, verificationWarning: warning } = row
  return { shasums, signature, fingerprint, entries: parseShasums(shasums).checksums, warning: warning ?? undefined }
}
