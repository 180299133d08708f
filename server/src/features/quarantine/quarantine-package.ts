import { formatProviderAddress } from '@terrace/protocol/addresses.ts'
import { formatPlatform } from '@terrace/protocol/platforms.ts'
import { encodeJson } from '../../base/database/columns.ts'
import type { Db } from '../../base/database/open-database.ts'
import type { Deps } from '../../base/deps.ts'
import { RegistryError } from '../../base/errors.ts'
import { systemOrigin } from '../../base/http/edge-types.ts'
import { newId } from '../../base/ids.ts'
import { recordAudit } from '../audit/index.ts'
import { type Notice, notify } from '../notifications/index.ts'
import type { PackageDocument } from '../upstreams/index.ts'
import { findQuarantinedPackage, insertQuarantined, type PackageIdentity, updateQuarantined } from './quarantine-queries.ts'
import { type QuarantineStep, stepOf } from './quarantine-steps.ts'

type QuarantineDeps = Pick<Deps, 'database' | 'clock' | 'logger'>

/** What is verified, and on whose behalf. */
export interface QuarantineSubject {
  readonly wanted: PackageIdentity
  readonly document: PackageDocument
  /** Job that fetches it; without one, a client's request has asked for its list. */
  readonly jobId?: string
}

/** Runs a verification and keeps the evidence of what fails it; the failure goes on to the caller either way. */
export async function quarantineOnFailure<T>(deps: QuarantineDeps, subject: QuarantineSubject, verify: () => Promise<T>): Promise<T> {
  try {
    return await verify()
  } catch (error) {
    const step = error instanceof RegistryError ? stepOf(error.code) : undefined
    if (error instanceof RegistryError && step !== undefined) await quarantine(deps, subject, { error, step })
    throw error
  }
}

interface Finding {
  readonly error: RegistryError
  readonly step: QuarantineStep
}

async function quarantine(deps: QuarantineDeps, subject: QuarantineSubject, finding: Finding): Promise<void> {
  const { error, step } = finding
  const name = nameOf(subject.wanted)
  deps.logger.error({ package: name, step, code: error.code }, `package quarantined: ${error.message}`)
  await deps.database.db.transaction().execute((tx) => recordFinding(tx, deps.clock.now(), { subject, finding, name }))
}

interface NewFinding {
  readonly subject: QuarantineSubject
  readonly finding: Finding
  readonly name: string
}

/** What is found again is counted; what is found for the first time, or is another finding, is told and audited. */
async function recordFinding(tx: Db, at: number, { subject, finding, name }: NewFinding): Promise<void> {
  const { wanted, document, jobId = null } = subject
  const { error, step } = finding
  const found = {
    step,
    code: error.code,
    message: error.message,
    evidence: encodeJson({ ...error.detail, announced: announcedIn(document) }),
    upstreamUrl: document.downloadUrl,
    createdAt: at,
    jobId,
    releasedAt: null,
    releasedBy: null,
    releaseReason: null,
  }
  const row = { id: newId(), ...wanted.address, version: wanted.version, ...wanted.platform, ...found, firstSeenAt: at, attempts: 1 }
  if (!(await insertQuarantined(tx, row))) {
    const before = await findQuarantinedPackage(tx, wanted)
    const again = before?.code === error.code && before.message === error.message && before.releasedAt === null
    const counted = again ? { attempts: before.attempts + 1 } : { attempts: 1, firstSeenAt: at }
    if (before !== undefined) await updateQuarantined(tx, before.id, { ...found, ...counted })
    if (again) return
  }
  await notify(tx, {
    at,
    message: error.message,
    hint: 'Look at the evidence, then decide: terrace quarantine list',
    ...causeOf(step, wanted),
  })
  await recordAudit(tx, {
    at,
    origin: systemOrigin('mirror'),
    action: 'provider_package.quarantine',
    object: name,
    outcome: 'error',
    details: { step, code: error.code },
  })
}

/** What one finding is about: a key signs for a whole namespace and a list is of a whole version; nobody wants a letter per package. */
function causeOf(step: QuarantineStep, wanted: PackageIdentity): Pick<Notice, 'kind' | 'subject' | 'dedupeKey'> {
  const { address, version } = wanted
  const [name, ofVersion] = [nameOf(wanted), `${formatProviderAddress(address)} ${version}`]
  if (step === 'digest_change') return { kind: 'digest_changed', subject: ofVersion, dedupeKey: ofVersion }
  const kind = 'package_quarantined'
  if (step === 'signing_key') return { kind, subject: name, dedupeKey: `${step} ${address.hostname}/${address.namespace}` }
  return { kind, subject: name, dedupeKey: `${step} ${step === 'checksum' || step === 'content' ? name : ofVersion}` }
}

/** A package as people write it. */
export function nameOf({ address, version, platform }: PackageIdentity): string {
  return `${formatProviderAddress(address)} ${version} ${formatPlatform(platform)}`
}

function announcedIn(document: PackageDocument) {
  return {
    filename: document.filename,
    shasum: document.shasum,
    shasums_url: document.shasumsUrl,
    signature_url: document.signatureUrl,
    key_ids: document.signingKeys.map(({ keyId }) => keyId),
  }
}
