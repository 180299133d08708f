import { describe, expect, test } from 'vitest'
import { DIALECTS, type Dialect } from '../../testing/dialects.ts'
import { type PublishAnswer, packagesOf, publish, publishNew, sha256 } from '../../testing/publish-requests.ts'
import { type TestApp, testApp } from '../../testing/test-app.ts'

const PLATFORMS = ['darwin_amd64', 'darwin_arm64', 'linux_amd64', 'linux_arm64', 'windows_amd64']

/** Two servers over one database and one folder. */
async function replicas(dialect: Dialect): Promise<readonly [TestApp, TestApp]> {
  const first = await testApp(dialect)
  return [first, await testApp(dialect, {}, { beside: first })]
}

interface PackageAnswer {
  readonly shasum: string
  readonly download_url: string
  readonly shasums_url: string
  readonly shasums_signature_url: string
}

async function documentOf(app: TestApp, version = '1.0.0', platform = 'linux_amd64'): Promise<PackageAnswer> {
  const response = await app.request(`/v1/providers/acme/widget/${version}/download/${platform.replace('_', '/')}`)
  expect(response.statusCode).toBe(200)
  return response.json<PackageAnswer>()
}

describe.each(DIALECTS)('publishing on two servers at once, on %s', (dialect) => {
  // reliability.md row 39, F25
  test('of fifty publishers of one version with fifty contents exactly one wins, and its bytes are stored', async () => {
    const servers = await replicas(dialect)
    const attempts = Array.from({ length: 50 }, (_, index) => packagesOf({ type: 'widget', content: `from ${index}` }))
    const responses = await Promise.all(attempts.map((packages, index) => publish(servers[index % 2] ?? servers[0], { packages })))
    const codes = responses.map((response) => (response.statusCode === 201 ? 201 : response.json<{ code: string }>().code))
    expect(codes.filter((code) => code === 201)).toHaveLength(1)
    expect(codes.filter((code) => code === 'PROVIDER_VERSION_EXISTS')).toHaveLength(49)
    const zh = responses.find(({ statusCode }) => statusCode === 201)?.json<PublishAnswer>().platforms[0]?.zh
    for (const response of responses.filter(({ statusCode }) => statusCode === 409)) {
      expect(response.json()).toMatchObject({ context: { published: zh } })
    }
    for (const server of servers) {
      const { shasum, download_url } = await documentOf(server)
      expect(`zh:${shasum}`).toBe(zh)
      expect(sha256((await server.request(download_url)).rawPayload)).toBe(shasum)
    }
  })

  test('twenty platforms and versions at once are all listed, and every list is signed whole', async () => {
    const servers = await replicas(dialect)
    const wanted = ['1.0.0', '1.1.0', '1.2.0', '2.0.0'].flatMap((version) => PLATFORMS.map((platform) => ({ version, platform })))
    const responses = await Promise.all(
      wanted.map(({ version, platform }, index) =>
        publish(servers[index % 2] ?? servers[0], { version, packages: packagesOf({ type: 'widget', version }, [platform]) }),
      ),
    )
    expect(responses.map(({ statusCode }) => statusCode)).toEqual(wanted.map(() => 201))
    for (const server of servers) {
      const { versions } = (await server.request('/v1/providers/acme/widget/versions')).json<{ versions: { platforms: unknown[] }[] }>()
      expect(versions.map(({ platforms }) => platforms.length)).toEqual([5, 5, 5, 5])
    }
    for (const { version, platform } of wanted) {
      const { shasum, shasums_url } = await documentOf(servers[1], version, platform)
      const lines = (await servers[0].request(shasums_url)).body.trimEnd().split('\n')
      expect(lines).toHaveLength(PLATFORMS.length)
      expect(lines).toContain(`${shasum}  terraform-provider-widget_${version}_${platform}.zip`)
    }
  })

  test('the same bytes at once are one publication and no conflict', async () => {
    const servers = await replicas(dialect)
    const responses = await Promise.all(Array.from({ length: 10 }, (_, index) => publish(servers[index % 2] ?? servers[0])))
    const statuses = responses.map(({ statusCode }) => statusCode).sort()
    expect(statuses).toEqual([200, 200, 200, 200, 200, 200, 200, 200, 200, 201])
  })

  test('what one server publishes, blocks, restores and deletes is seen by the other with the next request', async () => {
    const [first, second] = await replicas(dialect)
    const statusOn = async (server: TestApp, url: string) => (await server.request(url)).statusCode
    const url = '/v1/providers/acme/widget/1.0.0/download/linux/amd64'
    const listed = async () => ((await second.request('/v1/providers/acme/widget/versions')).json().versions ?? []).length
    expect(await statusOn(second, url)).toBe(404)
    await publishNew(first)
    expect([await statusOn(second, url), await listed()]).toEqual([200, 1])

    const { items } = (await first.asAdmin({ url: '/api/v1/admin/providers' })).json<{ items: { version_id: string }[] }>()
    const held = `/api/v1/admin/providers/${items[0]?.version_id}`
    const { download_url, shasums_url } = await documentOf(second)
    await first.asAdmin({ method: 'PATCH', url: held, payload: { blocked: true } })
    expect([await statusOn(second, url), await listed()]).toEqual([404, 0])
    // A link that was handed out before leads nowhere either.
    expect([await statusOn(second, download_url), await statusOn(second, shasums_url)]).toEqual([404, 404])

    await second.asAdmin({ method: 'PATCH', url: held, payload: { blocked: false } })
    expect([await statusOn(first, url), await statusOn(first, download_url)]).toEqual([200, 200])
    await first.asAdmin({ method: 'DELETE', url: held })
    expect([await statusOn(second, url), await statusOn(second, download_url), await listed()]).toEqual([404, 404, 0])
  })

  test('a link that one server signed is good on the other', async () => {
    const [first, second] = await replicas(dialect)
    await publishNew(first)
    const { download_url, shasums_url, shasums_signature_url } = await documentOf(first)
    for (const link of [download_url, shasums_url, shasums_signature_url]) expect((await second.request(link)).statusCode).toBe(200)
  })

  // Both make a key when neither finds one; the second to record it takes the first one's.
  test('servers that sign for the first time at once sign with one key', async () => {
    const first = await testApp(dialect, {}, { makesSigningKey: true })
    const second = await testApp(dialect, {}, { beside: first })
    const answers = await Promise.all([publishNew(first, { name: 'a/widget' }), publishNew(second, { name: 'b/widget' })])
    expect(new Set(answers.map(({ signing_key }) => signing_key)).size).toBe(1)
  })
})
