import { formatProviderAddress, type ProviderAddress } from '@terrace/protocol/addresses.ts'
import { formatPlatform, type Platform, parsePlatform } from '@terrace/protocol/platforms.ts'
import { expectedPackageFilename } from '@terrace/protocol/shasums.ts'
import { encodeJson } from '../../base/database/columns.ts'
import { RegistryError } from '../../base/errors.ts'
import type { JobHandler, JobItemContext } from '../../base/queue/worker.ts'
import type { SpooledFile } from '../../base/spool.ts'
import { type ObjectClaims, withObjectClaims } from '../intake/index.ts'
import { requireAllowed } from '../mirror-policies/index.ts'
import { findProvider, findProviderVersion, listPlatforms, storageKeyOf, storePackages, type VerifiedPackage } from '../providers/index.ts'
import { findRelease, type PackageIdentity, quarantineOnFailure, withDigest } from '../quarantine/index.ts'
import type { PackageDocument } from '../upstreams/index.ts'
import { refuseChangedDigests } from './digests/changed-digests.ts'
import type { MirrorDeps } from './mirror-deps.ts'
import { recordMirroredPackage } from './record-mirrored-package.ts'
import { settleList } from './unsigned-shasums.ts'
import type { ShasumsReader, VerifiedShasums } from './verified-shasums.ts'

export const FETCH_PACKAGE = 'provider.fetch_package'

export interface FetchPackageInput extends ProviderAddress {
  readonly version: string
  /** `linux_amd64` */
  readonly platform: string
  /** Whose mirror brings it, for the policies of that organisation. */
  readonly organizationId?: string | undefined
}

export type FetchDeps = MirrorDeps & { readonly readShasums: ShasumsReader }

/**
 * Fetches one package, verifies it and only then stores it: document → signed checksum list → zip → digest → content → store.
 * Running it again is harmless: a package that is held already is left alone. What fails a check goes to quarantine; what a policy
 * does not let in is not asked for.
 * @throws {RegistryError} POLICY_REFUSED, what the verification fails with.
 */
export const fetchPackageJob =
  (deps: FetchDeps): JobHandler<FetchPackageInput> =>
  async ({ jobId, input, createdBy }, context) => {
    const wanted = readIdentity(input)
    if (await isHeld(deps, wanted)) return
    const subject = { ...wanted.address, version: wanted.version, organizationId: input.organizationId }
    requireAllowed('mirror', subject, await deps.policy.decide(subject))
    const filename = filenameOf(wanted)
    const key = storageKeyOf(wanted, { platform: wanted.platform, filename })
    await withObjectClaims(deps.database.db, { keys: [key], waitMs: 0 }, async (claims) => {
      if (!(await isHeld(deps, wanted))) await fetchPackage(deps, { wanted, jobId, createdBy, claims, context })
    })
  }

interface Fetch {
  readonly wanted: PackageIdentity
  readonly jobId: string
  readonly createdBy: string
  readonly claims: ObjectClaims
  readonly context: JobItemContext
}

async function fetchPackage(deps: FetchDeps, { wanted, jobId, createdBy, claims, context }: Fetch): Promise<void> {
  const document = await deps.upstreams.getPackageDocument(wanted.address, wanted.version, wanted.platform)
  await quarantineOnFailure(deps, { wanted, document, jobId }, async () => {
    const list = await readList(deps, wanted, document)
    await refuseChangedDigests(deps.database.db, wanted, list)
    const sha256 = expectedDigest(wanted, document, list)
    const file = await download(deps, document, context)
    try {
      const item = await verifyPackage(deps, { wanted, document, file, sha256 })
      const commit = async (tx: Parameters<typeof recordMirroredPackage>[1]) => {
        const settled = await settleList(deps, tx, { ...wanted, list })
        await recordMirroredPackage(deps, tx, { wanted, document, list: settled, item, createdBy })
      }
      await storePackages(deps, claims, { ...wanted, packages: [item], commit })
    } finally {
      await file.discard()
    }
  })
}

