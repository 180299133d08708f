import { formatModuleAddress, type ModuleAddress, moduleKey } from '@terrace/protocol/module-addresses.ts'
import { encodeJson } from '../../../base/database/columns.ts'
import type { Db } from '../../../base/database/open-database.ts'
import { RegistryError } from '../../../base/errors.ts'
import type { Origin } from '../../../base/http/edge-types.ts'
import { newId } from '../../../base/ids.ts'
import type { SpooledFile } from '../../../base/spool.ts'
import { moduleArchiveKey } from '../../../base/storage/object-keys.ts'
import { recordAudit } from '../../audit/index.ts'
import { storeObjects, withObjectClaims } from '../../intake/index.ts'
import type { ModuleAnalysis } from '../../module-analysis/index.ts'
import type { CanonicalModule } from '../../module-archives/index.ts'
import { claimNamespace, requireMayPublish } from '../../namespaces/index.ts'
import { indexPublishedModule } from '../index-module.ts'
import {
  ensureModule,
  findModule,
  findModuleVersion,
  findModuleVersionByStorageKey,
  insertModuleVersion,
  type ModuleVersionRow,
  updateModule,
  updateModuleVersion,
} from '../module-queries.ts'
import type { ModulesDeps } from '../modules-deps.ts'

export interface PublishModuleVersion {
  readonly by: Origin
  readonly address: ModuleAddress
  /** Canonical semver without build metadata. */
  readonly version: string
  readonly description: string | undefined
  /** Web address of the repository. */
  readonly sourceUrl: string | undefined
  /** `.tar.gz` or `.zip`, as received. */
  readonly file: SpooledFile
}

export interface PublishedModuleVersion {
  /** Of the stored archive. */
  readonly sha256: string
  /** Of its content before compression; what two publishes of a version are compared by. */
  readonly contentSha256: string
  /** Bytes of the stored archive. */
  readonly size: number
  /** `false` when the same content had been published before, also when its archive had to be restored. */
  readonly created: boolean
  /** What could not be analysed; the version is published all the same. */
  readonly problems: ModuleAnalysis['problems']
}

const CLAIM_WAIT_MS = 10_000

/**
 * Publishes one version of a module. What is stored is a canonical archive, so the same content is the same bytes whatever it was
 * packed with. A published version never changes: the same content again is fine, other content is refused, for ever.
 *
 * @throws {RegistryError} SCOPE_MISSING, NAMESPACE_TAKEN, MODULE_VERSION_EXISTS, MODULE_VERSION_DELETED, INVALID_MODULE_ARCHIVE, PUBLISH_IN_PROGRESS, STORAGE_FULL
 */
export async function publishModuleVersion(deps: ModulesDeps, input: PublishModuleVersion): Promise<PublishedModuleVersion> {
  const change = { namespace: input.address.namespace, by: input.by, scope: 'modules:write' } as const
  await requireMayPublish(deps.database.db, change)
  const canonicalFile = await deps.spool.reserve()
  try {
    const archive = await deps.archiver.canonicalise(input.file.path, canonicalFile.path)
    const analysis = await deps.analyser.analyse(canonicalFile.path)
    const key = moduleArchiveKey(input.address, input.version)
    const { contentSha256 } = archive
    const stored = await withObjectClaims(deps.database.db, { keys: [key], waitMs: CLAIM_WAIT_MS }, async (claims) => {
      const state = await readState(deps.database.db, input)
      if (state !== undefined && !isMissing(state, { input, contentSha256 })) return { ...factsOf(state), created: false }
      await storeObjects(deps, claims, {
        objects: [{ key, path: canonicalFile.path, size: archive.size, sha256: archive.sha256 }],
        isOwned: async (db, storageKey) => (await findModuleVersionByStorageKey(db, storageKey))?.damagedAt === null,
        commit: (tx) => recordVersion(deps, tx, { input, archive, analysis, key }),
      })
      return { ...factsOf(archive), created: state === undefined }
    })
    return { ...stored, contentSha256, problems: analysis.problems }
  } finally {
    await canonicalFile.discard()
  }
}

