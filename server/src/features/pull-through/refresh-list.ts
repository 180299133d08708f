import { RegistryError } from '../../base/errors.ts'
import { withObjectClaims } from '../intake/index.ts'
import type { ListedVersion, ListSource, OfUpstream, StoredVersionList } from './list-source.ts'
import type { PullThroughDeps } from './pull-through-deps.ts'
import { explainUpstreamFailure, type FailedStep, upstreamFailure } from './upstream-failures.ts'
import { withinTime } from './within-time.ts'

export type RefreshDeps = Pick<PullThroughDeps, 'config' | 'database' | 'clock'>

export interface ListRefresh<Address> {
  readonly address: Address
  /** For another process that is asking the upstream already, and then for the upstream. */
  readonly waitMs: number
  /** A stored list that is younger is as good as a new one. */
  readonly acceptAgeMs: number
}

/** A failure that came sooner may be the connection's alone. */
const QUICK_FAILURE_MS = 2_000

/**
 * Asks the upstream for its versions and stores them; over all processes one asks, and the others take what it got.
 * `undefined`: the upstream has nothing of this name, and never had while we knew it.
 * @throws {RegistryError} UPSTREAM_UNAVAILABLE, UPSTREAM_RATE_LIMITED, UPSTREAM_REFUSED
 */
export async function refreshList<Address extends OfUpstream, Version extends ListedVersion>(
  deps: RefreshDeps,
  source: ListSource<Address, Version>,
  refresh: ListRefresh<Address>,
): Promise<StoredVersionList<Version> | undefined> {
  const { address, waitMs, acceptAgeMs } = refresh
  const { db } = deps.database
  // A claim is a lease by the database's clock, whatever its key stands for.
  const keys = [`${source.claimPrefix}/${source.keyOf(address)}`]
  try {
    return await withObjectClaims(db, { keys, waitMs }, async () => {
      const stored = await source.find(db, address)
      if (stored !== undefined && stored.ageMs < acceptAgeMs) return stored
      const known = stored?.address ?? address
      const asking = askSource(source, { ...refresh, address: known })
      const offered = await withinTime(asking, waitMs, () => listTimeout(source, address, waitMs))
      if (offered === undefined && stored === undefined) return undefined
      const versions = offered ?? []
      await source.save(db, known, versions)
      return { versions, ageMs: 0 }
    })
  } catch (error) {
    throw explainFailure(error, listStep(source, address))
  }
}

async function askSource<Address extends OfUpstream, Version extends ListedVersion>(
  source: ListSource<Address, Version>,
  { address, waitMs }: ListRefresh<Address>,
): Promise<readonly Version[] | undefined> {
  const startedAt = performance.now()
  try {
    return await source.ask(address, { timeoutMs: waitMs })
  } catch (error) {
    const tookMs = performance.now() - startedAt
    const isPassing = error instanceof RegistryError && error.code === 'UPSTREAM_UNAVAILABLE'
    if (!isPassing || tookMs > Math.min(QUICK_FAILURE_MS, waitMs / 4)) throw error
    return await source.ask(address, { timeoutMs: waitMs - tookMs })
  }
}

type NamedSource<Address> = Pick<ListSource<Address & OfUpstream, ListedVersion>, 'nameOf'>

/** What waits for a version list, for messages. */
function listStep<Address extends OfUpstream>({ nameOf }: NamedSource<Address>, address: Address): FailedStep {
  return { action: `list the versions of "${nameOf(address)}"`, hostname: address.hostname, step: 'version_list' }
}

/** The upstream has not answered in time. */
export function listTimeout<Address extends OfUpstream>(source: NamedSource<Address>, address: Address, waitMs: number): RegistryError {
  return upstreamFailure('UPSTREAM_UNAVAILABLE', listStep(source, address), { state: `no answer within ${waitMs / 1000} seconds` })
}

function explainFailure(error: unknown, step: FailedStep): unknown {
  const busy = error instanceof RegistryError && error.code === 'PUBLISH_IN_PROGRESS'
  if (busy) return upstreamFailure('UPSTREAM_UNAVAILABLE', step, { state: 'it has not answered another process yet', cause: error })
  return error instanceof RegistryError && error.detail?.step === 'version_list' ? error : explainUpstreamFailure(error, step)
}
