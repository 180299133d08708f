import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sweep } from '../../../jobs.ts'
import { DIALECTS } from '../../../testing/dialects.ts'
import { type FakeModules, startFakeModules } from '../../../testing/fake-modules.ts'
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
})
