import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { startFakeUpstream } from '@terrace/server/testing/fake-upstream/fake-upstream.ts'
import { expect, onTestFinished, test } from 'vitest'
import { healthyPackages } from '../harness/publish-form.ts'
import { createRegistryApi } from '../harness/registry-api.ts'
import { makeTemporaryFolder } from '../harness/temporary-folder.ts'
import { startTerrace } from '../harness/terrace-server.ts'
import { checkAfterRestart } from './check-after-restart.ts'
import { findLeftovers, sweepDataFolder } from './check-data-folder.ts'
import { createKillModel, keyOf } from './kill-model.ts'
import { PLATFORMS } from './kill-workload.ts'
import { runKillCycles } from './run-kill-cycles.ts'

// reliability.md F1-F4. `npm run kill-cycles` runs 200 of them.
test('ten kills while publishing, loading and reading lose nothing, show nothing by halves and leave nothing over', async () => {
  const seed = Date.now()
  const report = await runKillCycles({ cycles: 10, seed })
  expect(report, `seed ${seed}`).toMatchObject({ problems: [] })
  expect(report.promised).toBeGreaterThan(10)
  expect(report.unanswered).toBeGreaterThan(0)
  expect(report.jobs).toBeGreaterThan(0)
}, 180_000)

// Without this, the cycles could pass because nobody looks.
test('a lost version, a missing platform, a lost object and leftovers are found', async () => {
  const folder = makeTemporaryFolder('kill-checks')
  onTestFinished(folder.remove)
  await using upstream = await startFakeUpstream()
  const dataDir = join(folder.path, 'data')
  const model = createKillModel()
  const first = await startTerrace({ dataDir })
  onTestFinished(first.close)
  for (const name of ['kill/first', 'kill/second']) {
    for (const version of ['1.0.0', '1.0.1']) {
      const item = { name, version, packages: healthyPackages(name, version, PLATFORMS), state: 'promised' as const, touchedIn: 0 }
      await createRegistryApi(first).publish(item)
      model.published.set(keyOf(item), item)
    }
  }
  await first.stop()
  expect(findLeftovers(dataDir)).toEqual([])

  const database = new DatabaseSync(join(dataDir, 'terrace.db'))
  const versionOf = (type: string) =>
    `(select v.id from provider_versions v join providers p on p.id = v.provider_id where p.type = '${type}' and v.version = '1.0.0')`
  database.exec(`delete from provider_platforms where version_id = ${versionOf('first')} and os = '${PLATFORMS[1]?.split('_')[0]}'`)
  database.exec(`update provider_versions set deleted_at = 1 where id = ${versionOf('second')}`)
  database.close()
  const [object] = storedFiles(dataDir, 'terraform-provider-second_1.0.1')
  rmSync(join(dataDir, 'storage', object ?? 'missing'))
  mkdirSync(join(dataDir, 'tmp/of-nobody'), { recursive: true })
  writeFileSync(join(dataDir, 'tmp/of-nobody/x'), 'x')

  const second = await startTerrace({ dataDir })
  onTestFinished(second.close)
  await checkAfterRestart({ url: second.url, upstream, model }, 0)
  await second.stop()
  expect(model.problems).toEqual([
    expect.stringContaining('half visible: kill/first 1.0.0'),
    expect.stringContaining('lost: kill/second 1.0.0'),
  ])
  const leftovers = findLeftovers(dataDir)
  expect(leftovers).toContain('leaked: tmp/of-nobody/x')
  expect(leftovers).toContain(`lost: object ${object}`)
  expect(leftovers.filter((text) => text.startsWith('leaked: storage/'))).toHaveLength(1)
  await sweepDataFolder(dataDir)
  expect(findLeftovers(dataDir).filter((text) => text.startsWith('leaked: storage/'))).toEqual([])
})

const storedFiles = (dataDir: string, part: string): string[] =>
  (readdirSync(join(dataDir, 'storage'), { recursive: true }) as string[]).filter((name) => name.includes(part) && name.endsWith('.zip'))
