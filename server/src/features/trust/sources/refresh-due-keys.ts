import type { UnixMs } from '../../../base/clock.ts'
import { RegistryError } from '../../../base/errors.ts'
import { type Origin, systemOrigin } from '../../../base/http/edge-types.ts'
import { newId } from '../../../base/ids.ts'
import { formatKeyScope } from '../key-scope.ts'
import type { RefreshDeps } from '../trust-deps.ts'
import { ensureKeySource, takeKeySource, updateKeySource } from './key-source-queries.ts'
import { describeSource, type KeySource, listKeySources } from './key-sources.ts'
import { type RefreshOutcome, refreshKey } from './refresh-key.ts'

/** How the refresh of one source went. */
export interface SourceRefresh {
  readonly source: KeySource
  readonly outcome: RefreshOutcome | 'failed'
  readonly fingerprint: string | undefined
  /** Why it failed. */
  readonly error: RegistryError | undefined
}

const HOUR_MS = 3_600_000

/**
 * Refreshes the keys whose time has come, of upstreams that are mirrored; each once over all processes. A sealed server asks nobody.
 * After a failure it is tried again an hour later, which is as long as any server may ask us to wait.
 */
export async function refreshDueKeys(
  deps: RefreshDeps,
  mirroredHosts: () => Promise<ReadonlySet<string>>,
): Promise<readonly SourceRefresh[]> {
  const { config, database, clock } = deps
  const sources = config.mirror.sealed ? [] : listKeySources(config)
  if (sources.length === 0) return []
  const hosts = await mirroredHosts()
  const done: SourceRefresh[] = []
  for (const source of sources.filter(({ hostname }) => hosts.has(hostname))) {
    const now = clock.now()
    const nextAt = now + config.mirror.signingKeyRefreshHours * HOUR_MS
    await ensureSource(deps, source, now)
    if (await takeKeySource(database.db, nameOf(source), { now, nextAt }))
      done.push(await refreshSource(deps, source, systemOrigin('trust')))
  }
  return done
}

/** Refreshes the keys of a scope, or of every source, because somebody wants it now. */
export async function refreshNow(deps: RefreshDeps, sources: readonly KeySource[], by: Origin): Promise<readonly SourceRefresh[]> {
  const done: SourceRefresh[] = []
  for (const source of sources) {
    await ensureSource(deps, source, deps.clock.now())
    done.push(await refreshSource(deps, source, by))
  }
  return done
}

const nameOf = (source: KeySource) => ({ scope: formatKeyScope(source), url: source.url })

async function ensureSource({ database }: RefreshDeps, source: KeySource, nextAt: UnixMs): Promise<void> {
  await ensureKeySource(database.db, { id: newId(), ...nameOf(source), nextAt, checkedAt: null, succeededAt: null, failure: null })
}

async function refreshSource(deps: RefreshDeps, source: KeySource, by: Origin): Promise<SourceRefresh> {
  const { database, clock, config, logger } = deps
  try {
    const { outcome, fingerprint } = await refreshKey(deps, source, by)
    const at = clock.now()
    const nextAt = at + config.mirror.signingKeyRefreshHours * HOUR_MS
    await updateKeySource(database.db, nameOf(source), { checkedAt: at, succeededAt: at, failure: null, nextAt })
    return { source, outcome, fingerprint, error: undefined }
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error
    logger.warn({ source: describeSource(source), code: error.code }, `signing key not refreshed: ${error.message}`)
    const at = clock.now()
    await updateKeySource(database.db, nameOf(source), { checkedAt: at, failure: error.message, nextAt: at + HOUR_MS })
    return { source, outcome: 'failed', fingerprint: undefined, error }
  }
}
