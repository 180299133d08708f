import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { DIALECTS, type Dialect } from '../../testing/dialects.ts'
import { type FakeUpstream, startFakeUpstream } from '../../testing/fake-upstream/fake-upstream.ts'
import {
  archivesOf,
  definitionOf,
  load,
  mirrorSettings,
  ORIGIN,
  quarantineOf,
  readJob,
  retry,
  runJobs,
  startJobs,
  untilDone,
  upload,
} from '../../testing/mirror-jobs.ts'
import { type TestApp, testApp } from '../../testing/test-app.ts'

const PLATFORMS = ['darwin_arm64', 'linux_amd64', 'linux_arm64', 'windows_amd64']

let upstream: FakeUpstream

beforeAll(async () => {
  upstream = await startFakeUpstream()
})

afterAll(() => upstream.close())

const serverOf = (dialect: Dialect, beside?: TestApp) => testApp(dialect, mirrorSettings(upstream), beside === undefined ? {} : { beside })

const zipRequests = (name: string) =>
  upstream.requests.filter(({ path }) => path.startsWith(`/files/${name}/`) && path.endsWith('.zip')).map(({ path }) => path)

async function digestsOf(app: TestApp, name: string, version = '1.0.0') {
  return Object.fromEntries(Object.entries(await archivesOf(app, name, version)).map(([platform, { hashes }]) => [platform, hashes]))
}

/** Deletes what the filter finds, by the id of the version. */
async function deleteVersion(app: TestApp, namespace: string): Promise<void> {
  const list = await app.asAdmin({ url: `/api/v1/admin/providers?namespace=${namespace}` })
  const [row] = list.json<{ items: { version_id: string }[] }>().items
  expect((await app.asAdmin({ method: 'DELETE', url: `/api/v1/admin/providers/${row?.version_id}` })).statusCode).toBe(204)
}

