import type { FakeUpstream } from '@terrace/server/testing/fake-upstream/fake-upstream.ts'
import { buildProviderZip } from '@terrace/server/testing/zip-writer.ts'
import { ELSEWHERE, HERE } from '../harness/current-platform.ts'
import { createRegistryApi } from '../harness/registry-api.ts'
import { UPSTREAM } from '../harness/registry-world.ts'
import type { TerraceServer } from '../harness/terrace-server.ts'
import { checkPublished } from './check-published.ts'
import { type KillModel, keyOf, type PublishedVersion } from './kill-model.ts'
import type { Random } from './random.ts'

/** Everything that happens to the server between its start and its end. */
export interface Workload {
  readonly server: TerraceServer
  readonly upstream: FakeUpstream
  readonly model: KillModel
  readonly random: Random
  /** Number of the cycle. */
  readonly cycle: number
  /** True as soon as the server is being killed: failures are then expected. */
  isOver(): boolean
  /** Called when publishing and loading are both under way. */
  onWarm(): void
}

export const PUBLISHED_NAMES = ['kill/first', 'kill/second'] as const
export const MIRRORED_NAME = 'partner/mirrored'
export const PLATFORMS: readonly string[] = [HERE, ELSEWHERE[0]]

/** Publishes, loads and reads, all at once, until the server is gone. */
export async function runWorkload(workload: Workload): Promise<void> {
  await Promise.all([
    ...PUBLISHED_NAMES.map((name) => untilOver(workload, (turn) => publishNext(workload, name, turn))),
    untilOver(workload, (turn) => loadNext(workload, turn)),
    untilOver(workload, () => readSomething(workload)),
  ])
}

/** Repeats a step. A step that fails because the server is gone ends the loop; any other failure is a breach. */
async function untilOver(workload: Workload, step: (turn: number) => Promise<void>): Promise<void> {
  for (let turn = 0; !workload.isOver(); turn++) {
    try {
      await step(turn)
    } catch (error) {
      if (!workload.isOver()) workload.model.problems.push(`wrong error: ${String(error)}`)
      return
    }
  }
}

/** What an earlier cycle left without an answer comes first, with the same bytes: that must succeed, whatever had happened to it. */
async function publishNext(workload: Workload, name: string, turn: number): Promise<void> {
  const { server, model, cycle } = workload
  const unanswered = [...model.published.values()].find((item) => item.name === name && item.state === 'begun')
  const item = unanswered ?? beginVersion(workload, name, turn)
  item.touchedIn = cycle
  const { status, body } = await createRegistryApi(server).publish(item)
  if (status === 200 || status === 201) item.state = 'promised'
  else throw new Error(`publishing ${keyOf(item)} answered ${status} ${JSON.stringify(body)}`)
}

function beginVersion({ model, random, cycle }: Workload, name: string, turn: number): PublishedVersion {
  const version = `1.${cycle}.${turn}`
  const type = name.split('/')[1] ?? ''
  const packages = Object.fromEntries(
    PLATFORMS.map((platform) => {
      const content = `#!/bin/sh\necho ${name} ${version} ${platform}\n`
      return [platform, buildProviderZip({ type, version, content, sizeBytes: random.between(1_000, 400_000) })]
    }),
  )
  const item: PublishedVersion = { name, version, packages, state: 'begun', touchedIn: cycle }
  model.published.set(keyOf(item), item)
  return item
}

async function loadNext(workload: Workload, turn: number): Promise<void> {
  const { server, upstream, model, random, cycle } = workload
  const versions = [0, 1].map((part) => `1.${cycle}.${2 * turn + part}`)
  const inputs = versions.map((version) => [version, { platforms: PLATFORMS, sizeBytes: random.between(1_000, 300_000) }])
  await upstream.addProvider(MIRRORED_NAME, { versions: Object.fromEntries(inputs) })
  const list = versions.map((version) => `"${version}"`).join(', ')
  const api = createRegistryApi(server)
  const id = await api.startLoad(`provider "${UPSTREAM}/${MIRRORED_NAME}" {\n  versions = [${list}]\n}\n`)
  model.jobs.push({ id, name: MIRRORED_NAME, versions })
  workload.onWarm()
  const job = await api.waitForJob(id)
  if (job.state === 'failed') throw new Error(`job ${id} failed: ${JSON.stringify(job.items)}`)
}

async function readSomething({ server, model, random }: Workload): Promise<void> {
  const promised = [...model.published.values()].filter(({ state }) => state === 'promised')
  const item = promised[random.between(0, Math.max(0, promised.length - 1))]
  if (item === undefined) await new Promise((resolve) => setImmediate(resolve))
  else await checkPublished(server.url, item)
}
