import type { Db } from '../../base/database/open-database.ts'
import type { Deps } from '../../base/deps.ts'
import { RegistryError } from '../../base/errors.ts'
import type { Origin } from '../../base/http/edge-types.ts'
import type { WakeUp } from '../../base/queue/wake-up.ts'
import { recordAudit } from '../audit/index.ts'
import {
  deleteQuarantined,
  findQuarantined,
  forgetShownDigests,
  type PackageIdentity,
  type QuarantinedPackageRow,
  updateQuarantined,
} from './quarantine-queries.ts'
import { nameOfRow } from './quarantine-views.ts'
import { judgeRelease } from './release-rules.ts'

/** What decisions need of the server. */
export interface DecideDeps extends Pick<Deps, 'database' | 'clock' | 'config'> {
  readonly jobs: WakeUp
}

/** Adds a job that fetches one package, whatever happened to it before; answers its id. */
export type QueueFetch = (
  tx: Db,
  fetch: { readonly wanted: PackageIdentity; readonly kind: string; readonly purpose: string; readonly createdBy: string },
) => Promise<string>

/** Who decides, and how the package is fetched. */
export interface Decision {
  readonly id: string
  readonly by: Origin
  readonly queueFetch: QueueFetch
}

/** @throws {RegistryError} QUARANTINE_NOT_FOUND */
export async function requireQuarantined(db: Db, id: string, intent: string): Promise<QuarantinedPackageRow> {
  const row = await findQuarantined(db, id)
  if (row !== undefined) return row
  throw new RegistryError('QUARANTINE_NOT_FOUND', `Cannot ${intent} quarantined package "${id}": there is no such package`, {
    hint: 'List what is there: terrace quarantine list',
  })
}

/** Has the package fetched and checked once more, with every check; answers the id of the job. @throws {RegistryError} QUARANTINE_NOT_FOUND */
export async function retryQuarantined(deps: DecideDeps, { id, by, queueFetch }: Decision): Promise<string> {
  const jobId = await deps.database.db.transaction().execute(async (tx) => {
    const row = await requireQuarantined(tx, id, 'retry')
    const job = await queueFetch(tx, { ...fetchOf(row, by), kind: 'provider.retry_quarantined', purpose: 'Try again' })
    await audit(tx, deps, { action: 'quarantine.retry', row, by, details: { job } })
    return job
  })
  deps.jobs.wake()
  return jobId
}

/**
 * Lets a finding pass, and has the package fetched again with every other check. One about the content passes for exactly the bytes in
 * which it was found, and the decision stays with the package. For a digest that changed before anything was held, the old one is
 * forgotten. Answers the id of the job.
 * @throws {RegistryError} QUARANTINE_NOT_FOUND, QUARANTINE_NOT_RELEASABLE
 */
export async function releaseQuarantined(
  deps: DecideDeps,
  { id, by, queueFetch, reason }: Decision & { readonly reason: string },
): Promise<string> {
  const jobId = await deps.database.db.transaction().execute(async (tx) => {
    const row = await requireQuarantined(tx, id, 'release')
    const { releasable, nextStep } = judgeRelease(row)
    if (!releasable) throw notReleasable(row, nextStep)
    if (row.step === 'digest_change') await forgetShownDigests(tx, row)
    await updateQuarantined(tx, id, { releasedAt: deps.clock.now(), releasedBy: by.actor.name, releaseReason: reason })
    const job = await queueFetch(tx, { ...fetchOf(row, by), kind: 'provider.release_quarantined', purpose: 'Release' })
    const { step, message } = row
    await audit(tx, deps, { action: 'quarantine.release', row, by, details: { reason, step, message, job } })
    return job
  })
  deps.jobs.wake()
  return jobId
}

function notReleasable(row: QuarantinedPackageRow, hint: string): RegistryError {
  return new RegistryError('QUARANTINE_NOT_RELEASABLE', `Cannot release "${nameOfRow(row)}": it failed the check of its ${row.step}`, {
    hint,
    detail: { step: row.step, code: row.code },
  })
}

/** Removes the entry: the next run or client tries again. @throws {RegistryError} QUARANTINE_NOT_FOUND */
export async function removeQuarantined(deps: DecideDeps, id: string, by: Origin): Promise<void> {
  await deps.database.db.transaction().execute(async (tx) => {
    const row = await requireQuarantined(tx, id, 'delete')
    if (!(await deleteQuarantined(tx, id))) return
    const { step, code, message } = row
    await audit(tx, deps, { action: 'quarantine.delete', row, by, details: { step, code, message } })
  })
}

function fetchOf({ hostname, namespace, type, version, os, arch }: QuarantinedPackageRow, by: Origin) {
  return { wanted: { address: { hostname, namespace, type }, version, platform: { os, arch } as const }, createdBy: by.actor.name }
}

interface AuditedDecision {
  readonly action: string
  readonly row: QuarantinedPackageRow
  readonly by: Origin
  readonly details: Readonly<Record<string, unknown>>
}

function audit(tx: Db, { clock }: DecideDeps, { action, row, by, details }: AuditedDecision): Promise<void> {
  return recordAudit(tx, { at: clock.now(), origin: by, action, object: nameOfRow(row), details: { id: row.id, ...details } })
}
