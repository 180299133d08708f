import { formatProviderAddress, type ProviderAddress } from '@terrace/protocol/addresses.ts'
import { RegistryError } from '../../../base/errors.ts'
import { findFreeSpace } from '../../../base/storage/free-space.ts'
import { findNamespace } from '../../namespaces/index.ts'
import { namespaceClaimed } from '../change-mirrors.ts'
import { settingsOf } from '../find-mirror.ts'
import type { MirrorConfigurationDeps } from '../mirror-deps.ts'
import type { MirrorRow } from '../mirror-queries.ts'
import type { RunScope } from '../runs/start-run.ts'
import type { BlockedVersion } from '../selection/choice.ts'
import { choosePackages } from '../selection/choose-packages.ts'
import { type LeftOutSum, sumLeftOut } from '../selection/left-out.ts'
import { estimateBytes } from './estimate-bytes.ts'
import { measurePackages, type PlannedPackage } from './measure-packages.ts'

/** What a run would do, if it were started now. */
export interface RunPlan {
  /** With its size, as far as it could be told. */
  readonly packages: readonly (PlannedPackage & { readonly bytes: number })[]
  /** How many of the packages have a size that the upstream told; that of the others is estimated. */
  readonly measured: number
  readonly blocked: readonly (BlockedVersion & { readonly provider: string })[]
  /** What a run would leave, by reason. */
  readonly leftOut: readonly LeftOutSum[]
  /** Wanted packages that are here already. */
  readonly held: number
  /** What could not be planned, and why. */
  readonly problems: readonly { readonly object: string; readonly code: string; readonly message: string }[]
  /** Of the storage; `undefined` when it does not say. */
  readonly freeBytes: number | undefined
}

/** Providers that are asked for at the same time. */
const AT_ONCE = 4

/**
 * Plans a run. Nothing is fetched or queued.
 * @throws {RegistryError} UPSTREAMS_SEALED
 */
export async function planRun(deps: MirrorConfigurationDeps, row: MirrorRow, scope: RunScope): Promise<RunPlan> {
  deps.outbound.requireOpen(row.hostname)
  const collected = {
    packages: [] as PlannedPackage[],
    blocked: [] as RunPlan['blocked'][number][],
    leftOut: [] as Parameters<typeof sumLeftOut>[0][number][],
    problems: [] as RunPlan['problems'][number][],
    held: 0,
  }
  const notice = (object: string) => (error: unknown) => {
    if (!(error instanceof RegistryError)) throw error
    collected.problems.push({ object, code: error.code, message: error.message })
    return undefined
  }
  const addresses = await listAddresses(deps, row, { scope, notice })
  const waiting = [...addresses]
  const work = async () => {
    for (let address = waiting.shift(); address !== undefined; address = waiting.shift()) {
      const of = address
      const { id: mirrorId, organizationId } = row
      const choice = await choosePackages(deps, {
        mirrorId,
        organizationId,
        settings: settingsOf(row),
        address: of,
        version: scope.version,
      }).catch(notice(formatProviderAddress(of)))
      if (choice === undefined) continue
      collected.held += choice.held
      collected.leftOut.push(...choice.leftOut.map((left) => ({ ...left, provider: `${of.namespace}/${of.type}` })))
      collected.blocked.push(...choice.blocked.map((blocked) => ({ ...blocked, provider: formatProviderAddress(of) })))
      for (const { version, platforms } of choice.take)
        collected.packages.push(...platforms.map((platform) => ({ address: of, version, platform })))
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  return { ...collected, leftOut: sumLeftOut(collected.leftOut), ...(await weigh(deps, collected.packages)) }
}

async function weigh(
  deps: MirrorConfigurationDeps,
  packages: readonly PlannedPackage[],
): Promise<Pick<RunPlan, 'packages' | 'measured' | 'freeBytes'>> {
  const { storage } = deps.config
  const [sizes, freeBytes] = await Promise.all([measurePackages(deps, packages), findFreeSpace(storage.local.path)])
  const estimated = estimateBytes(sizes)
  return {
    packages: packages.map((item, index) => ({ ...item, bytes: estimated[index] ?? 0 })),
    measured: sizes.filter(({ bytes }) => bytes !== undefined).length,
    freeBytes,
  }
}

interface Listing {
  readonly scope: RunScope
  readonly notice: (object: string) => (error: unknown) => undefined
}

/** Providers of the mirror within the scope; those of its namespaces as the upstream lists them now. */
async function listAddresses(deps: MirrorConfigurationDeps, row: MirrorRow, { scope, notice }: Listing): Promise<ProviderAddress[]> {
  const { hostname, namespaces, providers } = settingsOf(row)
  const names = new Set(scope.provider === undefined ? providers : [scope.provider])
  for (const namespace of scope.provider === undefined ? namespaces : []) {
    const types = (await listNamespace(deps, hostname, namespace).catch(notice(`${hostname}/${namespace}`))) ?? []
    for (const type of types) names.add(`${namespace}/${type}`)
  }
  return [...names].map((name) => {
    const [namespace = '', type = ''] = name.split('/')
    return { hostname, namespace, type }
  })
}

async function listNamespace({ database, upstreams }: MirrorConfigurationDeps, hostname: string, namespace: string): Promise<string[]> {
  if ((await findNamespace(database.db, namespace)) !== undefined) throw namespaceClaimed(namespace)
  return await upstreams.listNamespace(hostname, namespace)
}
