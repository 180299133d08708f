import { utimesSync } from 'node:fs'
import { join } from 'node:path'
import { startBenchServer } from '../bench-server.ts'
import { type Figure, ratios, takeTurns } from '../figure.ts'
import { buildLargePackage } from '../large-package.ts'
import { startNginx } from '../nginx.ts'
import type { Scenario } from '../scenario.ts'
import { timeDownload } from '../timed-download.ts'

const BYTES = 200_000_000
const ROUNDS = 9
const TYPE = 'large'
const VERSION = '1.0.0'

/** One download at a time of a large package by its signed link, against nginx serving the same file. */
export const download: Scenario = {
  name: 'download',
  needs: ['nginx'],
  async run(log) {
    await using server = await startBenchServer()
    await using nginx = await startNginx()
    const zip = buildLargePackage({ type: TYPE, version: VERSION, bytes: BYTES, seed: 0 })
    const file = nginx.serve('package.zip', zip)
    await server.publish({ type: TYPE, version: VERSION, packages: { linux_amd64: new Blob([Uint8Array.from(zip)]) } })
    const link = await server.packageLink(TYPE, VERSION)
    const storedFile = join(server.dataDir, 'storage', new URL(link).pathname.replace('/files/', ''))
    const figures: Figure[] = []
    for (const read of ['first', 'remembered'] as const) {
      const { baseline, ours } = await takeTurns(ROUNDS, {
        baseline: () => timeDownload(file),
        ours: () => {
          if (read === 'first') forgetDigest(storedFile)
          return timeDownload(link)
        },
      })
      log(`${read} read: nginx ${baseline.map(Math.round).join(' ')} ms, Terrace ${ours.map(Math.round).join(' ')} ms`)
      figures.push(asFigure(read, zip.length, { baseline, ours }))
    }
    return figures
  },
}

/** A file whose times have changed may hold something else, so the next read hashes it like the first one after a start. */
function forgetDigest(storedFile: string): void {
  utimesSync(storedFile, new Date(), new Date())
}

const TITLES = {
  first: 'Download of 200 MB, first read (hashed on the way)',
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
