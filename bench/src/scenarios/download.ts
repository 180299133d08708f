import { statSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { type BenchServer, startBenchServer } from '../bench-server.ts'
import { type Figure, ratios, takeTurns } from '../figure.ts'
import { buildLargePackage } from '../large-package.ts'
import { startNginx } from '../nginx.ts'
import type { Scenario } from '../scenario.ts'
import { timeDownload } from '../timed-download.ts'

const BYTES = 200_000_000
const ROUNDS = 9
const TYPE = 'large'

/** One download at a time of a large package by its signed link, against nginx serving the same file. */
export const download: Scenario = {
  name: 'download',
  needs: ['nginx'],
  async run(log) {
    await using server = await startBenchServer()
    await using nginx = await startNginx()
    const file = nginx.serve('package.zip', buildPackage('0.0.0'))
    const link = await publish(server, '0.0.0')
    const storedFile = join(server.dataDir, 'storage', new URL(link).pathname.replace('/files/', ''))
    let published = 0
    const reads = {
      published: async () => {
        published += 1
        return timeDownload(await publish(server, `1.${published}.0`))
      },
      first: () => {
        forgetDigest(storedFile)
        return timeDownload(link)
      },
      remembered: () => timeDownload(link),
    }
    const figures: Figure[] = []
    for (const read of ['published', 'first', 'remembered'] as const) {
      const { baseline, ours } = await takeTurns(ROUNDS, { baseline: () => timeDownload(file), ours: reads[read] })
      log(`${read} read: nginx ${baseline.map(Math.round).join(' ')} ms, Terrace ${ours.map(Math.round).join(' ')} ms`)
      figures.push(asFigure(read, statSync(storedFile).size, { baseline, ours }))
    }
    return figures
  },
}

function buildPackage(version: string): Buffer {
  return buildLargePackage({ type: TYPE, version, bytes: BYTES, seed: 0 })
}

/** Answers the link to it. */
async function publish(server: BenchServer, version: string): Promise<string> {
  await server.publish({ type: TYPE, version, packages: { linux_amd64: new Blob([Uint8Array.from(buildPackage(version))]) } })
  return server.packageLink(TYPE, version)
}

/** A file whose times have changed may hold something else, so the next read hashes it like the first one after a start. */
function forgetDigest(storedFile: string): void {
  utimesSync(storedFile, new Date(), new Date())
}

const TITLES = {
  published: 'Download of 200 MB, first read after its publish',
  first: 'Download of 200 MB, first read after a start (hashed on the way)',
  remembered: 'Download of 200 MB, digest remembered',
} as const

function asFigure(read: keyof typeof TITLES, bytes: number, timesMs: { readonly baseline: number[]; readonly ours: number[] }): Figure {
  const perSecond = (values: number[]) => values.map((ms) => bytes / 1000 / ms)
  return {
    id: `download.${read}`,
    title: TITLES[read],
    goal: { direction: 'at least', value: 0.7 },
    unit: '',
    values: ratios(timesMs.baseline, timesMs.ours),
    ours: { name: 'Terrace', unit: 'MB/s', values: perSecond(timesMs.ours) },
    baseline: { name: 'nginx, sendfile', unit: 'MB/s', values: perSecond(timesMs.baseline) },
  }
}