describe.each(DIALECTS)('packages are fetched once, on %s', (dialect) => {
  test('the signed list of a version is fetched once for all its platforms', async () => {
    const app = await serverOf(dialect)
    runJobs(app)
    const name = `${dialect}-list/widget`
    await upstream.addProvider(name, { versions: { '1.0.0': { platforms: PLATFORMS } } })
    expect(await load(app, definitionOf(name))).toMatchObject({ state: 'completed', total: 5 })
    expect(upstream.countRequests(`${name}/1.0.0/SHA256SUMS`)).toBe(2)
    expect(zipRequests(name)).toHaveLength(PLATFORMS.length)
  })

  test('what is held is not asked for again', async () => {
    const app = await serverOf(dialect)
    runJobs(app)
    const name = `${dialect}-held/widget`
    await upstream.addProvider(name, { versions: { '1.0.0': { platforms: PLATFORMS } } })
    await load(app, definitionOf(name, ['1.0.0'], ['linux_amd64']))
    upstream.requests.length = 0
    expect(await load(app, definitionOf(name))).toMatchObject({ state: 'completed', total: 5 })
    expect(zipRequests(name)).toHaveLength(PLATFORMS.length - 1)
    expect(zipRequests(name).join()).not.toContain('linux_amd64')
    expect(upstream.countRequests(`${name}/1.0.0/download/linux/amd64`)).toBe(0)
  })

  // P6, reliability.md F26
  test('two jobs on two servers for the same packages fetch each of them once', async () => {
    const first = await serverOf(dialect)
    const second = await serverOf(dialect, first)
    const name = `${dialect}-two/widget`
    await upstream.addProvider(name, { versions: { '1.0.0': { platforms: PLATFORMS }, '1.1.0': { platforms: PLATFORMS } } })
    const jobs = [await upload(first, definitionOf(name, ['>= 1.0.0'])), await upload(second, definitionOf(name, ['>= 1.0.0']))]
    for (const app of [first, second]) runJobs(app)
    for (const id of jobs) expect(await untilDone(first, id)).toMatchObject({ state: 'completed', total: 9, failed: 0 })
    expect(zipRequests(name)).toHaveLength(8)
    expect(new Set(zipRequests(name)).size).toBe(8)
    expect(Object.keys(await archivesOf(second, name))).toEqual(PLATFORMS)
  })

  // reliability.md F4
  test('a job that is interrupted goes on with what had not finished', async () => {
    const first = await serverOf(dialect)
    const name = `${dialect}-broken/widget`
    await upstream.addProvider(name, {
      versions: { '1.0.0': { platforms: PLATFORMS }, '1.1.0': { platforms: ['linux_amd64'], defects: { stall: true } } },
    })
    const id = await upload(first, definitionOf(name, ['>= 1.0.0']))
    const worker = startJobs(first)
    // The stalled download holds one place; everything else gets done beside it.
    await vi.waitFor(async () => expect(await readJob(first, id)).toMatchObject({ completed: 5, running: 1 }), 20_000)
    await worker.stop(0)
    expect(await readJob(first, id)).toMatchObject({ state: 'running', completed: 5, running: 0, pending: 1 })

    await upstream.setDefects(name, '1.1.0')
    const fetched = zipRequests(name).length
    const second = await serverOf(dialect, first)
    runJobs(second)
    const job = await untilDone(second, id)
    expect(job).toMatchObject({ state: 'completed', completed: 6, failed: 0 })
    expect(zipRequests(name)).toHaveLength(fetched + 1)
    expect(job.items.map(({ attempts }) => attempts)).toEqual([1, 1, 1, 1, 1, 1])
  })

  test('a retry takes up the failed items only', async () => {
    const app = await serverOf(dialect)
    runJobs(app)
    const name = `${dialect}-retry/widget`
    await upstream.addProvider(name, {
      versions: { '1.0.0': { platforms: PLATFORMS }, '1.1.0': { defects: { badSignature: true } } },
    })
    const job = await load(app, definitionOf(name, ['>= 1.0.0']))
    expect(job).toMatchObject({ state: 'failed', completed: 5, failed: 1 })
    await upstream.setDefects(name, '1.1.0')
    upstream.requests.length = 0
    expect(await retry(app, job.id)).toMatchObject({ state: 'completed', completed: 6, failed: 0 })
    expect(zipRequests(name)).toEqual([expect.stringContaining('/1.1.0/')])
    expect(upstream.countRequests('/versions')).toBe(0)
  })

  // reliability.md row 44
  test('other bytes for a version that is held are an alarm, and what is held stays', async () => {
    const app = await serverOf(dialect)
    runJobs(app)
    const namespace = `${dialect}-changed`
    const name = `${namespace}/widget`
    await upstream.addProvider(name, { versions: { '1.0.0': { platforms: ['linux_amd64', 'linux_arm64'], content: 'first' } } })
    await load(app, definitionOf(name, ['1.0.0'], ['linux_amd64']))
    const held = await digestsOf(app, name)
    await upstream.addProvider(name, { versions: { '1.0.0': { platforms: ['linux_amd64', 'linux_arm64'], content: 'second' } } })
    // The kept list is a minute old at most; a restarted server reads it anew.
    const restarted = await serverOf(dialect, app)
    const job = await upload(restarted, definitionOf(name, ['1.0.0'], ['linux_arm64']))
    expect(await untilDone(restarted, job)).toMatchObject({ state: 'failed' })
    expect(await quarantineOf(app, namespace)).toMatchObject([
      {
        arch: 'arm64',
        step: 'digest_change',
        code: 'PROVIDER_VERSION_EXISTS',
        evidence: { expected: held.linux_amd64?.[1], found: `zh:${upstream.package(name, '1.0.0').shasum}` },
      },
    ])
    expect(await digestsOf(app, name)).toEqual(held)
  })

  test('platforms that an upstream adds to its list later are taken', async () => {
    const app = await serverOf(dialect)
    runJobs(app)
    const name = `${dialect}-grows/widget`
    await upstream.addProvider(name, { versions: { '1.0.0': { platforms: ['linux_amd64'] } } })
    await load(app, definitionOf(name))
    await upstream.addProvider(name, { versions: { '1.0.0': { platforms: PLATFORMS } } })
    expect(await load(app, definitionOf(name))).toMatchObject({ state: 'completed', failed: 0 })
    expect(Object.keys(await archivesOf(app, name))).toEqual(PLATFORMS)
  })

  // P3: upstreams that withdraw a version do not take it out of the mirror.
  test('a version that vanishes upstream stays', async () => {
    const app = await serverOf(dialect)
    runJobs(app)
    const name = `${dialect}-gone/widget`
    await upstream.addProvider(name, { versions: { '1.0.0': {}, '1.1.0': {} } })
    await load(app, definitionOf(name, ['>= 1.0.0']))
    upstream.removeVersion(name, '1.0.0')
    expect(await load(app, definitionOf(name, ['>= 1.0.0']))).toMatchObject({ state: 'completed' })
    const index = await app.request(`/v1/mirror/${ORIGIN}/${name}/index.json`)
    expect(Object.keys(index.json().versions).sort()).toEqual(['1.0.0', '1.1.0'])
  })

  test('a cached version that was deleted can be loaded again, with the same bytes only', async () => {
    const app = await serverOf(dialect)
    runJobs(app)
    const namespace = `${dialect}-again`
    const name = `${namespace}/widget`
    await upstream.addProvider(name, { versions: { '1.0.0': { content: 'first' } } })
    await load(app, definitionOf(name))
    const held = await digestsOf(app, name)
    await deleteVersion(app, namespace)
    expect(await archivesOf(app, name)).toEqual({})
    expect(await load(app, definitionOf(name))).toMatchObject({ state: 'completed' })
    expect(await digestsOf(app, name)).toEqual(held)
    const { linux_amd64: archive } = await archivesOf(app, name)
    expect((await app.request(archive?.url ?? '')).statusCode).toBe(200)

    await deleteVersion(app, namespace)
    await upstream.addProvider(name, { versions: { '1.0.0': { content: 'second' } } })
    const job = await load(app, definitionOf(name))
    expect(job.items.find(({ state }) => state === 'failed')).toMatchObject({ error_code: 'PROVIDER_VERSION_EXISTS' })
    expect(await archivesOf(app, name)).toEqual({})
  })
})
