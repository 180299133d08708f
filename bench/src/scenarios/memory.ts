import { openAsBlob, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { makeTemporaryFolder } from '../../../acceptance/src/harness/temporary-folder.ts'
import { startBenchServer } from '../bench-server.ts'
import type { Figure } from '../figure.ts'
import { buildLargePackage } from '../large-package.ts'
import { forgetPeak, peakMb, residentMb } from '../process-memory.ts'
import type { Scenario } from '../scenario.ts'
import { timeDownload } from '../timed-download.ts'

const BYTES = 500_000_000
const ROUNDS = 3
const SETTLE_MS = 1_500
const TYPE = 'large'
const VERSION = '1.0.0'

interface Growth {
  readonly beforeMb: number
  readonly peakMb: number
}

/** How much larger the server gets, at most, while one large package comes in and goes out. A fresh server in each round. */
export const memory: Scenario = {
  name: 'memory',
  needs: [],
  platform: 'linux',
  async run(log) {
    using folder = makeTemporaryFolder('package')
    const path = join(folder.path, 'package.zip')
    const zip = buildLargePackage({ type: TYPE, version: VERSION, bytes: BYTES, seed: 0 })
    writeFileSync(path, zip)
    const rounds: { readonly publish: Growth; readonly download: Growth }[] = []
    for (let round = 0; round < ROUNDS; round++) rounds.push(await measureRound(path))
    const figures = [
      asFigure(
        'publish',
        `Memory growth, publish of ${megabytes(zip.length)}`,
        rounds.map((round) => round.publish),
      ),
      asFigure(
        'download',
        `Memory growth, download of ${megabytes(zip.length)}`,
        rounds.map((round) => round.download),
      ),
    ]
    for (const { id, ours, baseline } of figures) log(`${id}: ${baseline.values.map(Math.round)} → ${ours.values.map(Math.round)} MB`)
    return figures
  },
}

const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`

async function measureRound(path: string): Promise<{ readonly publish: Growth; readonly download: Growth }> {
  await using server = await startBenchServer()
  const package_ = await openAsBlob(path)
  const publish = await measureGrowth(server.pid, () =>
    server.publish({ type: TYPE, version: VERSION, packages: { linux_amd64: package_ } }),
  )
  const link = await server.packageLink(TYPE, VERSION)
  const download = await measureGrowth(server.pid, () => timeDownload(link))
  return { publish, download }
}

/** What a process holds when idle is only known after a while. */
async function measureGrowth(pid: number, action: () => Promise<unknown>): Promise<Growth> {
  await setTimeout(SETTLE_MS)
  const beforeMb = residentMb(pid)
  forgetPeak(pid)
  await action()
  return { beforeMb, peakMb: peakMb(pid) }
}

function asFigure(id: string, title: string, rounds: readonly Growth[]): Figure {
  return {
    id: `memory.${id}`,
    title,
    goal: { direction: 'at most', value: 64 },
    unit: 'MB',
    values: rounds.map((round) => round.peakMb - round.beforeMb),
    ours: { name: 'most', unit: 'MB', values: rounds.map((round) => round.peakMb) },
    baseline: { name: 'before', unit: 'MB', values: rounds.map((round) => round.beforeMb) },
  }
}
