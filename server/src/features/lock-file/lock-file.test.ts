import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Worker } from '../../base/queue/worker.ts'
import { DIALECTS } from '../../testing/dialects.ts'
import { type FakeUpstream, startFakeUpstream } from '../../testing/fake-upstream/fake-upstream.ts'
import { archivesOf, definitionOf, load, mirrorSettings, ORIGIN, startJobs } from '../../testing/mirror-jobs.ts'
import { packagesOf, publishNew, sha256 } from '../../testing/publish-requests.ts'
import { type OpenTestApp, openTestApp } from '../../testing/test-app.ts'
import type { LockView } from './lock-views.ts'

const OWN = 'terrace.example.net'
const PLATFORMS = ['darwin_arm64', 'linux_amd64', 'windows_amd64']
const HELD = ['darwin_arm64', 'linux_amd64']

describe.each(DIALECTS)('lock files on %s', (dialect) => {
  let upstream: FakeUpstream
  let app: OpenTestApp
  let worker: Worker
  beforeAll(async () => {
    upstream = await startFakeUpstream()
    app = await openTestApp(dialect, mirrorSettings(upstream, { TFR_SERVER_PUBLIC_URL: `https://${OWN}` }))
    worker = startJobs(app)
    const versions = ['1.0.0', '1.1.0', '1.2.0-rc.1', '2.0.0']
    await upstream.addProvider('acme/widget', {
      versions: Object.fromEntries(versions.map((version) => [version, { platforms: PLATFORMS }])),
    })
    await load(app, definitionOf('acme/widget', ['~> 1.0', '1.2.0-rc.1'], HELD))
    await publishNew(app, { name: 'globex/own', packages: packagesOf({ type: 'own' }, HELD) })
  })
  afterAll(async () => {
    await worker.stop(0)
    await app.close()
    await upstream.close()
  })

  const ask = (query: Readonly<Record<string, string | readonly string[]>>, headers: Record<string, string> = {}) => {
    const pairs = Object.entries(query).flatMap(([name, values]) => [values].flat().map((value) => [name, String(value)]))
    return app.request({ url: `/api/v1/lock?${new URLSearchParams(pairs)}`, headers })
  }
  const answer = async (query: Parameters<typeof ask>[0]) => {
    const response = await ask(query)
    if (response.statusCode !== 200) throw new Error(response.body)
    return response.json<LockView>()
  }
  const WIDGET = `${ORIGIN}/acme/widget`
  const zhOf = (version: string) =>
    PLATFORMS.map((platform) => `zh:${sha256(upstream.package('acme/widget', version, platform).body)}`).sort()
  const h1Of = async (version: string, platforms = HELD) => {
    const archives = await archivesOf(app, 'acme/widget', version)
    return platforms.map((platform) => archives[platform]?.hashes[0] ?? 'missing').sort()
  }

  test('has zh: of every platform on the signed list, h1: of every stored one, and names the others', async () => {
    const { providers, lock_file } = await answer({ provider: WIDGET })
    expect(providers).toEqual([
      {
        address: WIDGET,
        version: '1.1.0',
        constraints: '',
        hashes: [...(await h1Of('1.1.0')), ...zhOf('1.1.0')],
        missing: [{ platform: 'windows_amd64', why: 'not_held' }],
        previous_version: null,
        added_hashes: 5,
      },
    ])
    expect(lock_file).toContain(`\nprovider "${WIDGET}" {\n  version = "1.1.0"\n  hashes = [\n    "h1:`)
  })

  test('wanted platforms choose the h1:, and one that was never released is told', async () => {
    const { providers } = await answer({ provider: WIDGET, platform: ['linux_amd64', 'windows_amd64', 'solaris_amd64'] })
    expect(providers[0]?.hashes).toEqual([...(await h1Of('1.1.0', ['linux_amd64'])), ...zhOf('1.1.0')])
    expect(providers[0]?.missing).toEqual([
      { platform: 'windows_amd64', why: 'not_held' },
      { platform: 'solaris_amd64', why: 'not_released' },
    ])
  })

  test.each([
    ['= 1.0.0', '1.0.0', '1.0.0'],
    ['<1.1, >= 0.9', '1.0.0', '>= 0.9.0, < 1.1.0'],
    ['1.2.0-rc.1', '1.2.0-rc.1', '1.2.0-rc.1'],
  ])('%s chooses %s and is written as %s', async (version, chosen, constraints) => {
    expect((await answer({ provider: WIDGET, version })).providers[0]).toMatchObject({ version: chosen, constraints })
  })

  test('several providers have their versions in the same order', async () => {
    const { providers } = await answer({ provider: [`${OWN}/globex/own`, WIDGET], version: ['', '~> 1.0.0'] })
    expect(providers.map(({ address, version }) => [address, version])).toEqual([
      [`${OWN}/globex/own`, '1.0.0'],
      [WIDGET, '1.0.0'],
    ])
  })

  test.each([
    ['the parameter', { format: 'hcl' }, {}],
    ['the header', {}, { accept: 'text/plain' }],
  ] as const)('%s gives the file alone, and a header what is missing', async (_what, query, headers) => {
    const response = await ask({ provider: WIDGET, ...query }, headers)
    expect(response.headers['content-type']).toBe('text/plain; charset=utf-8')
    expect(response.body).toBe((await answer({ provider: WIDGET })).lock_file)
    expect(response.headers['x-registry-missing']).toBe(`${WIDGET} windows_amd64 not_held`)
  })

  test('a provider that is published here goes by our own name, with any port', async () => {
    for (const address of [`${OWN}/globex/own`, `${OWN}:8443/globex/own`]) {
      const { providers } = await answer({ provider: address })
      expect(providers[0]).toMatchObject({ address, version: '1.0.0', missing: [] })
      expect(providers[0]?.hashes.map((hash) => hash.split(':')[0])).toEqual(['h1', 'h1', 'zh', 'zh'])
    }
  })

  // reliability.md row 13: who may not read it must not learn that it is there.
  test('a private provider is answered as one that does not exist', async () => {
    await publishNew(app, { name: 'secret/own' })
    await app.asAdmin({ method: 'PATCH', url: '/api/v1/namespaces/secret', payload: { visibility: 'private' } })
    const hidden = await ask({ provider: `${OWN}/secret/own` })
    const absent = await ask({ provider: `${OWN}/secret/nothing` })
    const anonymous = ({ body }: { body: string }) => ({ ...JSON.parse(body), requestId: '' })
    expect(hidden.statusCode).toBe(404)
    expect(JSON.stringify(anonymous(hidden)).replaceAll('secret/own', 'secret/nothing')).toBe(JSON.stringify(anonymous(absent)))
    const seen = await app.asAdmin({ url: `/api/v1/lock?provider=${OWN}/secret/own` })
    expect(seen.statusCode).toBe(200)
  })

  test('a blocked package is vouched for by no hash, a damaged one by its zh: alone', async () => {
    await upstream.addProvider('acme/blocked', { versions: { '1.0.0': { platforms: PLATFORMS } } })
    await load(app, definitionOf('acme/blocked', ['1.0.0'], PLATFORMS))
    const version = await app.deps.database.db
      .selectFrom('providerPlatforms')
      .select(['id', 'os', 'zh', 'h1'])
      .where('filename', 'like', '%blocked_1.0.0%')
      .execute()
    const of = (os: string) => version.find((row) => row.os === os) ?? { id: '', zh: '', h1: '' }
    const { db } = app.deps.database
    await db.updateTable('providerPlatforms').set({ blockedAt: 1 }).where('id', '=', of('darwin').id).execute()
    await db.updateTable('providerPlatforms').set({ damagedAt: 1 }).where('id', '=', of('windows').id).execute()
    const { providers } = await answer({ provider: `${ORIGIN}/acme/blocked` })
    expect(providers[0]?.hashes).toEqual([of('linux').h1, ...[of('linux').zh, of('windows').zh].sort()])
    expect(providers[0]?.missing).toEqual([
      { platform: 'darwin_arm64', why: 'blocked' },
      { platform: 'windows_amd64', why: 'damaged' },
    ])
  })

  test('all that cannot be locked is told at once', async () => {
    const response = await ask({ provider: [`${ORIGIN}/acme/absent`, WIDGET], version: ['', '~> 9.0'] })
    expect(response.statusCode).toBe(404)
    expect(response.json()).toMatchObject({
      code: 'PROVIDER_NOT_FOUND',
      detail: `Cannot lock 2 providers: "${ORIGIN}/acme/absent" this registry does not hold it; "${WIDGET}" no version that is held matches "~> 9.0"`,
      context: { count: 2, problems: [{ code: 'PROVIDER_NOT_FOUND' }, { code: 'PROVIDER_VERSION_NOT_FOUND' }] },
    })
  })

  test.each([
    ['no provider', {}, 'BAD_REQUEST'],
    ['what is no address', { provider: 'a/b/c/d' }, 'INVALID_ADDRESS'],
    ['a foreign host with a port', { provider: 'other.example.com:8443/a/b' }, 'INVALID_ADDRESS'],
    ['what is no constraint', { provider: WIDGET, version: '^1.0' }, 'BAD_REQUEST'],
    ['fewer versions than providers', { provider: [WIDGET, 'a/b'], version: '1.0.0' }, 'BAD_REQUEST'],
    ['what is no platform', { provider: WIDGET, platform: 'linux' }, 'BAD_REQUEST'],
  ])('%s is refused', async (_what, query, code) => {
    const response = await ask(query as Parameters<typeof ask>[0])
    expect([response.statusCode, response.json().code]).toEqual([400, code])
  })
})
