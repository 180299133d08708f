import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { AppDeps } from '../../app-deps.ts'
import { createOutbound } from '../../base/outbound/outbound.ts'
import { createShasumsReader } from '../../features/mirror/index.ts'
import { createPullThrough } from '../../features/pull-through/index.ts'
import { createUpstreamClient } from '../../features/upstreams/index.ts'
import { DIALECTS } from '../dialects.ts'
import { archivesOf, definitionOf, load, ORIGIN } from '../mirror-jobs.ts'
import type { TestApp } from '../test-app.ts'
import { expectNothingOf, expectServed, openFaultBench, sharedBench } from './fault-bench.ts'
import { WAYS_IN } from './ways-in.ts'

/** Larger than what a socket takes at once. */
const PACKAGE_BYTES = 120_000
const PATIENT = { timeout: 20_000, interval: 50 }

/** What the API tells of the items that wait. */
async function notesOf({ asAdmin }: TestApp): Promise<string[]> {
  const jobs = (await asAdmin({ url: '/api/v1/admin/jobs?limit=100' })).json<{ items: { id: string }[] }>().items
  const details = await Promise.all(jobs.map(async ({ id }) => (await asAdmin({ url: `/api/v1/admin/jobs/${id}?limit=100` })).json()))
  return details.flatMap(({ items }) => items.map((item: { error_message: string | null }) => item.error_message ?? ''))
}

describe.each(DIALECTS)('an upstream that asks to wait, on %s', (dialect) => {
  const WAIT_MS = 1_000

  test.each(WAYS_IN)('F15 is left alone until then by $name, which says so, and then succeeds', async (way) => {
    const bench = await openFaultBench(dialect)
    onTestFinished(bench.close)
    const { app, upstream } = bench
    const held = await bench.addProvider()
    expect(await load(app, definitionOf(held))).toMatchObject({ state: 'completed' })
    const status = { on: 'package', status: 429, times: 1, retryAfter: String(WAIT_MS / 1000) } as const
    const name = await bench.addProvider({ defects: { status } })
    const bringing = way.bring(app, name)
    await vi.waitFor(async () => expect((await notesOf(app)).join('\n')).toMatch(/rate limited until 20\d\d-[\dT:.-]+Z/), PATIENT)
    await expectServed(bench, held)
    expect(await bringing).toMatchObject({ isHeld: true, attempts: 1 })
    const [first, second, ...more] = upstream.requests.filter(({ path }) => path.startsWith(`/files/${name}/`) && path.endsWith('.zip'))
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThan(WAIT_MS * 0.95)
    expect(more).toEqual([])
  })

  test('F15 gets no stampede when the time is over', async () => {
    const bench = await openFaultBench(dialect)
    onTestFinished(bench.close)
    const platforms = ['linux_amd64', 'linux_arm64', 'darwin_amd64', 'darwin_arm64', 'windows_amd64', 'freebsd_amd64', 'linux_386']
    const status = { on: 'package', status: 429, times: 1, retryAfter: '1' } as const
    const name = await bench.addProvider({ platforms, defects: { status } })
    expect(await load(bench.app, definitionOf(name))).toMatchObject({ state: 'completed', failed: 0 })
    // One is told to wait; those that were on their way already are served, the others come once.
    expect(bench.upstream.countRequests('.zip')).toBe(platforms.length + 1)
  })
})

/** A server that finds no address for any name. */
function unresolvable() {
  let lookups = 0
  const change = (deps: AppDeps): AppDeps => {
    const { config, clock, logger } = deps
    const resolveAddresses = async () => {
      lookups += 1
      throw Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' })
    }
    const outbound = createOutbound({ allowedNetworks: [], apiTimeoutMs: 5_000, clock, logger, resolveAddresses })
    onTestFinished(outbound.close)
    const downloads = { maxBytes: 1 << 30, idleTimeoutMs: 5_000, totalTimeoutMs: 5_000 }
    const parts = { ...deps, outbound, upstreams: createUpstreamClient({ outbound, clock, logger, upstreams: config.upstream, downloads }) }
    const mirroring = { ...parts, readShasums: createShasumsReader(parts) }
    return { ...mirroring, onDemand: createPullThrough(mirroring) }
  }
  return { change, lookups: () => lookups }
}

