import { join } from 'node:path'
import { type ChaosProxy, startChaosProxy } from '@terrace/server/testing/chaos-proxy/chaos-proxy.ts'
import { type FakeUpstream, startFakeUpstream } from '@terrace/server/testing/fake-upstream/fake-upstream.ts'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { HERE } from './harness/current-platform.ts'
import { createRegistryApi, type RegistryApi } from './harness/registry-api.ts'
import { UPSTREAM, upstreamConfig } from './harness/registry-world.ts'
import { makeTemporaryFolder } from './harness/temporary-folder.ts'
import { startTerrace, startTerraceWorker, type TerraceServer, type TerraceWorker } from './harness/terrace-server.ts'
import { expireLeases, findLeftovers } from './kill-cycles/check-data-folder.ts'
import { createRandom } from './kill-cycles/random.ts'

const PATIENT = { timeout: 60_000, interval: 20 }
const NAME = 'acme/widget'
const ZIP = /^GET \S+\.zip/
const ON_DEMAND = `features {\n  auto_download_providers = true\n}\nmirror {\n  upstreams = ["${UPSTREAM}"]\n}\n`

interface Bench {
  readonly upstream: FakeUpstream
  /** The line to the upstream. */
  readonly chaos: ChaosProxy
  /** Runs no jobs itself. */
  readonly server: TerraceServer
  readonly api: RegistryApi
  startWorker(): Promise<TerraceWorker>
}

async function openBench(config = ''): Promise<Bench> {
  const upstream = await startFakeUpstream()
  onTestFinished(upstream.close)
  const chaos = await startChaosProxy(upstream.port)
  onTestFinished(chaos.close)
  const options = { config: upstreamConfig(chaos.url) + config }
  const server = await startTerrace({ ...options, env: { TFR_WORK_ENABLED: 'false' } })
  onTestFinished(server.close)
  const startWorker = async (): Promise<TerraceWorker> => {
    const worker = await startTerraceWorker(server, options)
    onTestFinished(async () => void (await worker.kill()))
    return worker
  }
  return { upstream, chaos, server, api: createRegistryApi(server), startWorker }
}

/** Versions whose packages the upstream was asked for, in order. */
const askedFor = ({ requests }: FakeUpstream): string[] =>
  requests.flatMap(({ method, path }) => (method === 'GET' && path.endsWith('.zip') ? [path.split('/')[4] ?? ''] : []))

/** Versions whose packages the job has brought. */
async function finishedVersions(api: RegistryApi, jobId: string): Promise<string[]> {
  const { items } = (await (await api.request(`/api/v1/admin/jobs/${jobId}?limit=100&state=completed`)).json()) as JobItems
  return items.flatMap(({ kind, key }) => (kind === 'provider.fetch_package' ? [key.split(' ')[1] ?? ''] : []))
}

interface JobItems {
  readonly items: readonly { readonly kind: string; readonly key: string }[]
}

/** Where a client is sent for the package of 1.0.0. */
async function packageLink({ url }: TerraceServer): Promise<URL> {
  const base = `${url}/v1/mirror/${UPSTREAM}/${NAME}/`
  const { archives } = (await (await fetch(`${base}1.0.0.json`)).json()) as { archives: Record<string, { url: string }> }
  return new URL(archives[HERE]?.url ?? 'missing', base)
}

/** Reads every version that is listed as a client does; answers which, and how long it took. */
async function readEverything({ url }: TerraceServer): Promise<{ readonly versions: readonly string[]; readonly ms: number }> {
  const startedAt = performance.now()
  const base = `${url}/v1/mirror/${UPSTREAM}/${NAME}/`
  const index = await fetch(`${base}index.json`)
  const versions = index.status === 404 ? [] : Object.keys(((await index.json()) as { versions: object }).versions)
  for (const version of versions) {
    const { archives } = (await (await fetch(`${base}${version}.json`)).json()) as { archives: Record<string, { url: string }> }
    const response = await fetch(new URL(archives[HERE]?.url ?? 'missing', base))
    await response.arrayBuffer()
    expect([version, response.status]).toEqual([version, 200])
  }
  return { versions, ms: performance.now() - startedAt }
}

/** Asserts that processes that were killed have left nothing behind, once everybody has stopped. */
async function expectNothingLeft({ server }: Bench, worker: TerraceWorker): Promise<void> {
  await worker.stop()
  await server.stop()
  expect(findLeftovers(server.dataDir)).toEqual([])
}

