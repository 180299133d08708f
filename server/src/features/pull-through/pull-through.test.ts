import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DIALECTS } from '../../testing/dialects.ts'
import { type FakeUpstream, startFakeUpstream } from '../../testing/fake-upstream/fake-upstream.ts'
import { archivesOf, definitionOf, load, mirrorSettings, ORIGIN } from '../../testing/mirror-jobs.ts'
import { listedVersions, onDemandApp } from '../../testing/on-demand.ts'
import { type TestApp, testApp } from '../../testing/test-app.ts'

const PLATFORMS = ['darwin_arm64', 'linux_amd64']

let upstream: FakeUpstream
let names = 0

beforeAll(async () => {
  upstream = await startFakeUpstream()
})

afterAll(() => upstream.close())

/** A provider of its own for each test; keys are pinned per namespace. */
async function addProvider(versions: readonly string[] = ['1.0.0'], platforms: readonly string[] = PLATFORMS): Promise<string> {
  names += 1
  const name = `space-${names}/widget`
  await upstream.addProvider(name, { versions: Object.fromEntries(versions.map((version) => [version, { platforms }])) })
  upstream.requests.length = 0
  return name
}

const zhOf = (name: string, version: string, platform: string) => `zh:${upstream.package(name, version, platform).shasum}`
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')
const mirrorUrl = (name: string, file: string, host = ORIGIN) => `/v1/mirror/${host}/${name}/${file}`

/** Follows the link to a package of `linux_amd64` as a client does. */
async function install(app: TestApp, name: string, version = '1.0.0') {
  const link = (await archivesOf(app, name, version)).linux_amd64?.url ?? ''
  const first = await app.request(link)
  const { location } = first.headers
  return location === undefined ? first : app.request(location)
}

