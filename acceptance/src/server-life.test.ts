import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { buildProviderZip } from '@terrace/server/testing/zip-writer.ts'
import { describe, expect, onTestFinished, test } from 'vitest'
import { HERE } from './harness/current-platform.ts'
import { askUntilSentAway, holdDownload, type RequestOutcome } from './harness/load-clients.ts'
import { sha256 } from './harness/publish-form.ts'
import { createRegistryApi } from './harness/registry-api.ts'
import { startWorld, UPSTREAM, upstreamConfig } from './harness/registry-world.ts'
import { makeTemporaryFolder } from './harness/temporary-folder.ts'
import { startTerrace } from './harness/terrace-server.ts'

const [OS = '', ARCH = ''] = HERE.split('_')

describe('starting again', () => {
  test('makes nothing anew: keys, certificates, administrator and packages stay', async () => {
    const folder = makeTemporaryFolder('data')
    onTestFinished(folder.remove)
    const dataDir = join(folder.path, 'data')
    const first = await startTerrace({ dataDir, localTls: true })
    onTestFinished(first.close)
    await createRegistryApi(first).publish({ name: 'acme/widget', version: '1.0.0' })
    const versions = await (await fetch(`${first.url}/v1/providers/acme/widget/versions`)).text()
    const token = await first.signIn()
    expect(await first.stop()).toEqual({ code: 0, signal: null })
    const before = keptFiles(dataDir)
    expect(Object.keys(before).length).toBeGreaterThan(3)

    const second = await startTerrace({ dataDir, localTls: true })
    onTestFinished(second.close)
    expect(keptFiles(dataDir)).toEqual(before)
    expect(await (await fetch(`${second.url}/v1/providers/acme/widget/versions`)).text()).toBe(versions)
    const me = await fetch(`${second.url}/api/v1/auth/me`, { headers: { authorization: `Bearer ${token}` } })
    expect(me.status).toBe(200)
    expect(second.process.output()).not.toContain('one-time token')
    const [, ...more] = await createRegistryApi(second).packages()
    expect(more).toEqual([])
    expect(await createRegistryApi(second).publish({ name: 'acme/other', version: '1.0.0' })).toMatchObject({ status: 201 })
    const keys = (await createRegistryApi(second).packages()).map((item) => item.signing_key)
    expect(new Set(keys).size).toBe(1)
  })

  test('without an administrator in the settings, a one-time token is shown until the set-up is done', async () => {
    const env = { TFR_ADMIN_USERNAME: '', TFR_ADMIN_PASSWORD: '' }
    await using server = await startTerrace({ env })
    expect(server.process.output()).toContain('one-time token')
  })
})

/** Digests of everything that must outlive a restart unchanged: all but the database and its logs, and what is temporary. */
function keptFiles(dataDir: string): Record<string, string> {
  const names = (readdirSync(dataDir, { recursive: true }) as string[]).filter((name) => statSync(join(dataDir, name)).isFile())
  const kept = names.filter((name) => !/^terrace\.db|^tmp\/|\/\.tmp\/|\.tfrc$/.test(name)).sort()
  return Object.fromEntries(kept.map((name) => [name, sha256(readFileSync(join(dataDir, name)))]))
}

// reliability.md F31
describe('SIGTERM under load', () => {
  test('answers every request that was made, finishes downloads, and ends with 0', async () => {
    await using world = await startWorld()
    const zip = buildProviderZip({ type: 'large', version: '1.0.0', sizeBytes: 30_000_000 })
    await world.api.publish({ name: 'acme/large', version: '1.0.0', packages: { [HERE]: zip } })
    const { url } = world.server
    const response = await fetch(`${url}/v1/providers/acme/large/1.0.0/download/${OS}/${ARCH}`)
    const { download_url: link } = (await response.json()) as { download_url: string }
    const download = await holdDownload(new URL(link, url).href)

    const outcomes: RequestOutcome[] = []
    const clients = Array.from({ length: 8 }, () => askUntilSentAway(`${url}/v1/providers/acme/large/versions`, outcomes))
    await expect.poll(() => outcomes.length).toBeGreaterThan(100)
    const ended = world.server.stop()
    await Promise.all(clients)
    expect(await download.finish()).toBe(sha256(zip))
    expect(await ended).toEqual({ code: 0, signal: null })
    expect(outcomes.filter((outcome) => outcome !== '200')).toEqual(clients.map(() => '503'))
  })

  test('a job that is interrupted goes on after the next start without fetching again what it has', async () => {
    const folder = makeTemporaryFolder('data')
    onTestFinished(folder.remove)
    const dataDir = join(folder.path, 'data')
    const config = 'providers {\n  download_concurrency = 1\n}\nserver {\n  shutdown_grace_seconds = 1\n}\n'
    await using world = await startWorld({ dataDir, edge: config })
    await world.upstream.addProvider('acme/widget', {
      versions: { '1.0.0': { platforms: [HERE] }, '1.1.0': { platforms: [HERE], sizeBytes: 50_000, defects: { slow: true } } },
    })
    const id = await world.api.startLoad(`provider "${UPSTREAM}/acme/widget" {\n  versions = ["1.0.0", "1.1.0"]\n}\n`)
    await expect.poll(() => world.upstream.countRequests('1.1.0_'), { timeout: 10_000 }).toBe(1)
    const stopping = performance.now()
    expect(await world.server.stop()).toEqual({ code: 0, signal: null })
    expect(performance.now() - stopping).toBeLessThan(10_000)

    await world.upstream.setDefects('acme/widget', '1.1.0')
    world.upstream.requests.length = 0
    await using again = await startTerrace({ dataDir, config: upstreamConfig(world.upstream.url) })
    expect(await createRegistryApi(again).waitForJob(id)).toMatchObject({ state: 'completed', completed: 3, failed: 0 })
    expect(world.upstream.countRequests(`1.0.0_${HERE}`)).toBe(0)
    expect(world.upstream.countRequests(`1.1.0_${HERE}`)).toBe(1)
  })
})
