import { createHash } from 'node:crypto'
import { describe, expect, onTestFinished, test } from 'vitest'
import { DIALECTS } from '../../testing/dialects.ts'
import { type FakeUpstream, startFakeUpstream } from '../../testing/fake-upstream/fake-upstream.ts'
import { definitionOf, load, ORIGIN } from '../../testing/mirror-jobs.ts'
import { onDemandApp } from '../../testing/on-demand.ts'
import type { TestApp } from '../../testing/test-app.ts'

const NAME = 'acme/widget'
const ENV = { TFR_PROVIDERS_DEFAULT_HOSTNAME: ORIGIN }

interface PackageAnswer {
  readonly filename: string
  readonly shasum: string
  readonly protocols: readonly string[]
  readonly download_url: string
  readonly shasums_url: string
  readonly shasums_signature_url: string
  readonly signing_keys: { readonly gpg_public_keys: readonly { readonly key_id: string; readonly ascii_armor: string }[] }
}

async function upstreamWith(versions: readonly string[]): Promise<FakeUpstream> {
  const upstream = await startFakeUpstream()
  onTestFinished(upstream.close)
  const platforms = ['linux_amd64', 'darwin_arm64']
  await upstream.addProvider(NAME, { versions: Object.fromEntries(versions.map((version) => [version, { platforms }])) })
  return upstream
}

const documentOf = async (app: TestApp, version = '1.0.0', platform = 'linux/amd64') => {
  const response = await app.request(`/v1/providers/${NAME}/${version}/download/${platform}`)
  return { status: response.statusCode, document: response.json<PackageAnswer>() }
}

// reliability.md P4: the client verifies the same signature over the same bytes.
describe.each(DIALECTS)('the registry protocol on demand on %s', (dialect) => {
  test('versions are listed with protocols and platforms, whether they are held or not', async () => {
    const upstream = await upstreamWith(['1.0.0', '1.1.0'])
    const app = await onDemandApp(dialect, upstream, { env: ENV })
    await load(app, definitionOf(NAME, ['1.0.0'], ['linux_amd64']))
    const { versions } = (await app.request(`/v1/providers/${NAME}/versions`)).json<{ versions: object[] }>()
    const both = expect.arrayContaining([
      { os: 'linux', arch: 'amd64' },
      { os: 'darwin', arch: 'arm64' },
    ])
    expect(versions).toEqual([
      { version: '1.1.0', protocols: ['5.0'], platforms: both },
      { version: '1.0.0', protocols: ['5.0'], platforms: both },
    ])
  })

  test('the document of a package that is not held has the list, the signature and the key, and its links lead to the bytes', async () => {
    const upstream = await upstreamWith(['1.0.0'])
    const app = await onDemandApp(dialect, upstream, { env: ENV })
    const { status, document } = await documentOf(app)
    const { shasum, filename, body } = upstream.package(NAME, '1.0.0')
    const { keyId, asciiArmor } = await upstream.signingKey('acme')
    expect(status).toBe(200)
    expect(document).toMatchObject({ filename, shasum, protocols: ['5.0'], os: 'linux', arch: 'amd64' })
    expect(document.signing_keys.gpg_public_keys).toMatchObject([{ key_id: keyId, ascii_armor: asciiArmor }])
    const sums = await app.request(document.shasums_url)
    expect(sums.body).toContain(`${shasum}  ${filename}\n`)
    const signature = await app.request(document.shasums_signature_url)
    expect([signature.statusCode, signature.headers['content-type']]).toEqual([200, 'application/octet-stream'])
    const redirect = await app.request(document.download_url)
    const zip = await app.request(redirect.headers.location ?? '')
    expect(createHash('sha256').update(zip.rawPayload).digest('hex')).toBe(shasum)
    expect(zip.rawPayload.equals(body)).toBe(true)

    const after = (await documentOf(app)).document
    expect([after.download_url, after.shasums_url]).toEqual([expect.stringContaining('/files/'), expect.stringContaining('/shasums/')])
    expect((await app.request(after.shasums_url)).body).toBe(sums.body)
    expect((await app.request(after.shasums_signature_url)).rawPayload.equals(signature.rawPayload)).toBe(true)
  })

  test('another platform of a held version comes by the list that is stored', async () => {
    const upstream = await upstreamWith(['1.0.0'])
    const app = await onDemandApp(dialect, upstream, { env: ENV })
    await load(app, definitionOf(NAME, ['1.0.0'], ['linux_amd64']))
    await app.request(`/v1/providers/${NAME}/versions`)
    upstream.requests.length = 0
    const { document } = await documentOf(app, '1.0.0', 'darwin/arm64')
    expect(document.shasum).toBe(upstream.package(NAME, '1.0.0', 'darwin_arm64').shasum)
    expect((await app.request(document.shasums_url)).body).toContain(document.shasum)
    expect(upstream.requests).toEqual([])
    expect((await app.request(document.download_url)).statusCode).toBe(302)
  })

  test.each([
    ['a version', '9.9.9', 'linux/amd64'],
    ['a platform', '1.0.0', 'windows/amd64'],
  ])('%s that the upstream does not have is not found', async (_name, version, platform) => {
    const app = await onDemandApp(dialect, await upstreamWith(['1.0.0']), { env: ENV })
    expect((await documentOf(app, version, platform)).status).toBe(404)
  })

  test('the detail of what is not held is not found, and costs no request', async () => {
    const upstream = await upstreamWith(['1.0.0'])
    const app = await onDemandApp(dialect, upstream, { env: ENV })
    expect((await app.request(`/v1/providers/${NAME}`)).statusCode).toBe(404)
    expect((await app.request(`/v1/providers/${NAME}/1.0.0`)).statusCode).toBe(404)
    expect(upstream.requests).toEqual([])
  })

  test('a file name that is none of the version is not found, even by a good link', async () => {
    const app = await onDemandApp(dialect, await upstreamWith(['1.0.0']), { env: ENV })
    for (const filename of ['terraform-provider-widget_2.0.0_linux_amd64.zip', 'terraform-provider-widget_1.0.0_plan9_amd64.zip', 'x']) {
      const link = app.deps.linkSigner.sign(`/pull/${ORIGIN}/acme/widget/1.0.0/${filename}`, 60)
      expect((await app.request(link)).statusCode).toBe(404)
    }
  })

  // reliability.md row 45
  test('a namespace that is claimed here is never asked for', async () => {
    const upstream = await upstreamWith(['1.0.0'])
    const app = await onDemandApp(dialect, upstream, { env: ENV })
    const claimed = await app.asAdmin({ method: 'POST', url: '/api/v1/namespaces', payload: { name: 'acme', organization: 'default' } })
    expect(claimed.statusCode).toBe(201)
    expect((await app.request(`/v1/providers/${NAME}/versions`)).statusCode).toBe(404)
    expect((await documentOf(app)).status).toBe(404)
    expect(upstream.requests).toEqual([])
  })
})
