import { RegistryError } from '../../../base/errors.ts'
import type { NewJob } from '../../../base/queue/job-queue.ts'
import { explainUpstreamFailure, type PullKind } from '../../pull-through/index.ts'
import type { UpstreamModule } from '../../upstreams/index.ts'
import type { ModulePullDeps } from '../module-pull-deps.ts'
import { type ModuleSource, UnsupportedSource } from '../sources/module-source.ts'
import { parseModuleSource } from '../sources/parse-module-source.ts'
import { explainFetch, stepOf, unusableSource } from '../sources/source-failures.ts'
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

/** Modules of upstreams. */
export function modulePulls(deps: Pick<ModulePullDeps, 'upstreamModules'>): PullKind<ModuleIdentity> {
  return {
    itemKind: PULL_MODULE,
    keyOf: keyOfVersion,
    async describeJob(identity): Promise<NewJob> {
      const source = await locate(deps, identity)
      const input: PullModuleInput = { ...identity.module, version: identity.version, source }
      return {
        kind: 'module.pull_through',
        title: `Fetch on demand: module ${formatUpstreamModule(identity.module)} ${identity.version}`,
        createdBy: 'pull-through',
        items: [{ kind: PULL_MODULE, key: keyOfVersion(identity), input }],
      }
    },
    stepOf: (identity) => stepOf(identity, 'module'),
    explain: explainFetch,
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
