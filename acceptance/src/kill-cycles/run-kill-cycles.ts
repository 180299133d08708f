import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { type FakeUpstream, startFakeUpstream } from '@terrace/server/testing/fake-upstream/fake-upstream.ts'
import { createRegistryApi } from '../harness/registry-api.ts'
import { upstreamConfig } from '../harness/registry-world.ts'
import { makeTemporaryFolder } from '../harness/temporary-folder.ts'
import { startTerrace, type TerraceServer } from '../harness/terrace-server.ts'
import { checkAfterRestart } from './check-after-restart.ts'
import { expireLeases, findLeftovers, sweepDataFolder } from './check-data-folder.ts'
import { createKillModel, type KillModel } from './kill-model.ts'
import { runWorkload } from './kill-workload.ts'
import { createRandom, type Random } from './random.ts'

export interface KillCyclesOptions {
  readonly cycles: number
  /** The same seed gives the same sizes and moments, as far as a machine does the same twice. */
  readonly seed: number
  onCycle?(text: string): void
}

/** What the cycles have shown. */
export interface KillCyclesReport {
  /** Empty when every promise was kept. */
  readonly problems: readonly string[]
  /** Versions that were promised to publishers. */
  readonly promised: number
  /** Publishes that a kill left without an answer. */
  readonly unanswered: number
  readonly jobs: number
  /** What the kills had left in the data folder before the sweep. */
  readonly swept: number
}

/** Longest time between a server being warm, or merely started, and its end. */
const MAX_LIFE_MS = 800
/** Warm at the latest; the first load of a server takes its time, because the parser has to start. */
const MAX_WARM_UP_MS = 4_000
const EVERYTHING = 0

interface Run {
  readonly dataDir: string
  readonly upstream: FakeUpstream
  readonly model: KillModel
  readonly random: Random
}

/**
 * Kills a server again and again at a random moment while it publishes, loads and serves, and holds it against a model after each
 * restart: no acknowledged version lost, none half visible. At the end all loads finish, and after the sweep nothing is left over.
 */
export async function runKillCycles({ cycles, seed, onCycle }: KillCyclesOptions): Promise<KillCyclesReport> {
  using folder = makeTemporaryFolder('kill-cycles')
  await using upstream = await startFakeUpstream()
  const run: Run = { dataDir: join(folder.path, 'data'), upstream, model: createKillModel(), random: createRandom(seed) }
  await liveOnce(run)
  let unanswered = 0
  for (let cycle = 1; cycle <= cycles; cycle++) {
    await runCycle(run, cycle)
    const begun = [...run.model.published.values()].filter(({ state }) => state === 'begun').length
    unanswered += begun
    abandonSome(run)
    onCycle?.([`cycle ${cycle}: ${run.model.published.size} versions, ${begun} without an answer`, ...run.model.problems].join('\n  '))
  }
  const swept = await settle(run)
  const { published, jobs, problems } = run.model
  const promised = [...published.values()].filter(({ state }) => state === 'promised').length
  return { problems, promised, unanswered, jobs: jobs.length, swept }
}

/** Some publishers never come back: what they have left is the sweeper's business. */
function abandonSome({ model, random }: Run): void {
  for (const item of model.published.values()) {
    if (item.state === 'begun' && random.between(0, 1) === 0) item.state = 'abandoned'
  }
}

/** A first life without a kill: the registry makes its signing key, which takes longer than many of the following lives. */
async function liveOnce(run: Run): Promise<void> {
  const server = await start(run)
  try {
    const { status } = await createRegistryApi(server).publish({ name: 'kill/signed', version: '1.0.0' })
    if (status !== 201) throw new Error(`Cannot publish to the fresh server: ${status}`)
    await server.stop()
  } finally {
    await server.close()
  }
}

async function runCycle(run: Run, cycle: number): Promise<void> {
  const { upstream, model, random, dataDir } = run
  const server = await start(run)
  try {
    await checkAfterRestart({ url: server.url, upstream, model }, cycle - 1)
    let over = false
    const warm = Promise.withResolvers<void>()
    const work = runWorkload({ server, upstream, model, random, cycle, isOver: () => over, onWarm: warm.resolve })
    // Every fourth server dies in its first moments, the others at work.
    if (cycle % 4 !== 0) await Promise.race([warm.promise, setTimeout(MAX_WARM_UP_MS)])
    await setTimeout(random.between(0, MAX_LIFE_MS))
    over = true
    await server.kill()
    await work
  } finally {
    await server.close()
  }
  expireLeases(dataDir)
}

/** A last life without a kill: what was begun is finished, everything is read once more, and the sweeper comes. Answers what it removed. */
async function settle(run: Run): Promise<number> {
  const { upstream, model, dataDir } = run
  const server = await start(run)
  try {
    const api = createRegistryApi(server)
    for (const item of model.published.values()) {
      if (item.state === 'begun') {
        const { status, body } = await api.publish(item)
        if (status >= 300) model.problems.push(`wrong error: ${status} ${JSON.stringify(body)}`)
      }
    }
    for (const { id } of model.jobs) {
      const job = await api.waitForJob(id)
      if (job.state !== 'completed') model.problems.push(`wrong error: job ${id} ended as ${JSON.stringify(job.items)}`)
    }
    await checkAfterRestart({ url: server.url, upstream, model }, EVERYTHING)
    await server.stop()
  } finally {
    await server.close()
  }
  const before = findLeftovers(dataDir)
  await sweepDataFolder(dataDir)
  model.problems.push(...findLeftovers(dataDir))
  return before.length
}

const start = ({ dataDir, upstream }: Run): Promise<TerraceServer> => startTerrace({ dataDir, config: upstreamConfig(upstream.url) })
