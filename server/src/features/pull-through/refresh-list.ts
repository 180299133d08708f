import { formatProviderAddress, type ProviderAddress } from '@terrace/protocol/addresses.ts'
import { RegistryError } from '../../base/errors.ts'
import { withObjectClaims } from '../intake/index.ts'
import type { PullThroughDeps } from './pull-through-deps.ts'
import { explainUpstreamFailure, type FailedStep, upstreamFailure } from './upstream-failures.ts'
import { findVersionList, type StoredVersionList, saveVersionList } from './version-list-queries.ts'
import { withinTime } from './within-time.ts'

export type RefreshDeps = Pick<PullThroughDeps, 'config' | 'database' | 'clock' | 'upstreams'>

export interface ListRefresh {
  readonly address: ProviderAddress
  /** For another process that is asking the upstream already, and then for the upstream. */
  readonly waitMs: number
  /** A stored list that is younger is as good as a new one. */
  readonly acceptAgeMs: number
}

/** A failure that came sooner may be the connection's alone. */
const QUICK_FAILURE_MS = 2_000

/**
 * Asks the upstream for its versions and stores them; over all processes one asks, and the others take what it got.
 * `undefined`: the upstream has no such provider, and never had while we knew it.
 * @throws {RegistryError} UPSTREAM_UNAVAILABLE, UPSTREAM_RATE_LIMITED, UPSTREAM_REFUSED
 */
export async function refreshList(deps: RefreshDeps, refresh: ListRefresh): Promise<StoredVersionList | undefined> {
  const { address, waitMs, acceptAgeMs } = refresh
  const { db } = deps.database
  // A claim is a lease by the database's clock, whatever its key stands for.
  const keys = [`version-lists/${formatProviderAddress(address)}`]
  try {
    return await withObjectClaims(db, { keys, waitMs }, async () => {
      const stored = await findVersionList(db, address)
      return stored !== undefined && stored.ageMs < acceptAgeMs ? stored : await fetchList(deps, refresh, stored !== undefined)
    })
  } catch (error) {
    throw explainFailure(error, address)
  }
}

async function fetchList(deps: RefreshDeps, { address, waitMs }: ListRefresh, isStored: boolean): Promise<StoredVersionList | undefined> {
  const asking = listVersions(deps, { address, waitMs })
  const offered = await withinTime(asking, waitMs, () => listTimeout(address, waitMs))
  if (offered === undefined && !isStored) return undefined
  const versions = offered ?? []
  await saveVersionList(deps.database.db, address, versions)
  return { versions, ageMs: 0 }
}

/** `undefined` when the upstream has no such provider. */
async function listVersions({ upstreams }: RefreshDeps, { address, waitMs }: { address: ProviderAddress; waitMs: number }) {
  const ask = (timeoutMs: number) => upstreams.listVersions(address, { timeoutMs }).catch(unlessMissing)
  const startedAt = performance.now()
  try {
    return await ask(waitMs)
  } catch (error) {
    const tookMs = performance.now() - startedAt
    const isPassing = error instanceof RegistryError && error.code === 'UPSTREAM_UNAVAILABLE'
    if (!isPassing || tookMs > Math.min(QUICK_FAILURE_MS, waitMs / 4)) throw error
    return await ask(waitMs - tookMs)
  }
}

function unlessMissing(error: unknown): undefined {
  if (!(error instanceof RegistryError) || error.code !== 'PROVIDER_NOT_FOUND') throw error
}

/** What waits for a version list, for messages. */
export function listStep(address: ProviderAddress): FailedStep {
  return { action: `list the versions of "${formatProviderAddress(address)}"`, hostname: address.hostname, step: 'version_list' }
}

/** The upstream has not answered in time. */
export function listTimeout(address: ProviderAddress, waitMs: number): RegistryError {
  return upstreamFailure('UPSTREAM_UNAVAILABLE', listStep(address), { state: `no answer within ${waitMs / 1000} seconds` })
}

function explainFailure(error: unknown, address: ProviderAddress): unknown {
  const busy = error instanceof RegistryError && error.code === 'PUBLISH_IN_PROGRESS'
  if (busy)
    return upstreamFailure('UPSTREAM_UNAVAILABLE', listStep(address), { state: 'it has not answered another process yet', cause: error })
  return error instanceof RegistryError && error.detail?.step === 'version_list' ? error : explainUpstreamFailure(error, listStep(address))
}
