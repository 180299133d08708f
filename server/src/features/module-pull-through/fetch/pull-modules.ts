import { LRUCache } from 'lru-cache'
import type { UnixMs } from '../../../base/clock.ts'
import { RegistryError } from '../../../base/errors.ts'
import type { NewJob } from '../../../base/queue/job-queue.ts'
import { upstreamModuleKey } from '../../../base/storage/object-keys.ts'
import { explainUpstreamFailure, type PullKind } from '../../pull-through/index.ts'
import type { UpstreamModule } from '../../upstreams/index.ts'
import { findHeldByStorageKey } from '../held/held-module-queries.ts'
import type { ModulePullDeps } from '../module-pull-deps.ts'
import { type GitModuleSource, type ModuleSource, UnsupportedSource } from '../sources/module-source.ts'
import { parseModuleSource } from '../sources/parse-module-source.ts'
import { explainFetch, isFinalFailure, stepOf, unusableSource } from '../sources/source-failures.ts'
import { formatUpstreamModule, keyOfVersion, type ModuleIdentity } from '../upstream-module.ts'

/** Items of this kind have workers of their own: somebody waits for them. */
export const PULL_MODULE = 'module.pull'

/** Plain JSON. The source is settled before the job is made, so that whoever waits knows the folder of the module. */
export interface PullModuleInput extends UpstreamModule {
  readonly version: string
  readonly source: ModuleSource
}

/** Below the time that another process waits for the same answer. */
const LOCATE_MS = 4_000

/** What was asked in vain is not asked again for this time: a source that cannot be fetched stays one. */
const FINAL_MS = 60_000
const PASSING_MS = 3_000
const MAX_REMEMBERED = 10_000

interface Refusal {
  readonly error: RegistryError
  readonly at: UnixMs
}

type PullDeps = Pick<ModulePullDeps, 'upstreamModules' | 'clock' | 'database' | 'heldModules'>

/** Modules of upstreams. A damaged one from Git is fetched at its commit, without asking its registry where it is. */
export function modulePulls(deps: PullDeps): PullKind<ModuleIdentity> {
  const refusals = new LRUCache<string, Refusal>({ max: MAX_REMEMBERED })
  return {
    itemKind: PULL_MODULE,
    keyOf: keyOfVersion,
    async describeJob(identity): Promise<NewJob> {
      const source = (await findStoredCommit(deps, identity)) ?? (await locateOnce({ deps, refusals }, identity))
      const input: PullModuleInput = { ...identity.module, version: identity.version, source }
      return {
        kind: 'module.pull_through',
        title: `Fetch on demand: module ${formatUpstreamModule(identity.module)} ${identity.version}`,
        createdBy: 'pull-through',
        items: [{ kind: PULL_MODULE, key: keyOfVersion(identity), input }],
      }
    },
    isHeld: async ({ module, version }) => (await deps.heldModules.find(module)).found?.byVersion.has(version) === true,
    isFinal: isFinalFailure,
    stepOf: (identity) => stepOf(identity, 'module'),
    explain: explainFetch,
  }
}

/** Of a version that is damaged: its tag may have moved since, its commit is what was served. */
async function findStoredCommit({ database }: PullDeps, { module, version }: ModuleIdentity): Promise<GitModuleSource | undefined> {
  const row = await findHeldByStorageKey(database.db, upstreamModuleKey(module, version))
  if (row === undefined || row.commitSha === null) return undefined
  return { kind: 'git', url: row.sourceUrl, ref: row.commitSha, subdir: row.subdir }
}

interface Locating {
  readonly deps: PullDeps
  readonly refusals: LRUCache<string, Refusal>
}

async function locateOnce({ deps, refusals }: Locating, identity: ModuleIdentity): Promise<ModuleSource> {
  const key = keyOfVersion(identity)
  const known = refusals.get(key)
  const keptMs = known?.error.code === 'MODULE_SOURCE_UNUSABLE' ? FINAL_MS : PASSING_MS
  if (known !== undefined && deps.clock.now() - known.at < keptMs) throw known.error
  try {
    return await locate(deps, identity)
  } catch (error) {
    if (error instanceof RegistryError) refusals.set(key, { error, at: deps.clock.now() })
    throw error
  }
}

async function locate({ upstreamModules }: Pick<ModulePullDeps, 'upstreamModules'>, identity: ModuleIdentity): Promise<ModuleSource> {
  const { module, version } = identity
  const { text, base } = await upstreamModules.locate(module, version, { timeoutMs: LOCATE_MS }).catch((error: unknown) => {
    throw explainLocate(identity, error)
  })
  try {
    return parseModuleSource(text, base)
  } catch (error) {
    throw error instanceof UnsupportedSource ? unusableSource(identity, { source: text, state: `it ${error.reason}` }) : error
  }
}

function explainLocate(identity: ModuleIdentity, error: unknown): unknown {
  const isRefusal = error instanceof RegistryError && error.code === 'UPSTREAM_REFUSED'
  return isRefusal ? explainFetch(identity, error) : explainUpstreamFailure(error, stepOf(identity, 'module_source'))
}