describe.each(DIALECTS)('an upstream that cannot be reached, on %s', (dialect) => {
  const shared = sharedBench(dialect)

  describe.each(WAYS_IN)('by $name', (way) => {
    test('F16 one server error is tried again', async () => {
      const { app, addProvider } = shared.bench
      const name = await addProvider({ defects: { status: { on: 'package', status: 503, times: 1 } } })
      expect(await way.bring(app, name)).toMatchObject({ isHeld: true, attempts: 2 })
      await expectServed(shared.bench, name)
    })

    test('F16 server errors without an end fail clean', async () => {
      const { app, addProvider } = shared.bench
      const name = await addProvider({ defects: { status: { on: 'package', status: 500 } } })
      expect(await way.bring(app, name)).toMatchObject({
        isHeld: false,
        attempts: 2,
        text: expect.stringContaining('the upstream answered 500'),
      })
      await expectNothingOf(app, name)
    })

    test('F16 refused connections fail clean, and when they are over the package comes in', async () => {
      const { app, chaos, addProvider } = shared.bench
      const name = await addProvider()
      await chaos.inject({ kind: 'refuse' })
      expect(await way.bring(app, name)).toMatchObject({ isHeld: false, text: expect.stringContaining('the connection broke off') })
      expect(chaos.hits()).toBeGreaterThan(0)
      await expectNothingOf(app, name)
      await chaos.heal()
      // On demand, what has just failed is not asked for again at once.
      await vi.waitFor(async () => expect(await way.bring(app, name)).toMatchObject({ isHeld: true }), PATIENT)
      await expectServed(shared.bench, name)
    })

    test('F16 a name without an address fails clean', async () => {
      const { change, lookups } = unresolvable()
      const bench = await openFaultBench(dialect, { change, upstreamUrl: 'http://upstream.example.com' })
      onTestFinished(bench.close)
      const name = await bench.addProvider()
      expect(await way.bring(bench.app, name)).toMatchObject({
        isHeld: false,
        text: expect.stringContaining('the host name has no address'),
      })
      expect(lookups()).toBeGreaterThan(0)
      await expectNothingOf(bench.app, name)
    })
  })

  test('F16 what is held is served, and says its age, while nothing can be had', async () => {
    const bench = await openFaultBench(dialect, { env: { TFR_MIRROR_VERSION_LIST_FRESH_SECONDS: '1' } })
    onTestFinished(bench.close)
    const { app, chaos } = bench
    const name = await bench.addProvider()
    await load(app, definitionOf(name))
    const index = () => app.request(`/v1/mirror/${ORIGIN}/${name}/index.json`)
    expect((await index()).headers['x-registry-stale']).toBeUndefined()
    await chaos.inject({ kind: 'refuse' })
    await vi.waitFor(async () => expect(Number((await index()).headers['x-registry-stale'])).toBeGreaterThan(0), PATIENT)
    expect((await index()).json()).toEqual({ versions: { '1.0.0': {} } })
    await expectServed(bench, name)
    expect(chaos.hits()).toBeGreaterThan(0)
  })
})

// About time, not about SQL: one database is enough.
const [ONE_DIALECT = 'sqlite'] = DIALECTS
const ZIP = /^GET \S+\.zip/

