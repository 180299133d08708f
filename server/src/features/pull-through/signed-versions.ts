import { formatProviderAddress, type ProviderAddress } from '@terrace/protocol/addresses.ts'
import type { Platform } from '@terrace/protocol/platforms.ts'
import { parseShasums } from '@terrace/protocol/shasums.ts'
import { LRUCache } from 'lru-cache'
import { RegistryError } from '../../base/errors.ts'
import { quarantineOnFailure } from '../mirror/index.ts'
import { type CatalogProvider, findProviderVersion } from '../providers/index.ts'
import type { PackageDocument } from '../upstreams/index.ts'
import type { VersionReadDeps } from './pull-through-deps.ts'
import { explainUpstreamFailure, type FailedStep, upstreamFailure } from './upstream-failures.ts'
import type { Waits } from './waits.ts'
import { withinTime } from './within-time.ts'

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

/** A reader that asks once for all who want the same version at the same time, and keeps good lists for ten minutes. */
export function createSignedVersions(deps: VersionReadDeps, { checksumsMs }: Pick<Waits, 'checksumsMs'>): SignedVersions {
  const kept = new LRUCache<string, Promise<SignedVersion>>({ max: MAX_KEPT, ttl: KEPT_MS })
  const read = (wanted: WantedVersion): Promise<SignedVersion> => {
    const key = `${formatProviderAddress(wanted.address)} ${wanted.version}`
    const known = kept.get(key)
    if (known !== undefined) return known
    const reading = readVersion(deps, wanted)
    kept.set(key, reading)
    // Never unhandled: whoever waited may be gone.
    reading.catch(() => {
      if (kept.peek(key) === reading) kept.set(key, reading, { ttl: FAILURE_MS })
    })
    return reading
  }
  return {
    async read(wanted) {
      const step = checksumsStep(wanted)
      const late = () => upstreamFailure('UPSTREAM_UNAVAILABLE', step, { state: `no answer within ${checksumsMs / 1000} seconds` })
      try {
        return await withinTime(read(wanted), checksumsMs, late)
      } catch (error) {
        throw error instanceof RegistryError && error.detail?.step === step.step ? error : explainUpstreamFailure(error, step)
      }
    },
  }
}

const checksumsStep = ({ address, version }: WantedVersion): FailedStep => ({
  action: `read the checksums of "${formatProviderAddress(address)}" "${version}"`,
  hostname: address.hostname,
  step: 'checksum_list',
})

async function readVersion(deps: VersionReadDeps, wanted: WantedVersion): Promise<SignedVersion> {
  const { address, version } = wanted
  const document = await findDocument(deps, wanted)
  const identity = { address, version, platform: document.platform }
  const list = await quarantineOnFailure(deps, { wanted: identity, document }, () => deps.readShasums(identity, document))
  return { ...list, protocols: document.protocols }
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
