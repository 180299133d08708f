import { AddressError, type ProviderAddress, parseProviderAddress } from '@terrace/protocol/addresses.ts'
import { canonicalVersion } from '@terrace/protocol/versions.ts'
import { encodeJson } from '../../../base/database/columns.ts'
import { RegistryError } from '../../../base/errors.ts'
import type { Origin } from '../../../base/http/edge-types.ts'
import { newId } from '../../../base/ids.ts'
import type { NewJobItem } from '../../../base/queue/job-queue.ts'
import { recordAudit } from '../../audit/index.ts'
import { settingsOf } from '../find-mirror.ts'
import type { MirrorConfigurationDeps } from '../mirror-deps.ts'
import type { MirrorRow } from '../mirror-queries.ts'
import { LIST_NAMESPACE, type ListNamespaceInput, resolveItem } from './run-items.ts'
import { claimRun, insertRun } from './run-queries.ts'

/** What a run is limited to; `version` goes with a provider only. */
export interface RunScope {
  /** `namespace/type` */
  readonly provider?: string | undefined
  readonly version?: string | undefined
}

/** A run that is to be started. */
export interface RunWish {
  readonly row: MirrorRow
  readonly because: 'schedule' | 'manual'
  readonly by: Origin
  /** Canonical: see `checkScope`. */
  readonly scope: RunScope
}

type StartDeps = Pick<MirrorConfigurationDeps, 'database' | 'clock' | 'queue'>

const HOUR_MS = 60 * 60 * 1000

/**
 * Starts a run: claims it, queues its job and writes its row in one transaction, so that over all replicas there is one or none.
 * The row must be as it was read just before. Answers the job's id; `undefined` when somebody else was faster, when one is under
 * way, or when the schedule finds it not due.
 */
export function startRun(deps: StartDeps, { row, because, by, scope }: RunWish): Promise<string | undefined> {
  const { database, clock, queue } = deps
  const at = clock.now()
  return database.db.transaction().execute(async (tx) => {
    const nextRunAt = at + row.intervalHours * HOUR_MS
    const claimed = await claimRun(tx, { id: row.id, runNumber: row.runNumber, nextRunAt, ...(because === 'schedule' && { dueAt: at }) })
    if (!claimed) return undefined
    const items = listItems(row, scope)
    const jobId = await queue.createJob(tx, { kind: 'mirror.sync', title: titleOf(row, scope), createdBy: by.actor.name, items })
    await insertRun(tx, {
      id: newId(),
      mirrorId: row.id,
      runNumber: row.runNumber + 1,
      jobId,
      startedBecause: because,
      startedBy: by.actor.name,
      scope: encodeJson(scope),
      startedAt: at,
      finishedAt: null,
      state: 'running',
      packages: 0,
      fetched: 0,
      failed: 0,
      bytes: 0,
      errors: '[]',
    })
    await recordAudit(tx, { at, origin: by, action: 'mirror.sync', object: row.name, details: { job: jobId, because, ...scope } })
    return jobId
  })
}

function titleOf({ name }: MirrorRow, { provider, version }: RunScope): string {
  return ['Sync mirror', name, ...(provider === undefined ? [] : [provider]), ...(version === undefined ? [] : [version])].join(' ')
}

function listItems(row: MirrorRow, scope: RunScope): NewJobItem[] {
  const { hostname, namespaces, providers } = settingsOf(row)
  if (scope.provider !== undefined) return [resolveItem(row.id, addressOf(hostname, scope.provider), scope.version)]
  const lists = namespaces.map((namespace) => {
    const input: ListNamespaceInput = { mirrorId: row.id, hostname, namespace }
    return { kind: LIST_NAMESPACE, key: `list ${hostname}/${namespace}`, input }
  })
  return [...lists, ...providers.map((provider) => resolveItem(row.id, addressOf(hostname, provider), undefined))]
}

function addressOf(hostname: string, provider: string): ProviderAddress {
  const [namespace = '', type = ''] = provider.split('/')
  return { hostname, namespace, type }
}

/**
 * Checks what a run shall be limited to and brings it into canonical form.
 * @throws {RegistryError} RULE_BROKEN when the mirror does not have it.
 */
export function checkScope(row: MirrorRow, { provider, version }: RunScope): RunScope {
  const refuse = (state: string) => new RegistryError('RULE_BROKEN', `Cannot limit a run of mirror "${row.name}": ${state}`)
  if (provider === undefined) {
    if (version !== undefined) throw refuse('a version needs its provider')
    return {}
  }
  const { hostname, namespaces, providers } = settingsOf(row)
  const address = parseScopeProvider(provider, hostname)
  const name = address && `${address.namespace}/${address.type}`
  const covered = address?.hostname === hostname && (namespaces.includes(address.namespace) || providers.includes(name ?? ''))
  if (!covered) throw refuse(`it does not mirror "${provider}"`)
  if (version === undefined) return { provider: name }
  const canonical = canonicalVersion(version)
  if (canonical === undefined) throw refuse(`"${version}" is no version`)
  return { provider: name, version: canonical }
}

function parseScopeProvider(text: string, hostname: string): ProviderAddress | undefined {
  try {
    return parseProviderAddress(text, { defaultHostname: hostname })
  } catch (error) {
    if (error instanceof AddressError) return undefined
    throw error
  }
}