describe('an upstream that falls silent in the middle of a package', () => {
  const env = { TFR_PROVIDERS_DOWNLOAD_RETRY_ATTEMPTS: '1', TFR_PROVIDERS_DOWNLOAD_TIMEOUT_SECONDS: '1' }
  const shared = sharedBench(ONE_DIALECT, { env })
  /** Without a length there are no ranges either: such a download cannot go on where it stopped. */
  const NOT_RESUMABLE = { sizeBytes: PACKAGE_BYTES, defects: { withoutLength: true } }

  // All at once, because each waits for its time to be over.
  test('F17 is given up by all three ways in', async () => {
    const { app, chaos, addProvider } = shared.bench
    await chaos.poison({ kind: 'stall', afterBytes: 50_000, when: ZIP })
    const bringing = WAYS_IN.map(async (way) => {
      const name = await addProvider(NOT_RESUMABLE)
      return { name, attempt: await way.bring(app, name) }
    })
    for (const { name, attempt } of await Promise.all(bringing)) {
      expect(attempt).toMatchObject({ isHeld: false, text: expect.stringContaining('it stopped sending') })
      await expectNothingOf(app, name)
    }
  })

  test('F17 lets all go who wait for one package, and was asked once for them', async () => {
    const { app, chaos, addProvider, upstream } = shared.bench
    const name = await addProvider(NOT_RESUMABLE)
    const link = (await archivesOf(app, name)).linux_amd64?.url ?? ''
    await chaos.poison({ kind: 'stall', afterBytes: 50_000, when: ZIP })
    const answers = await Promise.all(Array.from({ length: 20 }, () => app.request(link)))
    expect(new Set(answers.map(({ statusCode }) => statusCode))).toEqual(new Set([504]))
    expect(upstream.countRequests(`/files/${name}/1.0.0/terraform-provider`)).toBe(1)
    await expectNothingOf(app, name)
  })

  test('F17 is asked for the rest where it can be, by all three ways in', async () => {
    const { app, chaos, addProvider } = shared.bench
    await chaos.poison({ kind: 'stall', afterBytes: 50_000, when: ZIP, times: WAYS_IN.length })
    const bringing = WAYS_IN.map(async (way) => {
      const name = await addProvider({ sizeBytes: PACKAGE_BYTES })
      return { name, attempt: await way.bring(app, name) }
    })
    for (const { name, attempt } of await Promise.all(bringing)) {
      expect(attempt).toMatchObject({ isHeld: true })
      await expectServed(shared.bench, name)
    }
  })
})

describe('an upstream that sends byte by byte', () => {
  const env = {
    TFR_PROVIDERS_DOWNLOAD_RETRY_ATTEMPTS: '1',
    TFR_PROVIDERS_DOWNLOAD_TIMEOUT_SECONDS: '2',
    TFR_PROVIDERS_DOWNLOAD_TOTAL_TIMEOUT_SECONDS: '2',
  }
  const shared = sharedBench(ONE_DIALECT, { env })

  test('F17 is given up by all three ways in when the time for a package is over', async () => {
    const { app, chaos, addProvider } = shared.bench
    await chaos.poison({ kind: 'slow', bytesPerSecond: 4_000, when: ZIP })
    const bringing = WAYS_IN.map(async (way) => {
      const name = await addProvider({ sizeBytes: PACKAGE_BYTES })
      return { name, attempt: await way.bring(app, name) }
    })
    for (const { name, attempt } of await Promise.all(bringing)) {
      expect(attempt).toMatchObject({ isHeld: false, text: expect.stringContaining('it took longer than 2 seconds') })
      await expectNothingOf(app, name)
    }
  })
})

// A client of the registry protocol waits for ten seconds and asks once more (protocol.md N-16). The product's own patience.
describe('an upstream that falls silent while a registry client waits', () => {
  const shared = sharedBench(ONE_DIALECT, { env: { TFR_PROVIDERS_DEFAULT_HOSTNAME: ORIGIN } })

  test('F17 the client has its answer within nine seconds, whatever it asked for', { timeout: 60_000, retry: 2 }, async () => {
    const { app, chaos, addProvider } = shared.bench
    const names = await Promise.all([addProvider(), addProvider(), addProvider()])
    const [list = '', document = '', checksums = ''] = names
    for (const name of [document, checksums]) expect((await app.request(`/v1/providers/${name}/versions`)).statusCode).toBe(200)
    await chaos.poison({
      kind: 'stall',
      when: new RegExp(`${list}/versions |${document}/1.0.0/download|${checksums}/1.0.0/[^ ]*SHA256SUMS `),
    })
    const download = (name: string) => `/v1/providers/${name}/1.0.0/download/linux/amd64`
    const urls = [`/v1/providers/${list}/versions`, download(document), download(checksums), `/v1/mirror/${ORIGIN}/${list}/index.json`]
    const answers = await Promise.all(
      urls.map(async (url) => {
        const startedAt = performance.now()
        const { statusCode } = await app.request(url)
        return { url, statusCode, inTime: performance.now() - startedAt < 9_000 }
      }),
    )
    expect(answers).toEqual(urls.map((url) => ({ url, statusCode: 504, inTime: true })))
  })
})
