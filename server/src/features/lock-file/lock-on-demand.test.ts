import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DIALECTS } from '../../testing/dialects.ts'
import { type FakeUpstream, startFakeUpstream } from '../../testing/fake-upstream/fake-upstream.ts'
import { definitionOf, load, ORIGIN } from '../../testing/mirror-jobs.ts'
import { type OnDemandApp, onDemandApp } from '../../testing/on-demand.ts'
import type { LockView } from './lock-views.ts'

const PLATFORMS = ['darwin_arm64', 'linux_amd64']

describe.each(DIALECTS)('lock files of providers on demand on %s', (dialect) => {
  let upstream: FakeUpstream
  beforeAll(async () => {
    upstream = await startFakeUpstream()
  })
  afterAll(() => upstream.close())

  const ask = (app: OnDemandApp, name: string, version = '') =>
    app.request(`/api/v1/lock?${new URLSearchParams({ provider: `${ORIGIN}/${name}`, version })}`)
  const zhOf = (name: string, version: string) =>
    PLATFORMS.map((platform) => `zh:${upstream.package(name, version, platform).shasum}`).sort()

  test('a version of which nothing is stored is locked by its signed list, and no package is fetched', async () => {
    const app = await onDemandApp(dialect, upstream)
    await upstream.addProvider('cold/widget', { versions: { '1.0.0': { platforms: PLATFORMS }, '1.1.0': { platforms: PLATFORMS } } })
    upstream.requests.length = 0
    const { providers } = (await ask(app, 'cold/widget')).json<LockView>()
    expect(providers).toMatchObject([
      {
        version: '1.1.0',
        hashes: zhOf('cold/widget', '1.1.0'),
        missing: PLATFORMS.map((platform) => ({ platform, why: 'not_held' })),
      },
    ])
    expect(upstream.requests.filter(({ path }) => path.endsWith('.zip'))).toEqual([])
  })

  test('what is stored of the version has its h1:, and a newer one that is offered is the newest', async () => {
    const app = await onDemandApp(dialect, upstream)
    await upstream.addProvider('warm/widget', { versions: { '1.0.0': { platforms: PLATFORMS }, '1.1.0': { platforms: PLATFORMS } } })
    await load(app, definitionOf('warm/widget', ['1.0.0'], ['linux_amd64']))
    const { providers } = (await ask(app, 'warm/widget', '1.0.0')).json<LockView>()
    expect(providers[0]?.hashes).toEqual([expect.stringMatching(/^h1:/), ...zhOf('warm/widget', '1.0.0')])
    expect((await ask(app, 'warm/widget')).json<LockView>().providers[0]?.version).toBe('1.1.0')
  })

  test('a package that is blocked is vouched for by no hash, though its version is offered', async () => {
    const app = await onDemandApp(dialect, upstream)
    await upstream.addProvider('halted/widget', { versions: { '1.0.0': { platforms: PLATFORMS } } })
    await load(app, definitionOf('halted/widget', ['1.0.0'], ['linux_amd64']))
    await app.deps.database.db.updateTable('providerPlatforms').set({ blockedAt: 1 }).execute()
    const { providers } = (await ask(app, 'halted/widget')).json<LockView>()
    expect(providers).toMatchObject([
      {
        hashes: [`zh:${upstream.package('halted/widget', '1.0.0', 'darwin_arm64').shasum}`],
        missing: [
          { platform: 'darwin_arm64', why: 'not_held' },
          { platform: 'linux_amd64', why: 'blocked' },
        ],
      },
    ])
  })

  test('a signature that does not verify gives no hash', async () => {
    const app = await onDemandApp(dialect, upstream)
    await upstream.addProvider('bad/widget', { versions: { '1.0.0': { platforms: PLATFORMS, defects: { badSignature: true } } } })
    const response = await ask(app, 'bad/widget')
    expect(response.statusCode).toBe(502)
    expect(response.body).not.toContain('zh:')
  })

  // Dependency confusion: C10.
  test('a namespace that is claimed here is not asked for upstream', async () => {
    const app = await onDemandApp(dialect, upstream)
    await upstream.addProvider('claimed/widget', { versions: { '1.0.0': { platforms: PLATFORMS } } })
    await app.asAdmin({ method: 'POST', url: '/api/v1/namespaces', payload: { name: 'claimed' } })
    upstream.requests.length = 0
    expect((await ask(app, 'claimed/widget')).statusCode).toBe(404)
    expect(upstream.requests).toEqual([])
  })
})
