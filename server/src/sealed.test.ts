import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runChecks } from './commands/doctor-checks.ts'
import { runSchedule } from './features/mirror-configurations/index.ts'
import { refreshSigningKeys } from './jobs.ts'
import { DIALECTS } from './testing/dialects.ts'
import { type FakeUpstream, startFakeUpstream } from './testing/fake-upstream/fake-upstream.ts'
import { archivesOf, definitionOf, load, mirrorSettings, ORIGIN, startJobs, untilDone, upload } from './testing/mirror-jobs.ts'
import { listedVersions } from './testing/on-demand.ts'
import { type OpenTestApp, openTestApp } from './testing/test-app.ts'
import { askMirror, createTestMirror, startSync } from './testing/test-mirrors.ts'

/*
 * `mirror.sealed` on the wire: whatever is asked of a sealed server, the upstream sees nothing, and what is held is served as ever.
 */

const HELD = 'acme/held'
const MISSING = 'acme/missing'
const SEALED = {
  TFR_MIRROR_SEALED: 'true',
  TFR_FEATURES_AUTO_DOWNLOAD_PROVIDERS: 'true',
  TFR_FEATURES_AUTO_DOWNLOAD_MODULES: 'true',
  TFR_MIRROR_UPSTREAMS: ORIGIN,
}

let upstream: FakeUpstream

beforeAll(async () => {
  upstream = await startFakeUpstream()
  for (const name of [HELD, MISSING]) {
    await upstream.addProvider(name, { versions: { '1.0.0': { platforms: ['linux_amd64'] }, '1.1.0': { platforms: ['linux_amd64'] } } })
  }
})

afterAll(() => upstream.close())

describe.each(DIALECTS)('a sealed server on %s', (dialect) => {
  let open: OpenTestApp
  let sealed: OpenTestApp
  let stop: () => Promise<void>
  let queuedBefore: { readonly load: string; readonly sync: string }

  beforeAll(async () => {
    open = await openTestApp(dialect, mirrorSettings(upstream))
    const worker = startJobs(open)
    await load(open, definitionOf(HELD))
    await worker.stop(0)
    await createTestMirror(open, { name: 'waiting', providers: [MISSING], enabled: true })
    await createTestMirror(open, { name: 'other', providers: [MISSING] })
    queuedBefore = { load: await upload(open, definitionOf(MISSING)), sync: await startSync(open, 'other') }
    sealed = await openTestApp(dialect, mirrorSettings(upstream, SEALED), { beside: open })
    const sealedWorker = startJobs(sealed)
    stop = () => sealedWorker.stop(0)
    upstream.requests.length = 0
  })

  // Last, when every operation below has had its chance.
  afterAll(async () => {
    await stop()
    await sealed.close()
    await open.close()
    expect(upstream.requests).toEqual([])
  })

  test('serves what it holds, with nothing beside it and not marked as stale', async () => {
    expect(await listedVersions(sealed, HELD)).toEqual(['1.0.0'])
    const archive = (await archivesOf(sealed, HELD)).linux_amd64
    expect(archive?.hashes).toEqual([expect.stringMatching(/^h1:/), expect.stringMatching(/^zh:/)])
    expect((await sealed.request(archive?.url ?? '')).statusCode).toBe(200)
    const list = await sealed.request(`/v1/mirror/${ORIGIN}/${HELD}/index.json`)
    expect(Object.keys(list.headers).filter((name) => name.includes('stale'))).toEqual([])
  })

  test('does not know what it does not hold', async () => {
    expect((await sealed.request(`/v1/mirror/${ORIGIN}/${MISSING}/index.json`)).statusCode).toBe(404)
    expect((await sealed.request(`/v1/mirror/${ORIGIN}/${HELD}/1.1.0.json`)).json()).toEqual({ archives: {} })
    const source = `${ORIGIN}/${MISSING}`
    const payload = { providers: [{ source, versions: '1.0.0' }] }
    expect((await sealed.request({ method: 'POST', url: '/api/v1/lock', payload })).statusCode).toBeGreaterThanOrEqual(400)
    const modules = `/v1/upstream/${ORIGIN}/modules/acme/net/aws`
    for (const path of ['versions', '1.0.0/download']) expect((await sealed.request(`${modules}/${path}`)).statusCode).toBe(404)
  })

  test.each([
    [
      'a definition file',
      () =>
        sealed.asAdmin({
          method: 'POST',
          url: '/api/v1/admin/providers/upload',
          headers: { 'content-type': 'text/plain' },
          payload: definitionOf(MISSING),
        }),
    ],
    ['a run of a mirror', () => askMirror(sealed, 'POST /waiting/sync', {})],
    ['the plan of a run', () => askMirror(sealed, 'POST /waiting/plan', {})],
  ])('refuses %s at once and says what to do instead', async (_name, ask) => {
    const response = await ask()
    expect([response.statusCode, response.json().code]).toEqual([409, 'UPSTREAMS_SEALED'])
    expect(response.body).toContain('terrace bundle import')
  })

  test('does not start what its schedule says', async () => {
    expect(await runSchedule(sealed.deps)).toBe(0)
    await refreshSigningKeys(sealed.deps)
  })

  test('refreshes no keys and reads no repositories, not even when it is told to', async () => {
    const refreshed = await sealed.asAdmin({ method: 'POST', url: '/api/v1/admin/signing-keys/refresh', payload: {} })
    const { items } = refreshed.json<{ items: { outcome: string; failure: string }[] }>()
    expect(items.length).toBeGreaterThan(0)
    for (const item of items) expect(item).toMatchObject({ outcome: 'failed', failure: expect.stringContaining('sealed') })
    const source = { url: 'https://git.example.com/acme/net.git' }
    const refused = { code: 'UPSTREAMS_SEALED' }
    await expect(sealed.deps.git.resolveRef(source, 'main')).rejects.toMatchObject(refused)
    await expect(sealed.deps.git.archiveCommit(source, 'a'.repeat(40))).rejects.toMatchObject(refused)
  })

  test('fails what was queued before it was sealed at the first try', async () => {
    for (const id of [queuedBefore.load, queuedBefore.sync]) {
      const { items } = await untilDone(sealed, id)
      expect(items.map(({ state, attempts, error_code }) => [state, attempts, error_code])).toEqual([['failed', 1, 'UPSTREAMS_SEALED']])
    }
  })

  test('tells the doctor', async () => {
    const checks = await runChecks(sealed.deps, [])
    expect(checks.find(({ name }) => name === 'upstream')).toMatchObject({ state: 'ok', text: expect.stringContaining('mirror.sealed') })
  })

  test('refuses every kind of request at the one door, but those to services of the house', async () => {
    const { outbound } = sealed.deps
    const limits = { maxBytes: 1000, idleTimeoutMs: 1000, totalTimeoutMs: 1000 }
    const refused = { code: 'UPSTREAMS_SEALED' }
    await expect(outbound.getBytes(upstream.url, limits)).rejects.toMatchObject(refused)
    await expect(outbound.getSize(upstream.url)).rejects.toMatchObject(refused)
    await expect(outbound.download(upstream.url, limits, () => undefined)).rejects.toMatchObject(refused)
    expect(() => outbound.requireOpen('ssh://git@example.com/acme/module.git')).toThrow(expect.objectContaining(refused))
    const house = await startFakeUpstream()
    await outbound.send(`${house.url}/.well-known/terraform.json`, { maxBytes: 10_000 })
    expect(house.requests).toHaveLength(1)
    await house.close()
  })
})
