import { formatProviderAddress, type ProviderAddress } from '@terrace/protocol/addresses.ts'
import { formatPlatform } from '@terrace/protocol/platforms.ts'
import { bumpCatalogRevision } from '../../base/database/catalog-revision.ts'
import type { Db } from '../../base/database/open-database.ts'
import { RegistryError } from '../../base/errors.ts'
import type { Origin } from '../../base/http/edge-types.ts'
import type { SpooledFile } from '../../base/spool.ts'
import { withObjectClaims } from '../intake/index.ts'
import { recordMirroredPackage, type VerifiedShasums } from '../mirror/index.ts'
import { findProvider, findProviderVersion, storageKeyOf, storePackages, type VerifiedPackage } from '../providers/index.ts'
import type { ImportDeps } from './import-deps.ts'
import type { ImportListing, ImportOptions, ListedPackage, ListedVersion } from './listing/import-listing.ts'
import { planVersions, type VersionPlan } from './plan/plan-versions.ts'
import { recordUnsignedPackages } from './record-unsigned.ts'
import { type SentList, verifyList } from './verify-list.ts'

/** The files of one version, for an import that lists it. */
export interface SentVersion {
  readonly listing: ImportListing
  readonly options: ImportOptions
  readonly address: ProviderAddress
  /** Canonical. */
  readonly version: string
  readonly list: SentList
  readonly files: readonly { readonly filename: string; readonly file: SpooledFile }[]
  readonly by: Origin
}

/** What came of it. */
export interface ImportedVersion {
  readonly added: readonly string[]
  readonly kept: readonly string[]
  /** Bytes that were stored. */
  readonly bytes: number
}

const CLAIM_WAIT_MS = 10_000

/**
 * Verifies the files of one version by the steps of everything that is mirrored, and stores those that are missing: all of them or none.
 * What is held already is left alone. Packages that are to be added and were not sent are refused.
 *
 * @throws {RegistryError} RULE_BROKEN, BAD_REQUEST, POLICY_REFUSED, PROVIDER_VERSION_EXISTS, CHECKSUM_MISMATCH, INVALID_*, SIGNING_KEY_CONFLICT, PUBLISH_IN_PROGRESS, STORAGE_FULL
 */
export async function importProviderVersion(deps: ImportDeps, sent: SentVersion): Promise<ImportedVersion> {
  const listed = requireListed(sent)
  const plan = await requirePlan(deps, listed, sent.options)
  const wanted = matchFiles(sent, plan)
  if (wanted.length === 0) return describe(plan, [])
  const list = await verifyList(deps, { ...sent, listed }, sent.list)
  // A list that there is counts: leaving it out makes nothing unsigned.
  const mayBeUnsigned = sent.options.allowUnsigned && listed.shasums === undefined
  if (list === undefined && !mayBeUnsigned) throw nothingSigned(listed)
  // Making the key takes a second and must not happen inside the transaction that signs with it.
  if (list === undefined) await deps.registrySigningKey.ensure()
  const verified = await Promise.all(wanted.map((item) => verifyPackage(deps, { ...item, listed, list })))
  const keys = verified.map((item) => storageKeyOf(listed, item))
  return await withObjectClaims(deps.database.db, { keys, waitMs: CLAIM_WAIT_MS }, async (claims) => {
    const now = await requirePlan(deps, listed, sent.options)
    const missing = new Set(addedOf(now).map(({ filename }) => filename))
    const packages = verified.filter(({ filename }) => missing.has(filename))
    if (packages.length > 0) {
      const commit = (tx: Db) => record(deps, tx, { listed, list, packages, by: sent.by })
      await storePackages(deps, claims, { ...listed, packages, commit })
    }
    return describe(now, packages)
  })
}

const nameOf = ({ address, version }: Pick<ListedVersion, 'address' | 'version'>): string => `${formatProviderAddress(address)} ${version}`

function requireListed({ listing, address, version }: SentVersion): ListedVersion {
  const name = nameOf({ address, version })
  const listed = listing.versions.find((item) => nameOf(item) === name)
  if (listed !== undefined) return listed
  throw new RegistryError('RULE_BROKEN', `Cannot import "${name}": "${listing.name}" does not list it`)
}

async function requirePlan(deps: ImportDeps, listed: ListedVersion, options: ImportOptions): Promise<VersionPlan> {
  const [plan] = await planVersions(deps, [listed], options)
  const refused = plan?.packages.find(({ state }) => state === 'refuse')
  if (refused?.state === 'refuse') throw refused.reason
  if (plan === undefined) throw new Error('A version has no plan')
  return plan
}

const addedOf = ({ packages }: VersionPlan): ListedPackage[] => packages.filter(({ state }) => state === 'add').map(({ item }) => item)

interface MatchedFile {
  readonly item: ListedPackage
  readonly file: SpooledFile
}

