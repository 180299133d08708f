import { LRUCache } from 'lru-cache'
import { RegistryError } from '../../../base/errors.ts'
import {
  createVersionLists,
  type KnownList,
  type ListAnswer,
  type ListedVersion,
  type VersionLists,
  type Waits,
} from '../../pull-through/index.ts'
import type { UpstreamModule } from '../../upstreams/index.ts'
import type { HeldModule } from '../held/held-modules.ts'
import { policySubject } from '../module-policy.ts'
import type { ModulePullDeps } from '../module-pull-deps.ts'
import { keyOfModule } from '../upstream-module.ts'
import { moduleLists } from './module-lists.ts'

/** What an upstream offers of a module, as far as policies let it in. */
export interface OfferedModule {
  /** Canonical. */
  readonly versions: ReadonlySet<string>
  /** Offered, but not let in. */
  readonly refused: ReadonlySet<string>
  /** Since the upstream confirmed it, while it fails; 0 otherwise. */
  readonly staleSeconds: number
}

/** What upstreams offer; nothing is asked unless the settings and the policies say so. */
export interface OfferedModules {
  /**
   * `undefined`: the upstream may not be asked, or has no such module.
   * @throws {RegistryError} UPSTREAM_* when the upstream fails, no list is known and nothing is held.
   */
  find(module: UpstreamModule, known: KnownModule): Promise<OfferedModule | undefined>
}

interface KnownModule {
  readonly held: HeldModule | undefined
  /** A version that is not held: a list without it is renewed. */
  readonly wanted?: string
}

/** One decision about all versions of a list. */
interface Decided {
  readonly list: KnownList<ListedVersion>
  /** The same object for as long as neither rules nor approvals change. */
  readonly rules: object
  readonly offer: Omit<OfferedModule, 'staleSeconds'>
}

const MAX_DECIDED = 1_000

export function createOfferedModules(deps: ModulePullDeps, waits: Pick<Waits, 'listMs' | 'missMs'>): OfferedModules {
  const lists = createVersionLists(deps, moduleLists(deps.upstreamModules), waits)
  const decided = new LRUCache<string, Decided>({ max: MAX_DECIDED })
  const { features, mirror } = deps.config
  // A sealed server answers what it holds; nothing is ever stale for being sealed.
  const hostnames = new Set(features.autoDownloadModules && !mirror.sealed ? mirror.upstreams : [])
  return {
    async find(module, known) {
      if (!hostnames.has(module.hostname)) return undefined
      const [{ allowed }, rules] = await Promise.all([deps.policy.decide(policySubject({ module })), deps.policy.rules()])
      if (!allowed) return undefined
      const { list, staleSeconds } = await readList(lists, module, known)
      if (list === undefined) return undefined
      const key = keyOfModule(module)
      const before = decided.get(key)
      const isCurrent = before?.list === list && before.rules === rules
      const offer = isCurrent ? before.offer : await decide(deps, module, list)
      decided.set(key, { list, rules, offer })
      return { ...offer, staleSeconds }
    },
  }
}

const NO_LIST: KnownList<ListedVersion> = { versions: [], names: new Set(), fetchedAt: 0 }

/** What is held answers also when no list can be had (P5). */
async function readList(
  lists: VersionLists<UpstreamModule, ListedVersion>,
  module: UpstreamModule,
  { held, wanted }: KnownModule,
): Promise<ListAnswer<ListedVersion>> {
  const dispensable = held !== undefined
  try {
    return await lists.read(module, { wanted, dispensable })
  } catch (error) {
    if (dispensable && error instanceof RegistryError) return { list: NO_LIST, staleSeconds: 1 }
    throw error
  }
}

async function decide({ policy }: ModulePullDeps, module: UpstreamModule, list: KnownList<ListedVersion>): Promise<Decided['offer']> {
  const { onDemand, kind, ...address } = policySubject({ module })
  const decisions = await policy.decideVersions(address, [...list.names], { onDemand, kind })
  const isLetIn = (version: string) => decisions.get(version)?.allowed === true
  const names = [...list.names]
  return { versions: new Set(names.filter(isLetIn)), refused: new Set(names.filter((version) => !isLetIn(version))) }
}