// reliability.md F4; zot #4357: what a dead sync left behind made every read hang.
describe('a worker that is killed', () => {
  const seed = Date.now()

  test('F4 three times during a mirror run: finished packages are not fetched again, and all are readable', {
    timeout: 240_000,
  }, async () => {
    const bench = await openBench()
    const { upstream, chaos, server, api, startWorker } = bench
    const random = createRandom(seed)
    const versions = Array.from({ length: 20 }, (_, index) => `1.${index}.0`)
    const input = { platforms: [HERE], sizeBytes: 200_000 }
    await upstream.addProvider(NAME, { versions: Object.fromEntries(versions.map((version) => [version, input])) })
    // Slow enough for a kill to find something under way.
    await chaos.inject({ kind: 'slow', bytesPerSecond: 200_000, when: ZIP })
    const created = await server.terrace(['mirror', 'create', 'all', '--upstream', UPSTREAM, '--provider', NAME])
    expect(created.code, created.output).toBe(0)
    const body = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }
    const { job_id: jobId } = (await (await api.request('/api/v1/admin/mirrors/all/sync', body)).json()) as { job_id: string }

    const finishedBefore: { readonly version: string; readonly asked: number }[] = []
    let interrupted = 0
    for (let kill = 0; kill < 3; kill++) {
      const worker = await startWorker()
      const target = askedFor(upstream).length + random.between(1, 3)
      await vi.waitFor(() => expect(askedFor(upstream).length).toBeGreaterThanOrEqual(target), PATIENT)
      await worker.kill()
      const [finished, asked] = [await finishedVersions(api, jobId), askedFor(upstream)]
      interrupted += new Set(asked).size - finished.length
      finishedBefore.push(...finished.map((version) => ({ version, asked: asked.length })))
      // The leases of the dead one still run, and nobody who reads may notice; once more where the machine is busy.
      await vi.waitFor(async () => {
        const readable = await readEverything(server)
        expect(readable.versions).toEqual(expect.arrayContaining(finished))
        expect(readable.ms).toBeLessThan(2_000)
      }, PATIENT)
      expireLeases(server.dataDir)
    }
    expect(interrupted, `seed ${seed}`).toBeGreaterThan(0)

    expect(chaos.hits()).toBeGreaterThan(0)
    await chaos.heal()
    const last = await startWorker()
    expect(await api.waitForJob(jobId), `seed ${seed}`).toMatchObject({ state: 'completed', failed: 0 })
    expect([...(await readEverything(server)).versions].sort()).toEqual(versions.sort())
    for (const { version, asked } of finishedBefore) expect(askedFor(upstream).slice(asked), `seed ${seed}`).not.toContain(version)
    await expectNothingLeft(bench, last)
  })

  test('F4 while a client waits for a package: the client has it in the end, by one more download', { timeout: 120_000 }, async () => {
    const bench = await openBench(ON_DEMAND)
    const { upstream, chaos, server, startWorker } = bench
    await upstream.addProvider(NAME, { versions: { '1.0.0': { platforms: [HERE], sizeBytes: 200_000 } } })
    const link = await packageLink(server)
    await chaos.poison({ kind: 'stall', afterBytes: 50_000, when: ZIP, times: 1 })
    const first = await startWorker()
    const waiting = fetch(link)
    await vi.waitFor(() => expect(chaos.hits()).toBe(1), PATIENT)
    await first.kill()
    expireLeases(server.dataDir)
    const second = await startWorker()
    const response = await waiting
    expect([response.status, (await response.arrayBuffer()).byteLength]).toEqual([200, upstream.package(NAME, '1.0.0', HERE).body.length])
    expect(askedFor(upstream)).toEqual(['1.0.0', '1.0.0'])
    expect((await readEverything(server)).ms).toBeLessThan(10_000)
    expect(askedFor(upstream)).toHaveLength(2)
    await expectNothingLeft(bench, second)
  })

  test('F4 with the whole server while a client waits: asked again, the next one brings it by one more download', {
    timeout: 120_000,
  }, async () => {
    const upstream = await startFakeUpstream()
    onTestFinished(upstream.close)
    const chaos = await startChaosProxy(upstream.port)
    onTestFinished(chaos.close)
    const folder = makeTemporaryFolder('killed-server')
    onTestFinished(folder.remove)
    const options = { dataDir: join(folder.path, 'data'), config: upstreamConfig(chaos.url) + ON_DEMAND }
    await upstream.addProvider(NAME, { versions: { '1.0.0': { platforms: [HERE], sizeBytes: 200_000 } } })
    const first = await startTerrace(options)
    onTestFinished(first.close)
    const link = await packageLink(first)
    await chaos.poison({ kind: 'stall', afterBytes: 50_000, when: ZIP, times: 1 })
    const waiting = fetch(link).then(
      () => 'answered',
      () => 'cut off',
    )
    await vi.waitFor(() => expect(chaos.hits()).toBe(1), PATIENT)
    await first.kill()
    expect(await waiting).toBe('cut off')
    expireLeases(options.dataDir)

    const second = await startTerrace(options)
    onTestFinished(second.close)
    const response = await fetch(await packageLink(second))
    expect([response.status, (await response.arrayBuffer()).byteLength]).toEqual([200, upstream.package(NAME, '1.0.0', HERE).body.length])
    expect(askedFor(upstream)).toEqual(['1.0.0', '1.0.0'])
    await second.stop()
    expect(findLeftovers(options.dataDir)).toEqual([])
  })
})