async function readState(db: Db, { address, version }: PublishModuleVersion): Promise<ModuleVersionRow | undefined> {
  const module = await findModule(db, address)
  return module && (await findModuleVersion(db, module.id, version))
}

function factsOf({ sha256, size }: { readonly sha256: string; readonly size: number }) {
  return { sha256, size }
}

/** Whether the archive is to be stored again; a damaged one is replaced by the same content. */
function isMissing(
  row: ModuleVersionRow,
  { input, contentSha256 }: { readonly input: PublishModuleVersion; readonly contentSha256: string },
): boolean {
  const name = `${formatModuleAddress(input.address)} ${input.version}`
  if (row.deletedAt !== null) {
    throw new RegistryError('MODULE_VERSION_DELETED', `Cannot publish "${name}": it was withdrawn and its number stays taken`, {
      hint: 'Publish a new version',
    })
  }
  if (row.contentSha256 === contentSha256) return row.damagedAt !== null
  throw new RegistryError('MODULE_VERSION_EXISTS', `Cannot publish "${name}": it is immutable and has other content`, {
    hint: 'Publish a new version',
    detail: { published: `sha256:${row.contentSha256}`, offered: `sha256:${contentSha256}` },
  })
}

interface VersionToRecord {
  readonly input: PublishModuleVersion
  readonly archive: CanonicalModule
  readonly analysis: ModuleAnalysis
  readonly key: string
}

async function recordVersion(deps: ModulesDeps, tx: Db, { input, archive, analysis, key }: VersionToRecord): Promise<void> {
  const { address, version, by } = input
  const at = deps.clock.now()
  const names = moduleKey(address)
  const module = await ensureModule(tx, {
    id: newId(),
    ...address,
    namespaceKey: names.namespace,
    nameKey: names.name,
    description: input.description ?? '',
    sourceUrl: input.sourceUrl ?? null,
    createdAt: at,
    deprecatedAt: null,
    deprecationMessage: null,
    successor: null,
  })
  await updateModule(tx, module.id, {
    ...(input.description !== undefined && { description: input.description }),
    ...(input.sourceUrl !== undefined && { sourceUrl: input.sourceUrl }),
  })
  const { root, ...rest } = analysis
  const { readme, ...withoutReadme } = root
  const inserted = await insertModuleVersion(tx, {
    id: newId(),
    moduleId: module.id,
    version,
    size: archive.size,
    sha256: archive.sha256,
    contentSha256: archive.contentSha256,
    storageBackend: deps.store.id,
    storageKey: key,
    readme: readme?.markdown ?? '',
    analysis: encodeJson({ ...rest, root: withoutReadme }),
    commitSha: archive.commit ?? null,
    createdAt: at,
    createdBy: by.actor.name,
    deprecatedAt: null,
    deprecationMessage: null,
    successor: null,
    damagedAt: null,
    deletedAt: null,
    deletedReason: null,
  })
  if (!inserted) await reviveVersion(tx, module.id, { version, archive })
  await indexPublishedModule(tx, module.id)
  await claimNamespace(tx, { namespace: names.namespace, by, scope: 'modules:write', at })
  await recordAudit(tx, {
    at,
    origin: by,
    action: 'module_version.publish',
    object: `${formatModuleAddress(address)} ${version}`,
    outcome: 'allowed',
    details: { sha256: archive.sha256, size: archive.size },
  })
}

/** The same content may have been compressed to other bytes than before. */
async function reviveVersion(
  tx: Db,
  moduleId: string,
  { version, archive }: { readonly version: string; readonly archive: CanonicalModule },
): Promise<void> {
  const row = await findModuleVersion(tx, moduleId, version)
  if (row === undefined) throw new Error(`Version ${version} vanished within its transaction`)
  await updateModuleVersion(tx, row.id, { damagedAt: null, sha256: archive.sha256, size: archive.size })
}
