import type { ProviderAddress } from '@terrace/protocol/addresses.ts'
import { formatPlatform, type Platform } from '@terrace/protocol/platforms.ts'
import { expectedPackageFilename } from '@terrace/protocol/shasums.ts'
import { encodeJson } from '../../base/database/columns.ts'
import type { Db } from '../../base/database/open-database.ts'
import { RegistryError } from '../../base/errors.ts'
import type { Origin } from '../../base/http/edge-types.ts'
import { newId } from '../../base/ids.ts'
import type { SpooledFile } from '../../base/spool.ts'
import { recordAudit } from '../audit/index.ts'
import { withObjectClaims } from '../intake/index.ts'
import { claimNamespace, requireMayPublish } from '../namespaces/index.ts'
import {
  displayProvider,
  ensureProvider,
  findProvider,
  findProviderVersion,
  hasProviderInNamespace,
  insertProviderVersion,
  listPlatforms,
  lockProviderVersion,
  recordPackages,
  storageKeyOf,
  storePackages,
  updateShasums,
  type VerifiedPackage,
} from '../providers/index.ts'
import { trustSigningKey } from '../trust/index.ts'
import type { VerifiedSignature } from '../verification/index.ts'
import { checkPublish, type PublishPlan, type PublishState } from './check-publish.ts'
import type { PublishingDeps } from './publishing-deps.ts'
import { signRegistryShasums } from './sign-registry-shasums.ts'
import { type PublisherSignature, verifyPublisherSignature } from './verify-publisher-signature.ts'

export interface PublishProviderVersion {
  readonly by: Origin
  /** Its hostname is `SELF_HOSTNAME`. */
  readonly address: ProviderAddress
  /** Canonical semver. */
  readonly version: string
  /** Plugin protocol versions; `undefined` keeps those of an existing version and means `["5.0"]` for a new one. */
  readonly protocols: readonly string[] | undefined
  /** Web address of the repository. */
  readonly sourceUrl: string | undefined
  readonly packages: readonly { readonly platform: Platform; readonly file: SpooledFile }[]
  /** Absent: the registry signs with its own key. */
  readonly signed: PublisherSignature | undefined
}

export interface PublishedPlatform {
  readonly platform: Platform
  readonly filename: string
  /** Bytes. */
  readonly size: number
  readonly zh: string
  readonly h1: string
  /** `false` when the same bytes had been published before. */
  readonly created: boolean
}

export interface PublishedProviderVersion {
  readonly signedBy: string
  readonly signingKeyFingerprint: string
  /** The platforms of the request, not all of the version. */
  readonly platforms: readonly PublishedPlatform[]
}

const DEFAULT_PROTOCOLS = ['5.0']
const CLAIM_WAIT_MS = 10_000

/**
 * Publishes platforms of a provider version. A published package never changes: the same bytes again are fine, other bytes
 * are refused, for ever. After the promise resolves, the version survives a crash; after it rejects, nothing is visible.
 *
 * @throws {RegistryError} PROVIDER_VERSION_EXISTS, PROVIDER_VERSION_SEALED, PROVIDER_VERSION_DELETED, PUBLISH_IN_PROGRESS,
 *   NAMESPACE_CONFLICT, NAMESPACE_TAKEN, SCOPE_MISSING, INVALID_PACKAGE, INVALID_SHASUMS, INVALID_SIGNATURE, SIGNING_KEY_CONFLICT, STORAGE_FULL
 */
export async function publishProviderVersion(deps: PublishingDeps, input: PublishProviderVersion): Promise<PublishedProviderVersion> {
  const { db } = deps.database
  const change = { namespace: input.address.namespace, by: input.by, scope: 'providers:write' } as const
  await requireMayPublish(db, change)
  await refuseUpstreamNamespace(deps, input.address)
  const plan = checkPublish(deps, input, await readState(db, input))
  const signature = input.signed === undefined ? undefined : await verifyPublisherSignature(deps, input, input.signed)
  const verified = await inspectPackages(deps, input, plan)
  const created = new Set<string>()
  if (verified.length > 0) {
    const signedBy = await settleSigner(deps, input, signature)
    await storeMissing(deps, { input, verified, signedBy, created })
  }
  return describePublished(await readState(db, input), input, created)
}

/** Last of the checks, so that a key that signed something unusable is not pinned. `undefined`: the registry signs. */
async function settleSigner(
  deps: PublishingDeps,
  { address: provider }: PublishProviderVersion,
  signature: VerifiedSignature | undefined,
): Promise<string | undefined> {
  if (signature !== undefined) {
    const { key, signedAt } = signature
    await trustSigningKey(deps, { provider, key, signedAt, source: 'publisher' })
    return key.fingerprint
  }
  // Making the key takes a second and must not happen inside the transaction that signs with it.
  await deps.registrySigningKey.ensure()
  return undefined
}

interface MissingPackages {
  readonly input: PublishProviderVersion
  readonly verified: readonly VerifiedPackage[]
  readonly signedBy: string | undefined
  /** Filled with the platforms that this call added. */
  readonly created: Set<string>
}

/** Decides again with the claims held: somebody else may have published meanwhile. */
async function storeMissing(deps: PublishingDeps, { input, verified, signedBy, created }: MissingPackages): Promise<void> {
  const { db } = deps.database
  const keys = verified.map((item) => storageKeyOf(input, item))
  await withObjectClaims(db, { keys, waitMs: CLAIM_WAIT_MS }, async (claims) => {
    const plan = checkPublish(deps, input, await readState(db, input))
    const packages = verified.filter((item) => isWanted(plan, item))
    if (packages.length === 0) return
    const commit = (tx: Db) => recordVersion(deps, tx, { input, packages, signedBy })
    await storePackages(deps, claims, { ...input, packages, commit })
    for (const platform of plan.added) created.add(platform)
  })
}

