import { describe, expect, onTestFinished, test } from 'vitest'
import { sweep } from '../../jobs.ts'
import { DIALECTS } from '../../testing/dialects.ts'
import { startFakeUpstream } from '../../testing/fake-upstream/fake-upstream.ts'
import { listedVersions, type OnDemandApp, onDemandApp } from '../../testing/on-demand.ts'
import { saveVersionList } from './version-list-queries.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

async function typesOf({ deps }: OnDemandApp): Promise<string[]> {
  const rows = await deps.database.db.selectFrom('upstreamVersionLists').select('type').orderBy('type').execute()
  return rows.map(({ type }) => type)
}

describe.each(DIALECTS)('version lists of providers on %s', (dialect) => {
  async function appWithList(): Promise<OnDemandApp> {
    const upstream = await startFakeUpstream()
    onTestFinished(upstream.close)
    await upstream.addProvider('acme/widget', { versions: { '1.0.0': { platforms: ['linux_amd64'] } } })
    const app = await onDemandApp(dialect, upstream, { works: false })
    expect(await listedVersions(app, 'acme/widget')).toEqual(['1.0.0'])
    return app
  }

  test('that nobody has asked for in months are forgotten', async () => {
    const app = await appWithList()
    await app.pass(89 * DAY_MS)
    await sweep(app.deps, { graceMs: HOUR_MS })
    expect(await typesOf(app)).toEqual(['widget'])
    await app.pass(2 * DAY_MS)
    await sweep(app.deps, { graceMs: HOUR_MS })
    expect(await typesOf(app)).toEqual([])
    expect(await listedVersions(app, 'acme/widget')).toEqual(['1.0.0'])
  })

  test('of what the upstream does not have any more are forgotten after a day', async () => {
    const app = await appWithList()
    await saveVersionList(app.deps.database.db, { hostname: 'registry.example.com', namespace: 'acme', type: 'gone' }, [])
    await app.pass(23 * HOUR_MS)
    await sweep(app.deps, { graceMs: HOUR_MS })
    expect(await typesOf(app)).toEqual(['gone', 'widget'])
    await app.pass(2 * HOUR_MS)
    await sweep(app.deps, { graceMs: HOUR_MS })
    expect(await typesOf(app)).toEqual(['widget'])
  })
})