function readIdentity({ platform, version, hostname, namespace, type }: FetchPackageInput): PackageIdentity {
  const parsed = parsePlatform(platform)
  if (parsed === undefined) throw new RegistryError('RULE_BROKEN', `Cannot fetch for platform "${platform}": it is not known`)
  return { address: { hostname, namespace, type }, version, platform: parsed }
}

function filenameOf({ address, version, platform }: { address: ProviderAddress; version: string; platform: Platform }): string {
  return expectedPackageFilename({ type: address.type, version, ...platform })
}

async function isHeld({ database: { db } }: MirrorDeps, { address, version, platform }: PackageIdentity): Promise<boolean> {
  const provider = await findProvider(db, address)
  const row = provider && (await findProviderVersion(db, provider.id, version))
  if (row === undefined || row.deletedAt !== null) return false
  const held = (await listPlatforms(db, row.id)).find(({ os, arch }) => os === platform.os && arch === platform.arch)
  return held !== undefined && held.deletedAt === null && held.damagedAt === null
}

/** A kept list that does not fit the document may be older than it: the upstream has the last word on what it lists now. */
async function readList(deps: FetchDeps, wanted: PackageIdentity, document: PackageDocument): Promise<VerifiedShasums> {
  const list = await deps.readShasums(wanted, document)
  const fits = list.entries.get(filenameOf(wanted)) === document.shasum
  return fits ? list : deps.readShasums(wanted, document, { fresh: true })
}

/** The digest that the signed list gives for the package; the upstream's document must say the same. */
function expectedDigest(wanted: PackageIdentity, document: PackageDocument, list: VerifiedShasums): string {
  const filename = filenameOf(wanted)
  const listed = list.entries.get(filename)
  if (listed !== undefined && listed === document.shasum) return listed
  throw new RegistryError(
    'CHECKSUM_MISMATCH',
    listed === undefined
      ? `Cannot verify "${filename}": no checksum for it in the signed list`
      : `Cannot verify "${filename}": the upstream announces another checksum than the signed list`,
    { detail: { expected: listed ?? null, found: document.shasum } },
  )
}

async function download(deps: MirrorDeps, document: PackageDocument, { signal, progress }: JobItemContext): Promise<SpooledFile> {
  const { maxDownloadSizeMb } = deps.config.features
  const sink = await deps.spool.openSink({ maxBytes: maxDownloadSizeMb * 1024 * 1024 })
  try {
    await deps.upstreams.downloadPackage(document, { signal, onProgress: progress }, (chunk) => sink.write(chunk))
    return await sink.finish()
  } catch (error) {
    await sink.abort()
    throw error
  }
}

async function verifyPackage(
  deps: MirrorDeps,
  { wanted, document, file, sha256 }: { wanted: PackageIdentity; document: PackageDocument; file: SpooledFile; sha256: string },
): Promise<VerifiedPackage> {
  const filename = filenameOf(wanted)
  if (file.sha256 !== sha256) {
    throw new RegistryError(
      'CHECKSUM_MISMATCH',
      `Cannot verify "${filename}" of "${formatProviderAddress(wanted.address)}" "${wanted.version}" for "${formatPlatform(wanted.platform)}": sha256 mismatch`,
      {
        hint: 'Retry the job; if it fails again, the upstream or something on the way changes the file',
        detail: { expected: sha256, found: file.sha256, size: file.size },
      },
    )
  }
  const { h1, accepted } = await inspect(deps, wanted, file)
  const zh = `zh:${sha256}`
  const facts = { platform: wanted.platform, filename, path: file.path, size: file.size, sha256, h1, zh }
  return { ...facts, upstreamUrl: document.downloadUrl, acceptedFindings: accepted === undefined ? null : encodeJson(accepted) }
}

/** The content must be good, but for what an administrator has let pass in exactly these bytes. */
async function inspect({ inspector, database }: MirrorDeps, wanted: PackageIdentity, { path, sha256 }: SpooledFile) {
  const release = await findRelease(database.db, wanted, sha256)
  const { type } = wanted.address
  try {
    const { h1 } = await inspector.inspect(path, { type, strict: false, zh: `zh:${sha256}`, ...(release && { accepted: release.rules }) })
    return { h1, accepted: release }
  } catch (error) {
    throw withDigest(error, sha256)
  }
}
