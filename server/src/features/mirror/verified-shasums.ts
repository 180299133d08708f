import { formatProviderAddress } from '@terrace/protocol/addresses.ts'
import { parseShasums, shasumsFilename } from '@terrace/protocol/shasums.ts'
import { LRUCache } from 'lru-cache'
import { RegistryError } from '../../base/errors.ts'
import type { PackageIdentity } from '../quarantine/index.ts'
import { listCandidateKeys, type TrustDeps, trustSigningKey } from '../trust/index.ts'
import type { PackageDocument } from '../upstreams/index.ts'
import { type VerifiedSignature, verifyShasumsSignature } from '../verification/index.ts'
import type { MirrorDeps } from './mirror-deps.ts'
import { readUnsignedShasums, rereadUnsignedShasums, type UnsignedShasums } from './unsigned-shasums.ts'

/** A checksum list whose signature was made by a key that is trusted for the provider, or that needs none on purpose. */
export interface VerifiedShasums {
  /** Exact bytes. */
  readonly shasums: Uint8Array
  /** Exact bytes. */
  readonly signature: Uint8Array
  /** File name → lower-case hex. */
  readonly entries: ReadonlyMap<string, string>
  /** Primary fingerprint of the key that signed. */
  readonly fingerprint: string
  readonly warning: string | undefined
  /** Without it, the signature was verified. */
  readonly provenance?: 'unsigned'
  /** It holds one package, not all of the version. */
  readonly isPartial?: boolean
}

/** Fetches and verifies the checksum list of a version; `fresh` asks the upstream even if a list is kept. */
export type ShasumsReader = (
  wanted: PackageIdentity,
  document: PackageDocument,
  options?: { readonly fresh: boolean },
) => Promise<VerifiedShasums>

/** A list with a good signature, whoever made it. */
interface SignedShasums extends Pick<VerifiedShasums, 'shasums' | 'signature' | 'entries'> {
  readonly signedBy: VerifiedSignature
}

const MAX_KEPT = 200
const KEPT_MS = 60_000

/**
 * A reader that fetches one version's list once for all its platforms: lists are kept for a minute and requests that overlap
 * share one answer. Failures and lists without a signature are not kept, nor is the trust in the key: an administrator's decision
 * counts at once.
 */
export function createShasumsReader(deps: MirrorDeps): ShasumsReader {
  const kept = new LRUCache<string, Promise<SignedShasums | UnsignedList>>({ max: MAX_KEPT, ttl: KEPT_MS })
  const readSigned = (wanted: PackageIdentity, document: PackageDocument, fresh: boolean): Promise<SignedShasums | UnsignedList> => {
    const key = `${formatProviderAddress(wanted.address)} ${wanted.version} ${document.shasumsUrl}`
    const known = kept.get(key)
    if (known !== undefined && !fresh) return known
    const reading = readShasums(deps, wanted, document)
    kept.set(key, reading)
    const forget = () => {
      if (kept.peek(key) === reading) kept.delete(key)
    }
    reading.then((list) => 'signedBy' in list || forget(), forget)
    return reading
  }
  return async (wanted, document, { fresh } = { fresh: false }) => {
    const list = await readSigned(wanted, document, fresh)
    return 'signedBy' in list ? withTrust(deps, wanted, list) : list
  }
}

/** Which version a list is for. */
type ListOf = Pick<PackageIdentity, 'address' | 'version'>

/**
 * Verifies a list that was taken from an upstream before as if it came now: by the keys that are known for the namespace, and with
 * what has been decided on them since.
 * @throws {RegistryError} INVALID_SHASUMS, INVALID_SIGNATURE, INVALID_SIGNING_KEY, SIGNING_KEY_CONFLICT
 */
export async function verifyStoredShasums(deps: TrustDeps, of: ListOf, files: SignedFiles): Promise<VerifiedShasums> {
  const unsigned = await rereadUnsignedShasums(deps, of, files)
  if (unsigned !== undefined) return { ...unsigned, entries: readEntries(files.shasums, nameOf(of)) }
  return await withTrust(deps, of, await verifyFiles(deps, of, { ...files, announced: [] }))
}

async function withTrust(deps: TrustDeps, { address }: ListOf, { signedBy, ...list }: SignedShasums): Promise<VerifiedShasums> {
  const { key, signedAt } = signedBy
  const warning = await trustSigningKey(deps, { provider: address, key, signedAt, source: 'announced' })
  return {
    ...list,
    fingerprint: signedBy.fingerprint,
    warning: [signedBy.warning, warning].filter((text) => text !== undefined).join('; ') || undefined,
  }
}

type UnsignedList = UnsignedShasums & Pick<VerifiedShasums, 'entries'>

async function readShasums(deps: MirrorDeps, of: ListOf, document: PackageDocument): Promise<SignedShasums | UnsignedList> {
  const unsigned = await readUnsignedShasums(deps, of, document)
  if (unsigned === undefined) return readSignedShasums(deps, of, document)
  return { ...unsigned, entries: readEntries(unsigned.shasums, nameOf(of)) }
}

async function readSignedShasums(deps: MirrorDeps, of: ListOf, document: PackageDocument): Promise<SignedShasums> {
  const [shasums, signature] = await Promise.all([
    deps.upstreams.fetchShasums(document),
    fetchSignature(deps, document, `${formatProviderAddress(of.address)} ${of.version}`),
  ])
  return await verifyFiles(deps, of, { shasums, signature, announced: document.signingKeys.map((key) => key.asciiArmor) })
}

type SignedFiles = Pick<VerifiedShasums, 'shasums' | 'signature'>

async function verifyFiles(
  deps: TrustDeps,
  of: ListOf,
  { shasums, signature, announced }: SignedFiles & { readonly announced: readonly string[] },
): Promise<SignedShasums> {
  const { address } = of
  const keys = await listCandidateKeys(deps, { provider: address, announced })
  const signedBy = await verifyShasumsSignature({
    shasums,
    signature,
    keys,
    now: deps.clock.now(),
    expiredKeys: deps.config.upstream[address.hostname]?.expiredKeys ?? deps.config.providers.expiredKeys,
  })
  return { shasums, signature, entries: readEntries(shasums, nameOf(of)), signedBy }
}

const nameOf = ({ address: { type }, version }: ListOf): string => shasumsFilename({ type, version })

/** A signature that is not there is a failed verification, not a failed request. */
async function fetchSignature({ upstreams }: MirrorDeps, document: PackageDocument, name: string): Promise<Uint8Array> {
  try {
    return await upstreams.fetchSignature(document)
  } catch (error) {
    throw error instanceof RegistryError && error.code === 'UPSTREAM_REFUSED' ? missingSignature(name, error) : error
  }
}

function missingSignature(name: string, cause: RegistryError): RegistryError {
  return new RegistryError('INVALID_SIGNATURE', `Cannot verify "${name}": the upstream has no signature for its checksum list`, {
    detail: { reason: 'missing', ...cause.detail },
    cause,
  })
}

/** A blank line crashes the clients that are given the list later (protocol.md C30.blank), so such a list is not taken. */
function readEntries(shasums: Uint8Array, name: string): ReadonlyMap<string, string> {
  const { checksums, problems } = parseShasums(shasums)
  const blank = problems.find((problem) => problem.kind === 'blank_line')
  if (blank === undefined) return checksums
  throw new RegistryError('INVALID_SHASUMS', `Cannot take "${name}" over: line ${blank.line} is blank, which crashes clients`)
}
