import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { DIALECTS, type Dialect } from '../../../testing/dialects.ts'
import { type FakeUpstream, startFakeUpstream } from '../../../testing/fake-upstream/fake-upstream.ts'
import { archivesOf, definitionOf, load, mirrorSettings, ORIGIN, quarantineOf, runJobs, untilDone } from '../../../testing/mirror-jobs.ts'
import { onDemandApp } from '../../../testing/on-demand.ts'
import { type TestApp, testApp } from '../../../testing/test-app.ts'
import { createTestMirror, syncMirror } from '../../../testing/test-mirrors.ts'

interface HeldAnswer {
  readonly version: string
  readonly zh: string
  readonly upstream_change: { readonly zh: string } | null
}

let upstream: FakeUpstream
beforeAll(async () => {
  upstream = await startFakeUpstream()
})
afterAll(() => upstream.close())

const offer = (name: string, content: string, versions = ['1.0.0']) =>
  upstream.addProvider(name, { versions: Object.fromEntries(versions.map((version) => [version, { content }])) })
const shasumOf = (name: string, version = '1.0.0') => `zh:${upstream.package(name, version).shasum}`

async function heldOf(app: TestApp, name: string): Promise<readonly HeldAnswer[]> {
  const [namespace] = name.split('/')
  return (await app.asAdmin({ url: `/api/v1/admin/providers?namespace=${namespace}` })).json<{ items: HeldAnswer[] }>().items
}

async function alarmsOf(app: TestApp, name: string): Promise<{ subject: string }[]> {
  const answer = await app.asAdmin({ url: '/api/v1/admin/notifications?kind=digest_changed&limit=100' })
  return answer.json<{ items: { subject: string }[] }>().items.filter(({ subject }) => subject.includes(`/${name} `))
}

async function auditOf(app: TestApp, name: string): Promise<string[]> {
  const answer = await app.asAdmin({ url: `/api/v1/audit?action=provider_version.&object=${ORIGIN}/${name}` })
  return answer.json<{ items: { action: string }[] }>().items.map(({ action }) => action)
}

/** A day goes by, for the comparison. */
const letCompare = ({ deps }: TestApp) => deps.database.db.updateTable('providerVersions').set({ digestsCheckedAt: 0 }).execute()

/** A server with a mirror of the provider that has run once. */
async function openMirror(dialect: Dialect, name: string, versions?: string[]) {
  await offer(name, 'first', versions)
  const app = await testApp(dialect, mirrorSettings(upstream))
  runJobs(app)
  await createTestMirror(app, { name: 'all', providers: [name] })
  await syncMirror(app, 'all')
  await letCompare(app)
  return app
}