describe.each(DIALECTS)('providers on demand on %s', (dialect) => {
  test('what is held nowhere is listed, described with verified hashes, and fetched when a client follows the link', async () => {
    const app = await onDemandApp(dialect, upstream)
    const name = await addProvider(['1.0.0', '1.1.0', '2.0.0-rc.1'])
    expect(await listedVersions(app, name)).toEqual(['2.0.0-rc.1', '1.1.0', '1.0.0'])
    const archives = await archivesOf(app, name, '1.1.0')
    expect(Object.keys(archives)).toEqual(PLATFORMS)
    for (const platform of PLATFORMS) {
      expect(archives[platform]?.hashes).toEqual([zhOf(name, '1.1.0', platform)])
      expect(archives[platform]?.url).toMatch(
        new RegExp(`/pull/${ORIGIN}/${name}/1\\.1\\.0/terraform-provider-widget_1\\.1\\.0_${platform}\\.zip\\?`),
      )
    }
    const { statusCode, rawPayload } = await install(app, name, '1.1.0')
    expect(statusCode).toBe(200)
    expect(`zh:${sha256(rawPayload)}`).toBe(zhOf(name, '1.1.0', 'linux_amd64'))

    const after = await archivesOf(app, name, '1.1.0')
    expect(after.linux_amd64?.hashes).toEqual([expect.stringMatching(/^h1:/), zhOf(name, '1.1.0', 'linux_amd64')])
    expect(after.linux_amd64?.url).toMatch(/:80\/files\//)
    expect(after.darwin_arm64?.hashes).toEqual([zhOf(name, '1.1.0', 'darwin_arm64')])
    expect(await listedVersions(app, name)).toEqual(['2.0.0-rc.1', '1.1.0', '1.0.0'])
  })

  test('a HEAD waits as the GET does and leads to the same file', async () => {
    const app = await onDemandApp(dialect, upstream)
    const name = await addProvider()
    const url = (await archivesOf(app, name)).linux_amd64?.url ?? ''
    const head = await app.request({ method: 'HEAD', url })
    expect(head.statusCode).toBe(302)
    const file = await app.request({ method: 'HEAD', url: head.headers.location ?? '' })
    expect([file.statusCode, file.headers['content-length']]).toEqual([200, String(upstream.package(name, '1.0.0').body.length)])
  })

  test('what is held and fresh costs the upstream nothing', async () => {
    const app = await onDemandApp(dialect, upstream)
    const name = await addProvider()
    await listedVersions(app, name)
    await install(app, name)
    upstream.requests.length = 0
    await listedVersions(app, name)
    expect((await install(app, name)).statusCode).toBe(200)
    expect(upstream.requests).toEqual([])
  })

  test('a first install asks for each thing once', async () => {
    const app = await onDemandApp(dialect, upstream)
    const name = await addProvider()
    await listedVersions(app, name)
    await install(app, name)
    const paths = upstream.requests.map(({ path }) => path.replace(`/${name}/1.0.0/`, '/'))
    expect(paths.filter((path) => !path.includes('/download/')).sort()).toEqual([
      '/.well-known/terraform.json',
      '/files/SHA256SUMS',
      '/files/SHA256SUMS.sig',
      '/files/terraform-provider-widget_1.0.0_linux_amd64.zip',
      `/v1/providers/${name}/versions`,
    ])
  })

  // protocol.md 4.6, N-3
  test('a version that the upstream does not have is an empty list of archives', async () => {
    const app = await onDemandApp(dialect, upstream)
    const name = await addProvider()
    const response = await app.request(mirrorUrl(name, '9.9.9.json'))
    expect([response.statusCode, response.json()]).toEqual([200, { archives: {} }])
  })

  // protocol.md N-2
  test('a provider that the upstream does not have is unknown, and the upstream is asked once a minute', async () => {
    const app = await onDemandApp(dialect, upstream)
    const get = () => app.request(mirrorUrl('nobody/nothing', 'index.json'))
    upstream.requests.length = 0
    expect((await get()).statusCode).toBe(404)
    expect((await get()).statusCode).toBe(404)
    expect(upstream.countRequests('/nobody/nothing/')).toBe(1)
    await app.pass(61_000)
    expect((await get()).statusCode).toBe(404)
    expect(upstream.countRequests('/nobody/nothing/')).toBe(2)
  })

  // reliability.md row 45: dependency confusion
  test('a namespace that is claimed here, even one that was deleted, is never asked for', async () => {
    const app = await onDemandApp(dialect, upstream)
    const name = await addProvider()
    const [namespace = ''] = name.split('/')
    const claim = (method: 'POST' | 'DELETE', url: string, payload?: object) => app.asAdmin({ method, url, ...(payload && { payload }) })
    expect((await claim('POST', '/api/v1/namespaces', { name: namespace, organization: 'default' })).statusCode).toBe(201)
    expect((await app.request(mirrorUrl(name, 'index.json'))).statusCode).toBe(404)
    expect((await app.request(mirrorUrl(name, '1.0.0.json'))).statusCode).toBe(404)
    expect((await claim('DELETE', `/api/v1/namespaces/${namespace}`)).statusCode).toBe(204)
    expect((await app.request(mirrorUrl(name, 'index.json'))).statusCode).toBe(404)
    expect(upstream.requests).toEqual([])
  })

  test('only the hosts that are named are asked', async () => {
    const app = await onDemandApp(dialect, upstream, { env: { TFR_MIRROR_UPSTREAMS: 'registry.elsewhere.example' } })
    const name = await addProvider()
    expect((await app.request(mirrorUrl(name, 'index.json'))).statusCode).toBe(404)
    expect(upstream.requests).toEqual([])
  })

  test('without the feature no upstream is asked', async () => {
    const app = await testApp(dialect, mirrorSettings(upstream, { TFR_MIRROR_UPSTREAMS: ORIGIN }))
    const name = await addProvider()
    expect((await app.request(mirrorUrl(name, 'index.json'))).statusCode).toBe(404)
    expect((await app.request(mirrorUrl(name, '1.0.0.json'))).statusCode).toBe(404)
    expect(upstream.requests).toEqual([])
  })

  test('a link that is not signed here is refused before anything is asked', async () => {
    const app = await onDemandApp(dialect, upstream)
    const name = await addProvider()
    const path = `/pull/${ORIGIN}/${name}/1.0.0/terraform-provider-widget_1.0.0_linux_amd64.zip`
    expect((await app.request(path)).statusCode).toBe(403)
    expect((await app.request(`${path}?expires=9999999999&signature=${'A'.repeat(43)}`)).statusCode).toBe(403)
    expect(upstream.requests).toEqual([])
  })

  test('a blocked version is not listed, and its link leads nowhere', async () => {
    const app = await onDemandApp(dialect, upstream)
    const name = await addProvider(['1.0.0', '1.1.0'])
    await load(app, definitionOf(name, ['1.1.0'], ['darwin_arm64']))
    const link = (await archivesOf(app, name, '1.1.0')).linux_amd64?.url ?? ''
    expect(link).toContain('/pull/')
    const [namespace = ''] = name.split('/')
    const held = await app.asAdmin({ url: `/api/v1/admin/providers?namespace=${namespace}` })
    const [row] = held.json<{ items: { version_id: string }[] }>().items
    const url = `/api/v1/admin/providers/${row?.version_id}`
    await app.asAdmin({ method: 'PATCH', url, payload: { blocked: true } })
    expect(await listedVersions(app, name)).toEqual(['1.0.0'])
    expect((await app.request(mirrorUrl(name, '1.1.0.json'))).statusCode).toBe(404)
    expect((await app.request(link)).statusCode).toBe(404)
    expect(upstream.countRequests('1.1.0_linux_amd64.zip')).toBe(0)
  })

  test('what an administrator has deleted does not come back on demand', async () => {
    const app = await onDemandApp(dialect, upstream)
    const name = await addProvider(['1.0.0', '1.1.0'])
    await load(app, definitionOf(name, ['1.1.0'], ['linux_amd64']))
    const [namespace = ''] = name.split('/')
    const held = await app.asAdmin({ url: `/api/v1/admin/providers?namespace=${namespace}` })
    const [row] = held.json<{ items: { id: string; version_id: string }[] }>().items
    await app.asAdmin({ method: 'DELETE', url: `/api/v1/admin/providers/${row?.id}` })
    expect(Object.keys(await archivesOf(app, name, '1.1.0'))).toEqual(['darwin_arm64'])
    await load(app, definitionOf(name, ['1.1.0'], ['linux_amd64']))
    await app.asAdmin({ method: 'DELETE', url: `/api/v1/admin/providers/${row?.version_id}` })
    expect(await listedVersions(app, name)).toEqual(['1.0.0'])
    expect(await archivesOf(app, name, '1.1.0')).toEqual({})
  })

  // reliability.md row 44
  test('what is held and vanishes upstream stays', async () => {
    const app = await onDemandApp(dialect, upstream)
    const name = await addProvider(['1.0.0', '1.1.0'])
    await install(app, name, '1.1.0')
    upstream.removeVersion(name, '1.1.0')
    const later = await onDemandApp(dialect, upstream, { beside: app, works: false })
    await later.pass(25 * 3_600_000)
    expect(await listedVersions(later, name)).toEqual(['1.1.0', '1.0.0'])
    expect(Object.keys(await archivesOf(later, name, '1.1.0'))).toEqual(['linux_amd64'])
  })
})
