import { describe, expect, onTestFinished, test } from 'vitest'
import { bumpCatalogRevision } from '../../base/database/catalog-revision.ts'
import { newId } from '../../base/ids.ts'
import { DIALECTS } from '../../testing/dialects.ts'
import { startFakeUpstream } from '../../testing/fake-upstream/fake-upstream.ts'
import { archivesOf, definitionOf, load, ORIGIN } from '../../testing/mirror-jobs.ts'
import { listedVersions, onDemandApp } from '../../testing/on-demand.ts'
import type { TestApp } from '../../testing/test-app.ts'

const NAME = 'acme/widget'
const INDEX = `/v1/mirror/${ORIGIN}/${NAME}/index.json`
const DAY_MS = 86_400_000

async function upstreamWith(...versions: string[]) {
  const upstream = await startFakeUpstream()
  onTestFinished(upstream.close)
  await upstream.addProvider(NAME, { versions: Object.fromEntries(versions.map((version) => [version, {}])) })
  return upstream
}

async function deny({ deps }: TestApp, version: string | null): Promise<void> {
  const everything = { effect: 'deny', upstream: '*', namespace: 'acme', type: '*', version, organizationId: null, reason: 'not here' }
  const row = { id: newId(), name: `no ${version}`, priority: 100, ...everything, createdAt: 0, createdBy: 'test', disabledAt: null }
  await deps.database.db.transaction().execute(async (tx) => {
    await tx.insertInto('mirrorPolicies').values(row).execute()
    await bumpCatalogRevision(tx)
  })
}

describe.each(DIALECTS)('mirror policies on demand on %s', (dialect) => {
  test('a provider that they do not let in is not asked for', async () => {
    const upstream = await upstreamWith('1.0.0')
    const app = await onDemandApp(dialect, upstream)
    await deny(app, null)
    expect((await app.request(INDEX)).statusCode).toBe(404)
    expect(upstream.requests).toEqual([])
  })

  test('a rule acts on the next request: its versions are not listed, and their links lead nowhere', async () => {
    const upstream = await upstreamWith('1.0.0', '2.0.0')
    const app = await onDemandApp(dialect, upstream)
    const link = (await archivesOf(app, NAME, '2.0.0')).linux_amd64?.url ?? ''
    expect(await listedVersions(app, NAME)).toEqual(['2.0.0', '1.0.0'])
    await deny(app, '>= 2.0.0')
    expect(await listedVersions(app, NAME)).toEqual(['1.0.0'])
    expect(await archivesOf(app, NAME, '2.0.0')).toEqual({})
    expect((await app.request(link)).statusCode).toBe(404)
    expect(upstream.countRequests('.zip')).toBe(0)
  })

  test('what is held stays when a rule keeps out what comes', async () => {
    const app = await onDemandApp(dialect, await upstreamWith('1.0.0', '2.0.0'))
    await load(app, definitionOf(NAME, ['2.0.0']))
    await deny(app, null)
    expect(await listedVersions(app, NAME)).toEqual(['2.0.0'])
  })

  // reliability.md row 46
  test('a version comes in when its cool-down is over', async () => {
    const app = await onDemandApp(dialect, await upstreamWith('1.0.0'), { env: { TFR_MIRROR_COOL_DOWN_DAYS: '2' } })
    expect((await app.request(INDEX)).statusCode).toBe(404)
    await app.pass(2 * DAY_MS + 1)
    expect(await listedVersions(app, NAME)).toEqual(['1.0.0'])
  })
})