async function refuseUpstreamNamespace({ config, database }: PublishingDeps, { namespace }: ProviderAddress): Promise<void> {
  const origin = config.providers.defaultHostname
  if (origin === '' || !(await hasProviderInNamespace(database.db, origin, namespace))) return
  throw new RegistryError(
    'NAMESPACE_CONFLICT',
    `Cannot publish in namespace "${namespace}": this registry answers for "${origin}/${namespace}" under the same name`,
    { hint: 'Choose another namespace, or unset "providers.default_hostname"' },
  )
}

async function readState(db: Db, { address, version }: PublishProviderVersion): Promise<PublishState> {
  const provider = await findProvider(db, address)
  const row = provider && (await findProviderVersion(db, provider.id, version))
  return { version: row, platforms: row === undefined ? [] : await listPlatforms(db, row.id) }
}

function isWanted({ added, repaired }: PublishPlan, { platform }: { readonly platform: Platform }): boolean {
  const key = formatPlatform(platform)
  return added.has(key) || repaired.has(key)
}

function inspectPackages(
  deps: PublishingDeps,
  { address, version, packages }: PublishProviderVersion,
  plan: PublishPlan,
): Promise<VerifiedPackage[]> {
  const { type } = address
  const wanted = packages.filter((item) => isWanted(plan, item))
  return Promise.all(
    wanted.map(async ({ platform, file }) => {
      const zh = `zh:${file.sha256}`
      const { h1 } = await deps.inspector.inspect(file.path, { type, strict: true, zh })
      const filename = expectedPackageFilename({ type, version, ...platform })
      return { platform, filename, path: file.path, size: file.size, sha256: file.sha256, h1, zh, upstreamUrl: null }
    }),
  )
}

interface VersionToRecord {
  readonly input: PublishProviderVersion
  readonly packages: readonly VerifiedPackage[]
  /** Fingerprint of the publisher's key; `undefined` when the registry signs. */
  readonly signedBy: string | undefined
}

async function recordVersion(deps: PublishingDeps, tx: Db, record: VersionToRecord): Promise<void> {
  const { input, packages } = record
  const at = deps.clock.now()
  const { versionId, created } = await ensureVersion(tx, record, at)
  const version = await lockProviderVersion(tx, versionId)
  // Somebody else may have published other platforms of the version since the claims were taken.
  if (!created) checkPublish(deps, input, { version, platforms: await listPlatforms(tx, version.id) })
  await recordPackages(tx, deps.store, { ...input, versionId: version.id, packages, at, createdBy: input.by.actor.name })
  if (version.signedBy === 'registry') {
    await updateShasums(tx, version.id, await signRegistryShasums(deps, tx, version.id))
  }
  await claimNamespace(tx, { namespace: input.address.namespace, by: input.by, scope: 'providers:write', at })
  await recordAudit(tx, {
    origin: input.by,
    at,
    action: 'provider_version.publish',
    object: `${displayProvider(input.address)} ${input.version}`,
    outcome: 'allowed',
    details: {
      platforms: Object.fromEntries(packages.map(({ platform, zh }) => [formatPlatform(platform), zh])),
      signed_by: version.signedBy,
    },
  })
}

interface EnsuredVersion {
  readonly versionId: string
  readonly created: boolean
}

async function ensureVersion(tx: Db, { input, signedBy }: VersionToRecord, at: number): Promise<EnsuredVersion> {
  const { address, version, signed } = input
  const providerId = await ensureProvider(tx, { id: newId(), ...address, sourceUrl: input.sourceUrl ?? null, createdAt: at })
  const created = await insertProviderVersion(tx, {
    id: newId(),
    providerId,
    version,
    protocols: encodeJson(input.protocols ?? DEFAULT_PROTOCOLS),
    origin: 'published',
    shasums: signed?.shasums ?? new Uint8Array(),
    shasumsSignature: signed?.signature ?? new Uint8Array(),
    signingKeyFingerprint: signedBy ?? '',
    signedBy: signed === undefined ? 'registry' : 'publisher',
    verificationWarning: null,
    createdAt: at,
    createdBy: input.by.actor.name,
    deprecatedAt: null,
    deprecationMessage: null,
    blockedAt: null,
    blockedReason: null,
    deletedAt: null,
  })
  const row = await findProviderVersion(tx, providerId, version)
  if (row === undefined) throw new Error(`Version ${version} vanished within its transaction`)
  return { versionId: row.id, created }
}

function describePublished(
  state: PublishState,
  { packages }: PublishProviderVersion,
  created: ReadonlySet<string>,
): PublishedProviderVersion {
  const { version, platforms } = state
  if (version === undefined) throw new Error('A version vanished after it was published')
  const wanted = new Set(packages.map(({ platform }) => formatPlatform(platform)))
  return {
    signedBy: version.signedBy,
    signingKeyFingerprint: version.signingKeyFingerprint,
    platforms: platforms
      .filter((row) => wanted.has(formatPlatform(row)))
      .map((row) => ({
        platform: { os: row.os, arch: row.arch },
        filename: row.filename,
        size: row.size,
        zh: row.zh,
        h1: row.h1,
        created: created.has(formatPlatform(row)),
      })),
  }
}