// reliability.md row 44: a digest that changes is an alarm, and the old one stays.
describe.each(DIALECTS)('digests that change upstream, on %s', (dialect) => {
  test('a run of the mirror notices it, and what is held is served on', async () => {
    const name = `${dialect}-run/widget`
    const app = await openMirror(dialect, name)
    const before = await archivesOf(app, name)
    const old = shasumOf(name)
    await offer(name, 'second')
    upstream.requests.length = 0
    expect(await syncMirror(app, 'all')).toMatchObject({ state: 'completed' })
    expect(await heldOf(app, name)).toMatchObject([{ zh: old, upstream_change: { zh: shasumOf(name), at: expect.any(String) } }])
    expect(await alarmsOf(app, name)).toMatchObject([{ subject: `${ORIGIN}/${name} 1.0.0`, kind: 'digest_changed' }])
    expect(await auditOf(app, name)).toEqual(['provider_version.digest_changed'])
    expect(upstream.requests.filter(({ path }) => path.endsWith('.zip'))).toEqual([])
    const after = await archivesOf(app, name)
    expect(after.linux_amd64?.hashes).toEqual(before.linux_amd64?.hashes)
    expect((await app.request(after.linux_amd64?.url ?? '')).statusCode).toBe(200)
  })

  test('it is told once, and the mark goes when the old digest is back', async () => {
    const name = `${dialect}-once/widget`
    const app = await openMirror(dialect, name)
    for (const content of ['second', 'second', 'first']) {
      await offer(name, content)
      await letCompare(app)
      await syncMirror(app, 'all')
    }
    expect(await alarmsOf(app, name)).toHaveLength(1)
    expect(await auditOf(app, name)).toEqual(['provider_version.digest_restored', 'provider_version.digest_changed'])
    expect(await heldOf(app, name)).toMatchObject([{ upstream_change: null }])
  })

  test('versions that were compared longest ago have their turn, a few with each run', async () => {
    const name = `${dialect}-turns/widget`
    const versions = ['1.0.0', '1.1.0', '1.2.0', '1.3.0', '1.4.0', '1.5.0', '1.6.0']
    const app = await openMirror(dialect, name, versions)
    const compared = async () => {
      upstream.requests.length = 0
      await syncMirror(app, 'all')
      return upstream.requests.filter(({ path }) => path.endsWith('SHA256SUMS')).length
    }
    expect([await compared(), await compared(), await compared()]).toEqual([5, 2, 0])
  })

  test('what vanishes upstream stays, without an alarm', async () => {
    const name = `${dialect}-gone/widget`
    const app = await openMirror(dialect, name, ['1.0.0', '1.1.0'])
    const before = await archivesOf(app, name, '1.0.0')
    await offer(name, 'first', ['1.1.0'])
    expect(await syncMirror(app, 'all')).toMatchObject({ state: 'completed' })
    expect(await alarmsOf(app, name)).toEqual([])
    expect((await heldOf(app, name)).map(({ upstream_change }) => upstream_change)).toEqual([null, null])
    expect(Object.keys(before)).toEqual(['linux_amd64'])
    expect((await archivesOf(app, name, '1.0.0')).linux_amd64?.hashes).toEqual(before.linux_amd64?.hashes)
    const list = await app.request(`/v1/mirror/${ORIGIN}/${name}/index.json`)
    expect(Object.keys(list.json<{ versions: object }>().versions).sort()).toEqual(['1.0.0', '1.1.0'])
  })

  test('a renewed version list notices it, too', async () => {
    const name = `${dialect}-list/widget`
    await offer(name, 'first')
    const app = await onDemandApp(dialect, upstream)
    await load(app, definitionOf(name))
    await offer(name, 'second')
    await letCompare(app)
    await app.request(`/v1/mirror/${ORIGIN}/${name}/index.json`)
    await vi.waitFor(async () => expect(await heldOf(app, name)).toMatchObject([{ upstream_change: { zh: shasumOf(name) } }]), 10_000)
    expect(await alarmsOf(app, name)).toHaveLength(1)
  })

  test('what clients were shown stays while nothing is held, until an administrator takes the new one', async () => {
    const name = `${dialect}-shown/widget`
    await offer(name, 'first')
    const app = await onDemandApp(dialect, upstream)
    const shown = async () => (await archivesOf(app, name)).linux_amd64
    const old = shasumOf(name)
    expect((await shown())?.hashes).toEqual([old])
    await offer(name, 'second')
    const pulled = await app.request((await shown())?.url ?? '')
    expect([pulled.statusCode, pulled.body]).toEqual([502, expect.stringContaining('changed the checksum')])
    expect((await shown())?.hashes).toEqual([old])
    expect(await alarmsOf(app, name)).toHaveLength(1)
    const [namespace = ''] = name.split('/')
    const [entry] = (await quarantineOf(app, namespace)) as unknown as { id: string }[]
    expect(entry).toMatchObject({
      step: 'digest_change',
      releasable: true,
      evidence: { expected: old, found: shasumOf(name), held: false },
    })

    const url = `/api/v1/admin/quarantine/${entry?.id}/release`
    const released = await app.asAdmin({ method: 'POST', url, payload: { reason: 'The publisher built it again' } })
    expect(await untilDone(app, released.json<{ job_id: string }>().job_id)).toMatchObject({ state: 'completed' })
    expect((await shown())?.hashes).toContain(shasumOf(name))
    expect(await quarantineOf(app, namespace)).toEqual([])
  })
})
