import { formatProviderAddress } from '@terrace/protocol/addresses.ts'
import { formatPlatform } from '@terrace/protocol/platforms.ts'
import { decodeJson, encodeJson } from '../../base/database/columns.ts'
import type { Db } from '../../base/database/open-database.ts'
import { type Origin, systemOrigin } from '../../base/http/edge-types.ts'
import { newId } from '../../base/ids.ts'
import { recordAudit } from '../audit/index.ts'
import {
  ensureProvider,
  findProviderVersion,
  insertProviderVersion,
  lockProviderVersion,
  recordPackages,
  updateShasums,
  updateVersionFlags,
  type VerifiedPackage,
} from '../providers/index.ts'
import { deleteQuarantinedPackage, type PackageIdentity } from '../quarantine/index.ts'
import type { PackageDocument } from '../upstreams/index.ts'
import { refuseChangedDigests } from './digests/changed-digests.ts'
import type { MirrorDeps } from './mirror-deps.ts'
import type { VerifiedShasums } from './verified-shasums.ts'

/** A package whose digest is on a list that was verified. */
export interface MirroredPackage {
  readonly wanted: PackageIdentity
  readonly document: Pick<PackageDocument, 'protocols'>
  readonly list: VerifiedShasums
  readonly item: VerifiedPackage
  readonly createdBy: string
  /** Who has carried it here; without one, a job has fetched it. */
  readonly importedBy?: Origin
  /** Default: what the list says. */
  readonly provenance?: 'verified' | 'unsigned'
}

/** Makes a verified package visible, within the transaction that gives its claim back. */
export async function recordMirroredPackage(deps: MirrorDeps, tx: Db, input: MirroredPackage): Promise<void> {
  const { wanted, list, item, createdBy, importedBy } = input
  const at = deps.clock.now()
  const version = await lockProviderVersion(tx, await ensureMirroredVersion(tx, input, at))
  await refuseChangedDigests(tx, wanted, list)
  if (!Buffer.from(version.shasums).equals(list.shasums) || version.provenance !== provenanceOf(input)) {
    await updateShasums(tx, version.id, columnsOf(input))
  }
  if (version.deletedAt !== null) await updateVersionFlags(tx, version.id, { deletedAt: null })
  await recordPackages(tx, deps.store, { ...wanted, versionId: version.id, packages: [item], at, createdBy })
  await deleteQuarantinedPackage(tx, wanted)
  await recordAudit(tx, {
    at,
    origin: importedBy ?? systemOrigin('mirror'),
    action: importedBy === undefined ? 'provider_package.mirror' : 'provider_package.import',
    object: `${formatProviderAddress(wanted.address)} ${wanted.version} ${formatPlatform(wanted.platform)}`,
    details: { zh: item.zh, signed_by: list.fingerprint, job_of: createdBy, ...acceptedIn(item) },
  })
}

const provenanceOf = ({ provenance, list }: MirroredPackage): 'verified' | 'unsigned' => provenance ?? list.provenance ?? 'verified'

/** What a version says of its list. One that was taken without a signature becomes a verified one when a good signature comes. */
function columnsOf(input: MirroredPackage) {
  const { shasums, signature, fingerprint, warning, provenance } = input.list
  return {
    shasums,
    shasumsSignature: signature,
    signingKeyFingerprint: fingerprint,
    signedBy: provenance === 'unsigned' ? 'registry' : 'upstream',
    provenance: provenanceOf(input),
    verificationWarning: warning ?? null,
  }
}

/** What an administrator has let pass. */
function acceptedIn({ acceptedFindings }: VerifiedPackage) {
  return typeof acceptedFindings === 'string' ? { accepted: decodeJson<object>(acceptedFindings) } : {}
}

async function ensureMirroredVersion(tx: Db, input: MirroredPackage, at: number): Promise<string> {
  const { wanted, document, createdBy } = input
  const providerId = await ensureProvider(tx, { id: newId(), ...wanted.address, sourceUrl: null, createdAt: at })
  await insertProviderVersion(tx, {
    id: newId(),
    providerId,
    version: wanted.version,
    protocols: encodeJson(document.protocols),
    origin: 'mirrored',
    ...columnsOf(input),
    createdAt: at,
    createdBy,
    deprecatedAt: null,
    deprecationMessage: null,
    blockedAt: null,
    blockedReason: null,
    digestsCheckedAt: at,
    deletedAt: null,
  })
  const row = await findProviderVersion(tx, providerId, wanted.version)
  if (row === undefined) throw new Error(`Version ${wanted.version} vanished within its transaction`)
  return row.id
}
