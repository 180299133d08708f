import { describe, expect, onTestFinished, test } from 'vitest'
import { DIALECTS, type Dialect } from '../../../testing/dialects.ts'
import { startFakeUpstream } from '../../../testing/fake-upstream/fake-upstream.ts'
import { definitionOf, load, ORIGIN } from '../../../testing/mirror-jobs.ts'
import { listedVersions, onDemandApp } from '../../../testing/on-demand.ts'
import { createVersionAges } from './version-ages.ts'

const NAME = 'acme/widget'
const DAY_MS = 24 * 60 * 60 * 1000
const COOL_DOWN = { TFR_MIRROR_COOL_DOWN_DAYS: '7' }

/** An upstream that tells when versions came out, in days before now; `undefined`: it does not tell. */
async function openBench(dialect: Dialect, ages: Readonly<Record<string, number | undefined>>) {
  const upstream = await startFakeUpstream()
  onTestFinished(upstream.close)
  const app = await onDemandApp(dialect, upstream, { env: COOL_DOWN })
  const publishedAt = (days: number | undefined) =>
    days === undefined ? {} : { publishedAt: new Date(app.deps.clock.now() - days * DAY_MS).toISOString() }
  const versions = Object.fromEntries(Object.entries(ages).map(([version, days]) => [version, publishedAt(days)]))
  await upstream.addProvider(NAME, { versions })
  const askedFor = () => upstream.requests.filter(({ path }) => /\/acme\/widget\/\d+\.\d+\.\d+$/.test(path)).map(({ path }) => path)
  return { upstream, app, askedFor }
}

// reliability.md row 46.
describe.each(DIALECTS)('the cool-down by what the upstream tells on %s', (dialect) => {
  test('lets old versions of a new provider in, on demand and by a definition file', async () => {
    const { app } = await openBench(dialect, { '1.0.0': 30, '1.1.0': 8, '1.2.0': 6 })
    expect(await listedVersions(app, NAME)).toEqual(['1.1.0', '1.0.0'])
    const job = await load(app, definitionOf(NAME, ['>= 1.0.0']))
    expect(job.items.filter(({ kind }) => kind === 'provider.fetch_package').map(({ key }) => key)).toEqual([
      `${ORIGIN}/acme/widget 1.0.0 linux_amd64`,
      `${ORIGIN}/acme/widget 1.1.0 linux_amd64`,
    ])
  })

  test('is asked for once, and not of what is let in anyway', async () => {
    const { app, askedFor } = await openBench(dialect, { '1.0.0': 30, '1.1.0': 6 })
    await listedVersions(app, NAME)
    expect(askedFor()).toHaveLength(2)
    await app.pass(DAY_MS + 1)
    expect(await listedVersions(app, NAME)).toEqual(['1.1.0', '1.0.0'])
    expect(askedFor()).toHaveLength(2)
  })

  test('counts from the first sight where it tells nothing, and asks no further', async () => {
    const { app, askedFor } = await openBench(dialect, { '1.0.0': undefined, '1.1.0': undefined, '1.2.0': undefined })
    const response = await app.request(`/v1/mirror/${ORIGIN}/${NAME}/index.json`)
    expect(response.statusCode).toBe(404)
    const asked = askedFor().length
    await app.pass(301_000)
    await app.request(`/v1/mirror/${ORIGIN}/${NAME}/index.json`)
    expect(askedFor()).toHaveLength(asked)
    await app.pass(7 * DAY_MS)
    expect(await listedVersions(app, NAME)).toEqual(['1.2.0', '1.1.0', '1.0.0'])
  })

  test('does not make anybody wait for an upstream that does not answer', async () => {
    const { app } = await openBench(dialect, {})
    const ages = createVersionAges({ database: app.deps.database, findPublishedAt: () => new Promise(() => undefined) })
    const address = { hostname: ORIGIN, namespace: 'acme', type: 'widget' }
    await expect(ages.learn(address, ['1.0.0'], { maxVersions: 1, waitMs: 20 })).resolves.toBeUndefined()
  })

  test('never asks about a namespace that is claimed here', async () => {
    const { app, upstream } = await openBench(dialect, { '1.0.0': 30 })
    await app.asAdmin({ method: 'POST', url: '/api/v1/namespaces', payload: { name: 'acme' } })
    await app.request(`/v1/mirror/${ORIGIN}/${NAME}/index.json`)
    await load(app, definitionOf(NAME, ['>= 1.0.0']))
    expect(upstream.requests).toEqual([])
  })
})
