import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { sweep } from '../../../jobs.ts'
import { DIALECTS } from '../../../testing/dialects.ts'
import { startFakeUpstream } from '../../../testing/fake-upstream/fake-upstream.ts'
import { archivesOf, ORIGIN } from '../../../testing/mirror-jobs.ts'
import { onDemandApp } from '../../../testing/on-demand.ts'

const NAME = 'acme/widget'
const HOUR_MS = 3_600_000

async function upstreamWith(platforms: readonly string[] = ['linux_amd64']) {
  const upstream = await startFakeUpstream()
  onTestFinished(upstream.close)
  await upstream.addProvider(NAME, { versions: { '1.0.0': { platforms } } })
  return upstream
}

describe.each(DIALECTS)('checksum lists of versions that are not held on %s', (dialect) => {
  test('are read once for all replicas, and after a restart', async () => {
    const upstream = await upstreamWith()
    const app = await onDemandApp(dialect, upstream, { works: false })
    const offered = await archivesOf(app, NAME)
    expect(offered.linux_amd64?.hashes).toEqual([expect.stringMatching(/^zh:/)])
    upstream.requests.length = 0
    const replica = await onDemandApp(dialect, upstream, { beside: app, works: false })
    expect((await archivesOf(replica, NAME)).linux_amd64?.hashes).toEqual(offered.linux_amd64?.hashes)
    expect(upstream.requests).toEqual([])
  })

  // reliability.md F16
  test('answer while the upstream is gone, however old they are', async () => {
    const upstream = await upstreamWith()
    const app = await onDemandApp(dialect, upstream, { works: false })
    const offered = await archivesOf(app, NAME)
    await app.pass(50 * HOUR_MS)
    await upstream.close()
    const restarted = await onDemandApp(dialect, upstream, { beside: app, works: false })
    expect((await archivesOf(restarted, NAME)).linux_amd64?.hashes).toEqual(offered.linux_amd64?.hashes)
  })

  test('answer in time when the upstream does not', async () => {
    const upstream = await upstreamWith()
    const app = await onDemandApp(dialect, upstream, { works: false })
    await archivesOf(app, NAME)
    await app.pass(25 * HOUR_MS)
    await upstream.setDefects(NAME, '1.0.0', { status: { on: 'package', status: 503 } })
    const restarted = await onDemandApp(dialect, upstream, { beside: app, works: false, waits: { checksumsMs: 2_000 } })
    expect(Object.keys(await archivesOf(restarted, NAME))).toEqual(['linux_amd64'])
  })

  test('are read again beyond the greatest age', async () => {
    const upstream = await upstreamWith()
    const app = await onDemandApp(dialect, upstream, { works: false })
    await archivesOf(app, NAME)
    await app.pass(25 * HOUR_MS)
    const restarted = await onDemandApp(dialect, upstream, { beside: app, works: false })
    upstream.requests.length = 0
    await archivesOf(restarted, NAME)
    expect(upstream.countRequests('SHA256SUMS.sig')).toBe(1)
  })

  test('of a platform that came later are read for it', async () => {
    const upstream = await upstreamWith()
    const app = await onDemandApp(dialect, upstream, { works: false })
    await archivesOf(app, NAME)
    await upstream.addProvider(NAME, { versions: { '1.0.0': { platforms: ['linux_amd64', 'darwin_arm64'] } } })
    await app.pass(301_000)
    await vi.waitFor(async () => expect(Object.keys(await archivesOf(app, NAME)).sort()).toEqual(['darwin_arm64', 'linux_amd64']), 5_000)
  })

  test('count for nothing once their key is rejected', async () => {
    const upstream = await upstreamWith()
    const app = await onDemandApp(dialect, upstream, { works: false })
    await archivesOf(app, NAME)
    const { items } = (await app.asAdmin({ url: '/api/v1/admin/signing-keys' })).json<{ items: { id: string }[] }>()
    await app.asAdmin({ method: 'POST', url: `/api/v1/admin/signing-keys/${items[0]?.id}/reject` })
    const restarted = await onDemandApp(dialect, upstream, { beside: app, works: false })
    expect((await restarted.request(`/v1/mirror/${ORIGIN}/${NAME}/1.0.0.json`)).statusCode).toBe(502)
  })

  // The process has read it lately: what an administrator decides counts there, too.
  test('count for nothing once their key is rejected, without a restart', async () => {
    const upstream = await upstreamWith()
    const app = await onDemandApp(dialect, upstream, { works: false })
    await archivesOf(app, NAME)
    const { items } = (await app.asAdmin({ url: '/api/v1/admin/signing-keys' })).json<{ items: { id: string }[] }>()
    await app.asAdmin({ method: 'POST', url: `/api/v1/admin/signing-keys/${items[0]?.id}/reject` })
    expect((await app.request(`/v1/mirror/${ORIGIN}/${NAME}/1.0.0.json`)).statusCode).toBe(502)
  })

  test('that nobody has asked for in months are forgotten', async () => {
    const app = await onDemandApp(dialect, await upstreamWith(), { works: false })
    await archivesOf(app, NAME)
    const count = async () => (await app.deps.database.db.selectFrom('upstreamSignedVersions').select('id').execute()).length
    await app.pass(89 * 24 * HOUR_MS)
    await sweep(app.deps, { graceMs: HOUR_MS })
    expect(await count()).toBe(1)
    await app.pass(2 * 24 * HOUR_MS)
    await sweep(app.deps, { graceMs: HOUR_MS })
    expect(await count()).toBe(0)
  })
})
