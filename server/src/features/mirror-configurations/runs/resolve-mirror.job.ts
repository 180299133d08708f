import { formatProviderAddress, type ProviderAddress } from '@terrace/protocol/addresses.ts'
import { newId } from '../../../base/ids.ts'
import type { NewJobItem } from '../../../base/queue/job-queue.ts'
import type { JobHandler } from '../../../base/queue/worker.ts'
import { compareHeld, FETCH_PACKAGE, type FetchPackageInput, type ShasumsReader } from '../../mirror/index.ts'
import type { PolicyDecision } from '../../mirror-policies/index.ts'
import { findNamespace } from '../../namespaces/index.ts'
import { namespaceClaimed } from '../change-mirrors.ts'
import { settingsOf } from '../find-mirror.ts'
import type { MirrorConfigurationDeps } from '../mirror-deps.ts'
import { findMirror } from '../mirror-queries.ts'
import type { Choice } from '../selection/choice.ts'
import { choosePackages } from '../selection/choose-packages.ts'
import { recordSightings } from '../selection/selection-queries.ts'
import { recordOmissions } from './omission-queries.ts'
import { type ListNamespaceInput, type ResolveMirrorInput, resolveItem } from './run-items.ts'

/** Asks the upstream which providers a namespace has, and adds one item for each. */
export const listNamespaceJob =
  (deps: MirrorConfigurationDeps): JobHandler<ListNamespaceInput> =>
  async ({ jobId, input: { mirrorId, hostname, namespace } }) => {
    if ((await findNamespace(deps.database.db, namespace)) !== undefined) throw namespaceClaimed(namespace)
    const row = await findMirror(deps.database.db, mirrorId)
    if (row === undefined) return
    const types = await decideTypes(deps, { hostname, namespace, organizationId: row.organizationId })
    const items = types.filter(({ allowed }) => allowed).map(({ type }) => resolveItem(mirrorId, { hostname, namespace, type }, undefined))
    return async (tx) => {
      for (const { type, allowed, why } of types) {
        const leftOut = allowed ? [] : [{ reason: 'policy', versions: 0, examples: [], why: why.join('; ') } as const]
        await recordOmissions(tx, { mirrorId, jobId, provider: `${namespace}/${type}` }, leftOut)
      }
      await deps.queue.addItems(tx, jobId, items)
    }
  }

interface TypesOf {
  readonly hostname: string
  readonly namespace: string
  readonly organizationId: string
}

type DecidedType = Pick<PolicyDecision, 'allowed' | 'why'> & { readonly type: string }

/** What policies keep out of a namespace is no failure of the run; a provider that a mirror names is refused aloud. */
async function decideTypes({ upstreams, policy }: MirrorConfigurationDeps, of: TypesOf): Promise<DecidedType[]> {
  const types = await upstreams.listNamespace(of.hostname, of.namespace)
  return await Promise.all(types.map(async (type) => ({ ...(await policy.decide({ ...of, type })), type })))
}

/**
 * Asks the upstream which versions there are, chooses those that the mirror wants, and adds one item for each package that is
 * missing here. Digests of what is held are compared with the upstream on the way. Running it again is harmless. A mirror that was
 * deleted meanwhile brings nothing more.
 */
export const resolveMirrorJob =
  (deps: MirrorConfigurationDeps & { readonly readShasums: ShasumsReader }): JobHandler<ResolveMirrorInput> =>
  async ({ jobId, input: { mirrorId, version, hostname, namespace, type } }) => {
    const row = await findMirror(deps.database.db, mirrorId)
    if (row === undefined) return
    const address = { hostname, namespace, type }
    const choice = await choosePackages(deps, { mirrorId, organizationId: row.organizationId, settings: settingsOf(row), address, version })
    if (version === undefined) await compareHeld(deps, address)
    const rows = sightingRows({ mirrorId, address, jobId, now: deps.clock.now() }, choice)
    return async (tx) => {
      await recordSightings(tx, rows)
      await recordOmissions(tx, { mirrorId, jobId, provider: `${namespace}/${type}` }, choice.leftOut)
      await deps.queue.addItems(tx, jobId, fetchItems(address, row.organizationId, choice))
    }
  }

function fetchItems(address: ProviderAddress, organizationId: string, { take }: Choice): NewJobItem[] {
  return take.flatMap(({ version, platforms }) =>
    platforms.map((platform) => {
      const input: FetchPackageInput = { ...address, version, platform, organizationId }
      return { kind: FETCH_PACKAGE, key: `${formatProviderAddress(address)} ${version} ${platform}`, input }
    }),
  )
}

interface SightingOf {
  readonly mirrorId: string
  readonly address: ProviderAddress
  readonly jobId: string
  readonly now: number
}

/** What is taken is marked with the job; what has to wait is kept with the time when it was first seen. */
function sightingRows({ mirrorId, address: { namespace, type }, jobId, now }: SightingOf, { take, seen }: Choice) {
  const taken = new Set(take.map(({ version }) => version))
  const sightings = new Map(seen.map((sighting) => [sighting.version, sighting]))
  const versions = new Set([...taken, ...sightings.keys()])
  return [...versions].map((version) => ({
    id: newId(),
    mirrorId,
    namespace,
    type,
    version,
    firstSeenAt: sightings.get(version)?.firstSeenAt ?? now,
    publishedAt: sightings.get(version)?.publishedAt ?? null,
    jobId: taken.has(version) ? jobId : null,
  }))
}
