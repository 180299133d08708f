import { formatProviderAddress, type ProviderAddress } from '@terrace/protocol/addresses.ts'
import { formatPlatform, type Platform } from '@terrace/protocol/platforms.ts'
import { expectedPackageFilename, parseShasums } from '@terrace/protocol/shasums.ts'
import { LRUCache } from 'lru-cache'
import { RegistryError } from '../../../base/errors.ts'
import { refuseChangedDigests, verifyStoredShasums } from '../../mirror/index.ts'
import { type CatalogProvider, findProviderVersion } from '../../providers/index.ts'
import { quarantineOnFailure } from '../../quarantine/index.ts'
import { findKeyState } from '../../trust/index.ts'
import type { PackageDocument } from '../../upstreams/index.ts'
import type { VersionReadDeps } from '../pull-through-deps.ts'
import { explainUpstreamFailure, type FailedStep, upstreamFailure } from '../upstream-failures.ts'
import type { Waits } from '../waits.ts'
import { withinTime } from '../within-time.ts'
import { deleteSignedVersions, findSignedVersion, type StoredSignedVersion, saveSignedVersion } from './signed-version-queries.ts'

/** The signed checksum list of a version, verified. */
export interface SignedVersion {
  /** Exact bytes. */
  readonly shasums: Uint8Array
  /** Exact bytes. */
  readonly signature: Uint8Array
  /** File name → lower-case hex. */
  readonly entries: ReadonlyMap<string, string>
  /** Primary fingerprint of the key that signed. */
  readonly fingerprint: string
  readonly protocols: readonly string[]
}

export interface WantedVersion {
  readonly address: ProviderAddress
  readonly version: string
  /** Those that the upstream lists; empty when it does not say. */
  readonly platforms: readonly Platform[]
}

/** Reads signed checksum lists of versions that are not held. */
export interface SignedVersions {
  /** @throws {RegistryError} UPSTREAM_*, also when the list does not pass the verification; then the evidence is in quarantine. */
  read(wanted: WantedVersion): Promise<SignedVersion>
}

const MAX_KEPT = 500
const KEPT_MS = 10 * 60_000
/** Failures are remembered for so long: each try costs the upstream three requests. */
const FAILURE_MS = 3_000

/** Platforms to ask for where an upstream does not list them: nearly every provider has these. */
const COMMON_PLATFORMS: readonly Platform[] = [
  { os: 'linux', arch: 'amd64' },
  { os: 'darwin', arch: 'arm64' },
]

/** A list that lacks a platform is read again for it when it is older than this. */
const MISS_FLOOR_MS = 10_000

/**
 * A reader that asks once for all who want the same version at the same time, and keeps good lists: in memory for ten minutes, and in
 * the database, where a restarted process and other replicas find them. A stored list is verified again before it counts, and one in
 * memory is asked for its key, so that a key that was rejected meanwhile vouches for nothing. Up to the greatest age of version lists the upstream is not asked again; after
 * that the stored list answers only while the upstream cannot.
 */
export function createSignedVersions(deps: VersionReadDeps, { checksumsMs }: Pick<Waits, 'checksumsMs'>): SignedVersions {
  const kept = new LRUCache<string, Promise<SignedVersion>>({ max: MAX_KEPT, ttl: KEPT_MS })
  const read = (wanted: WantedVersion): Promise<SignedVersion> => {
    const key = keyOf(wanted)
    const known = kept.get(key)
    if (known !== undefined) return known
    const reading = readVersion(deps, wanted, checksumsMs)
    kept.set(key, reading)
    // Never unhandled: whoever waited may be gone.
    reading.catch(() => {
      if (kept.peek(key) === reading) kept.set(key, reading, { ttl: FAILURE_MS })
    })
    return reading
  }
  const readTrusted = async (wanted: WantedVersion): Promise<SignedVersion> => {
    const reading = read(wanted)
    if (await isStillTrusted(deps, wanted, await reading)) return await reading
    const key = keyOf(wanted)
    if (kept.peek(key) === reading) kept.delete(key)
    return await read(wanted)
  }
  return {
    async read(wanted) {
      const step = checksumsStep(wanted)
      const late = () => upstreamFailure('UPSTREAM_UNAVAILABLE', step, { state: `no answer within ${checksumsMs / 1000} seconds` })
      try {
        return await withinTime(readTrusted(wanted), checksumsMs, late)
      } catch (error) {
        throw error instanceof RegistryError && error.detail?.step === step.step ? error : explainUpstreamFailure(error, step)
      }
    },
  }
}

/** A version to which a platform was added is another question. */
const keyOf = ({ address, version, platforms }: WantedVersion): string =>
  [formatProviderAddress(address), version, ...platforms.map(formatPlatform)].join(' ')

/** What was kept may have been signed with a key that was rejected or revoked since. */
async function isStillTrusted(deps: VersionReadDeps, { address }: WantedVersion, { fingerprint }: SignedVersion): Promise<boolean> {
  const state = await findKeyState(deps, address, fingerprint)
  return state !== 'rejected' && state !== 'revoked'
}