/** The file of each package that is to be added. Others may have been stored since the client asked. */
function matchFiles({ files, listing }: SentVersion, plan: VersionPlan): MatchedFile[] {
  const known = new Set(plan.listed.packages.map(({ filename }) => filename))
  const stranger = files.find(({ filename }) => !known.has(filename))
  if (stranger !== undefined) {
    throw new RegistryError('BAD_REQUEST', `Cannot import "${stranger.filename.slice(0, 200)}": "${listing.name}" does not list it`)
  }
  return addedOf(plan).map((item) => {
    const file = files.find(({ filename }) => filename === item.filename)?.file
    if (file !== undefined) return { item, file }
    throw new RegistryError('BAD_REQUEST', `Cannot import "${nameOf(plan.listed)}": the file "${item.filename}" was not sent`)
  })
}

interface ToVerify extends MatchedFile {
  readonly listed: ListedVersion
  readonly list: VerifiedShasums | undefined
}

async function verifyPackage(deps: ImportDeps, { item, file, listed, list }: ToVerify): Promise<VerifiedPackage> {
  const { filename, platform } = item
  requireDigest(filename, file, item.sha256)
  if (list !== undefined) requireDigest(filename, file, list.entries.get(filename))
  const zh = `zh:${file.sha256}`
  const { h1 } = await deps.inspector.inspect(file.path, { type: listed.address.type, strict: false, zh })
  requireHashes(item, [h1, zh])
  return { platform, filename, path: file.path, size: file.size, sha256: file.sha256, h1, zh, upstreamUrl: null }
}

function requireDigest(filename: string, file: SpooledFile, expected: string | undefined): void {
  if (expected === file.sha256) return
  const state = expected === undefined ? 'the signed list does not name it' : 'sha256 mismatch'
  throw new RegistryError('CHECKSUM_MISMATCH', `Cannot import "${filename}": ${state}`, {
    hint: 'The file was changed on the way, or where it is from; nothing of this version was stored',
    detail: { expected: expected === undefined ? null : `zh:${expected}`, found: `zh:${file.sha256}`, size: file.size },
  })
}

/** Of the hashes that are stated of one scheme, ours must be among them. */
function requireHashes({ filename, hashes }: ListedPackage, own: readonly string[]): void {
  for (const hash of own) {
    const scheme = hash.slice(0, hash.indexOf(':') + 1)
    const stated = hashes.filter((text) => text.startsWith(scheme))
    if (stated.length === 0 || stated.includes(hash)) continue
    throw new RegistryError(
      'CHECKSUM_MISMATCH',
      `Cannot import "${filename}": its ${scheme.slice(0, -1)} hash is not the one that is stated`,
      {
        hint: 'The zip and the document beside it do not belong together',
        detail: { expected: stated[0], found: hash },
      },
    )
  }
}

interface ToRecord {
  readonly listed: ListedVersion
  readonly list: VerifiedShasums | undefined
  readonly packages: readonly VerifiedPackage[]
  readonly by: Origin
}

async function record(deps: ImportDeps, tx: Db, { listed, list, packages, by }: ToRecord): Promise<void> {
  const isUnsigned = await settleUnsigned(tx, listed, list)
  if (list === undefined) return await recordUnsignedPackages(deps, tx, { listed, packages, by })
  for (const item of packages) {
    await recordMirroredPackage(deps, tx, {
      wanted: { address: listed.address, version: listed.version, platform: item.platform },
      document: { protocols: listed.protocols },
      list,
      item,
      createdBy: by.actor.name,
      importedBy: by,
      ...(isUnsigned && { provenance: 'unsigned' as const }),
    })
  }
}

/**
 * Whether the version becomes an unsigned one, within the transaction that says so: what was verified meanwhile is never continued
 * without its publisher's signature.
 * @throws {RegistryError} INVALID_SIGNATURE
 */
async function settleUnsigned(tx: Db, listed: ListedVersion, list: VerifiedShasums | undefined): Promise<boolean> {
  if (list !== undefined && !listed.isUnsigned) return false
  // The revision's row is the lock: of two imports that come at once, the second finds what the first has recorded.
  await bumpCatalogRevision(tx)
  const provider = await findProvider(tx, listed.address)
  const row = provider && (await findProviderVersion(tx, provider.id, listed.version))
  if (row === undefined || row.provenance === 'unsigned') return true
  if (list !== undefined && Buffer.from(row.shasums).equals(list.shasums)) return false
  throw new RegistryError('INVALID_SIGNATURE', `Cannot import "${nameOf(listed)}": its other packages were signed, and these are not`, {
    hint: 'What is held stays in service; bring SHA256SUMS and its signature along',
    detail: { reason: 'missing' },
  })
}

function nothingSigned(listed: ListedVersion): RegistryError {
  return new RegistryError('INVALID_SIGNATURE', `Cannot import "${nameOf(listed)}": no signed list was sent`, {
    hint: 'Send SHA256SUMS and its signature with the packages',
    detail: { reason: 'missing' },
  })
}

function describe(plan: VersionPlan, packages: readonly VerifiedPackage[]): ImportedVersion {
  const added = packages.map(({ platform }) => formatPlatform(platform))
  const kept = plan.packages.map(({ item }) => formatPlatform(item.platform)).filter((platform) => !added.includes(platform))
  return { added, kept, bytes: packages.reduce((sum, { size }) => sum + size, 0) }
}
