import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sweep } from '../../../jobs.ts'
import { DIALECTS } from '../../../testing/dialects.ts'
import { type FakeModules, startFakeModules } from '../../../testing/fake-modules.ts'
import { ORIGIN } from '../../../testing/mirror-jobs.ts'
import { type ModulesApp, modulesApp } from '../../../testing/modules-on-demand.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

let upstream: FakeModules
beforeAll(async () => {
  upstream = await startFakeModules()
})
afterAll(() => upstream.close())

function countLists({ deps }: ModulesApp): Promise<number> {
  return deps.database.db
    .selectFrom('upstreamModuleLists')
    .select('id')
    .execute()
    .then((rows) => rows.length)
}

describe.each(DIALECTS)('version lists of modules on %s', (dialect) => {
  test('that nobody has asked for in months are forgotten', async () => {
    upstream.add('old/net/aws', { '1.0.0': {} })
    const app = await modulesApp(dialect, upstream, { works: false })
    await app.versions('old/net/aws')
    await app.pass(89 * DAY_MS)
    await sweep(app.deps, { graceMs: HOUR_MS })
    expect(await countLists(app)).toBe(1)
    await app.pass(2 * DAY_MS)
    await sweep(app.deps, { graceMs: HOUR_MS })
    expect(await countLists(app)).toBe(0)
    expect((await app.versions('old/net/aws')).versions).toEqual(['1.0.0'])
  })

  test('of modules without a version are forgotten after a day', async () => {
    upstream.add('empty/net/aws', {})
    const app = await modulesApp(dialect, upstream, { works: false })
    expect((await app.versions('empty/net/aws')).status).toBe(404)
    await app.pass(23 * HOUR_MS)
    await sweep(app.deps, { graceMs: HOUR_MS })
    expect(await countLists(app)).toBe(1)
    await app.pass(2 * HOUR_MS)
    await sweep(app.deps, { graceMs: HOUR_MS })
    expect(await countLists(app)).toBe(0)
  })

  // protocol.md M-7
  test('are one for all spellings of a module, and each is answered in its own', async () => {
    const spellings = ['Many/Net/aws', 'many/net/aws', 'MANY/net/aws']
    for (const name of spellings) upstream.add(name, { '1.0.0': {} })
    upstream.requests.length = 0
    const app = await modulesApp(dialect, upstream, { works: false })
    const answers = await Promise.all(spellings.map((name) => app.request(`/v1/upstream/${ORIGIN}/modules/${name}/versions`)))
    expect(answers.map((answer) => answer.json())).toEqual(
      spellings.map((source) => ({ modules: [{ source, versions: [{ version: '1.0.0' }] }] })),
    )
    expect([await countLists(app), upstream.countRequests('versions')]).toEqual([1, 1])
    await app.pass(25 * HOUR_MS)
    for (const name of spellings) await app.versions(name)
    expect([await countLists(app), upstream.countRequests('versions')]).toEqual([1, 2])
  })

  test('are renewed in the spelling that the upstream has, whatever it was asked for in', async () => {
    const name = `Strict-${dialect}/Net/aws`
    upstream.add(name, { '1.0.0': {} })
    const app = await modulesApp(dialect, upstream, { works: false })
    expect((await app.versions(name.toLowerCase())).status).toBe(404)
    expect((await app.versions(name)).versions).toEqual(['1.0.0'])
    upstream.add(name, { '1.1.0': {} })
    await app.pass(25 * HOUR_MS)
    const replica = await modulesApp(dialect, upstream, { beside: app, works: false })
    expect(await replica.versions(name.toLowerCase())).toEqual({ status: 200, stale: 0, versions: ['1.1.0', '1.0.0'] })
    expect((await app.versions(name)).versions).toEqual(['1.1.0', '1.0.0'])
  })
})