const checksumsStep = ({ address, version }: WantedVersion): FailedStep => ({
  action: `read the checksums of "${formatProviderAddress(address)}" "${version}"`,
  hostname: address.hostname,
  step: 'checksum_list',
})

async function readVersion(deps: VersionReadDeps, wanted: WantedVersion, waitMs: number): Promise<SignedVersion> {
  const stored = await findStored(deps, wanted)
  if (stored === undefined) return await fetchVersion(deps, wanted, { fresh: false })
  const { list, ageMs } = stored
  const maxAgeMs = deps.config.mirror.versionListMaxAgeHours * 3_600_000
  if (ageMs < (lacksPlatform(list, wanted) ? MISS_FLOOR_MS : maxAgeMs)) return list
  try {
    // Sooner than the reader's own patience, or it would never come to the stored list.
    const late = () => upstreamFailure('UPSTREAM_UNAVAILABLE', checksumsStep(wanted), { state: 'it does not answer' })
    return await withinTime(fetchVersion(deps, wanted, { fresh: true }), waitMs * 0.8, late)
  } catch (error) {
    if (error instanceof RegistryError && STORED_COUNTS.has(error.code)) return list
    throw error
  }
}

/** Errors that say nothing of the version, or that the upstream signs other digests now: then what was shown stays. */
const STORED_COUNTS: ReadonlySet<string> = new Set([
  'PROVIDER_VERSION_EXISTS',
  'UPSTREAM_UNAVAILABLE',
  'UPSTREAM_RATE_LIMITED',
  'UPSTREAM_REFUSED',
  'OUTBOUND_BLOCKED',
])

interface StoredList {
  readonly list: SignedVersion
  readonly ageMs: number
}

async function findStored(deps: VersionReadDeps, { address, version }: WantedVersion): Promise<StoredList | undefined> {
  const stored = await findSignedVersion(deps.database.db, { address, version })
  if (stored === undefined) return undefined
  const { ageMs, ...files } = stored
  try {
    return { list: { ...(await verifyStoredShasums(deps, { address, version }, files)), protocols: files.protocols }, ageMs }
  } catch (error) {
    if (error instanceof RegistryError) return undefined
    throw error
  }
}

function lacksPlatform({ entries }: SignedVersion, { address: { type }, version, platforms }: WantedVersion): boolean {
  return platforms.some((platform) => !entries.has(expectedPackageFilename({ type, version, ...platform })))
}

async function fetchVersion(deps: VersionReadDeps, wanted: WantedVersion, how: { readonly fresh: boolean }): Promise<SignedVersion> {
  const { address, version } = wanted
  const document = await findDocument(deps, wanted)
  const identity = { address, version, platform: document.platform }
  const list = await quarantineOnFailure(deps, { wanted: identity, document }, async () => {
    const read = await deps.readShasums(identity, document, how)
    await refuseChangedDigests(deps.database.db, identity, read)
    return read
  })
  const read = { ...list, protocols: document.protocols }
  await saveSignedVersion(deps.database.db, wanted, read satisfies StoredSignedVersion)
  return read
}

/** One document is enough: all of a version name the same list. The first platform may be the one that was taken back. */
async function findDocument({ upstreams }: VersionReadDeps, { address, version, platforms }: WantedVersion): Promise<PackageDocument> {
  const [first, second] = platforms.length > 0 ? platforms : COMMON_PLATFORMS
  if (first === undefined) throw new TypeError('No platform to ask for')
  try {
    return await upstreams.getPackageDocument(address, version, first)
  } catch (error) {
    const isMissing = error instanceof RegistryError && error.code === 'PROVIDER_PLATFORM_NOT_FOUND'
    if (!isMissing || second === undefined) throw error
    return await upstreams.getPackageDocument(address, version, second)
  }
}

/** The list that was stored with the first package of a version; `undefined` when nothing of it is held. */
export async function readHeldVersion(
  { database }: Pick<VersionReadDeps, 'database'>,
  held: CatalogProvider | undefined,
  version: string,
): Promise<SignedVersion | undefined> {
  if (held?.byVersion.get(version) === undefined) return undefined
  const row = await findProviderVersion(database.db, held.provider.id, version)
  if (row === undefined || row.deletedAt !== null || row.blockedAt !== null) return undefined
  const { shasums, shasumsSignature: signature, signingKeyFingerprint: fingerprint } = row
  const protocols = JSON.parse(row.protocols) as string[]
  return { shasums, signature, entries: parseShasums(shasums).checksums, fingerprint, protocols }
}

/** Nobody has asked for it for so long, or the upstream is gone for good. */
const FORGOTTEN_AFTER_MS = 90 * 24 * 3_600_000

/** Forgets lists that nobody asks for any more. Several replicas may do so at once. */
export async function sweepSignedVersions({ database }: Pick<VersionReadDeps, 'database'>): Promise<number> {
  return await deleteSignedVersions(database.db, FORGOTTEN_AFTER_MS)
}
