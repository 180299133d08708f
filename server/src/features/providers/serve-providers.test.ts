import { describe, expect, test } from 'vitest'
import { bumpCatalogRevision } from '../../base/database/catalog-revision.ts'
import { DIALECTS } from '../../testing/dialects.ts'
import { createTestSigningKey } from '../../testing/fake-upstream/test-signing-key.ts'
import { packagesOf, publish, publishNew, sha256, shasumsOf } from '../../testing/publish-requests.ts'
import { type TestApp, testApp } from '../../testing/test-app.ts'

const ORIGIN = 'registry.example.com'

interface PackageAnswer {
  readonly download_url: string
  readonly shasum: string
  readonly shasums_url: string
  readonly shasums_signature_url: string
}

interface ArchivesAnswer {
  readonly archives: Readonly<Record<string, { readonly url: string; readonly hashes: readonly string[] }>>
}

async function listed(app: TestApp, name = 'acme/widget'): Promise<string[]> {
  const response = await app.request(`/v1/providers/${name}/versions`)
  return response.json<{ versions: { version: string }[] }>().versions.map(({ version }) => version)
}

async function packageOf(app: TestApp, name = 'acme/widget', version = '1.0.0'): Promise<PackageAnswer> {
  const response = await app.request(`/v1/providers/${name}/${version}/download/linux/amd64`)
  expect(response.statusCode).toBe(200)
  return response.json<PackageAnswer>()
}

/** Status codes by address. */
async function statuses(app: TestApp, urls: readonly string[]): Promise<Record<string, number>> {
  const entries = await Promise.all(urls.map(async (url) => [url, (await app.request(url)).statusCode] as const))
  return Object.fromEntries(entries)
}

async function change(app: TestApp, version: string, flags: Record<string, unknown>): Promise<void> {
  const list = await app.asAdmin({ url: `/api/v1/admin/providers?version=${version}` })
  const [held] = list.json<{ items: { version_id: string }[] }>().items
  const response = await app.asAdmin({ method: 'PATCH', url: `/api/v1/admin/providers/${held?.version_id}`, payload: flags })
  expect(response.statusCode).toBeLessThan(300)
}

/** Publishes, and then has the rows say that it came from an upstream: what serves it cannot tell the difference. */
async function holdCached(app: TestApp, name: string, version = '1.0.0'): Promise<void> {
  const [namespace = '', type = ''] = name.split('/')
  await publishNew(app, { name, version })
  const { db } = app.deps.database
  await db.updateTable('providers').set({ hostname: ORIGIN }).where('namespace', '=', namespace).where('type', '=', type).execute()
  // Mirroring claims no namespace.
  await db.deleteFrom('namespaces').where('name', '=', namespace).execute()
  await bumpCatalogRevision(db)
}

describe.each(DIALECTS)('serving providers on %s', (dialect) => {
  describe('the registry protocol', () => {
    test('versions are listed newest first, pre-releases below their release', async () => {
      const app = await testApp(dialect)
      for (const version of ['1.9.0', '2.0.0-rc.2', '1.10.0', '2.0.0', '2.0.0-rc.10']) await publishNew(app, { version })
      expect(await listed(app)).toEqual(['2.0.0', '2.0.0-rc.10', '2.0.0-rc.2', '1.10.0', '1.9.0'])
    })

    test('a published version is listed with the next request', async () => {
      const app = await testApp(dialect)
      for (const version of ['1.0.0', '1.1.0']) {
        await publishNew(app, { version })
        expect((await listed(app))[0]).toBe(version)
      }
    })

    test('the package document leads to exactly the published bytes', async () => {
      const app = await testApp(dialect)
      const packages = packagesOf({ type: 'widget' })
      const { signing_key } = await publishNew(app, { packages, fields: { protocols: '5.1,6.0' } })
      const response = await app.request('/v1/providers/acme/widget/1.0.0/download/linux/amd64')
      const document = response.json<PackageAnswer>()
      expect(document).toMatchObject({
        protocols: ['5.1', '6.0'],
        os: 'linux',
        arch: 'amd64',
        filename: 'terraform-provider-widget_1.0.0_linux_amd64.zip',
        shasum: sha256(packages.linux_amd64 ?? Buffer.of()),
        signing_keys: {
          gpg_public_keys: [{ key_id: signing_key.slice(-16), ascii_armor: expect.stringContaining('BEGIN PGP PUBLIC KEY') }],
        },
      })
      expect(response.headers['cache-control']).toContain('no-store')
      const download = await app.request(document.download_url)
      expect(download.rawPayload.equals(packages.linux_amd64 ?? Buffer.of())).toBe(true)
      expect((await app.request(document.shasums_url)).body).toBe(shasumsOf('widget', '1.0.0', packages).toString())
    })

    // protocol.md 3.5: a signature holds over exact bytes, so nothing may be made prettier on the way.
    test('a checksum list of the publisher comes out byte for byte', async () => {
      const [app, key] = [await testApp(dialect), await createTestSigningKey('acme')]
      const shasums = Buffer.from(
        shasumsOf('widget', '1.0.0', packagesOf({ type: 'widget' }))
          .toString()
          .replace('  ', '\t')
          .trimEnd(),
      )
      const signature = Buffer.from(await key.sign(shasums))
      await publishNew(app, { documents: { shasums, signature, signing_key: key.asciiArmor } })
      const { shasums_url, shasums_signature_url } = await packageOf(app)
      expect((await app.request(shasums_url)).rawPayload).toEqual(shasums)
      expect((await app.request(shasums_signature_url)).rawPayload).toEqual(signature)
    })

    test('names in any case mean the same provider', async () => {
      const app = await testApp(dialect)
      await publishNew(app)
      const urls = ['/v1/providers/ACME/Widget/versions', '/v1/providers/Acme/WIDGET/1.0.0/download/linux/amd64']
      expect(Object.values(await statuses(app, urls))).toEqual([200, 200])
      expect(await listed(app, 'ACME/Widget')).toEqual(['1.0.0'])
    })

    test('what is not held answers 404 with a list of errors', async () => {
      const app = await testApp(dialect)
      await publishNew(app)
      const urls = [
        '/v1/providers/acme/unknown/versions',
        '/v1/providers/acme/unknown/1.0.0/download/linux/amd64',
        '/v1/providers/acme/widget/9.9.9/download/linux/amd64',
        '/v1/providers/acme/widget/1.0.0/download/darwin/arm64',
        '/v1/providers/acme/unknown',
        '/v1/providers/acme/widget/9.9.9',
      ]
      for (const url of urls) {
        const response = await app.request(url)
        expect([url, response.statusCode]).toEqual([url, 404])
        expect(response.json()).toEqual({ errors: expect.arrayContaining([expect.any(String)]) })
      }
    })

    test('names and versions that cannot be are refused', async () => {
      const app = await testApp(dialect)
      await publishNew(app)
      const urls = [
        '/v1/providers/a%2Fb/widget/versions',
        '/v1/providers/acme/widget/latest/download/linux/amd64',
        '/v1/providers/-/w%00/versions',
      ]
      expect(Object.values(await statuses(app, urls))).toEqual([400, 400, 400])
    })

    test('the detail document shows the newest version that is no pre-release', async () => {
      const app = await testApp(dialect)
      const fields = { source_url: 'https://git.example.com/acme/widget' }
      for (const version of ['1.0.0', '1.1.0', '2.0.0-rc.1']) await publishNew(app, { version, fields })
      const latest = await app.request('/v1/providers/acme/widget')
      expect(latest.json()).toMatchObject({ version: '1.1.0', versions: ['2.0.0-rc.1', '1.1.0', '1.0.0'], source: fields.source_url })
      expect((await app.request('/v1/providers/acme/widget/1.0.0')).json()).toMatchObject({ id: 'acme/widget/1.0.0', tag: 'v1.0.0' })
    })
  })

  describe('flags', () => {
    test('a blocked version answers 404 everywhere at once, and comes back', async () => {
      const app = await testApp(dialect)
      await publishNew(app)
      await publishNew(app, { version: '1.1.0' })
      const { download_url, shasums_url, shasums_signature_url } = await packageOf(app)
      const links = [shasums_url, shasums_signature_url]
      const urls = [
        '/v1/providers/acme/widget/1.0.0/download/linux/amd64',
        '/v1/providers/acme/widget/1.0.0',
        '/v1/mirror/localhost/acme/widget/1.0.0.json',
        ...links,
      ]
      const all = (status: number) => Object.fromEntries(urls.map((url) => [url, status]))
      expect(await statuses(app, urls)).toEqual(all(200))
      await change(app, '1.0.0', { blocked: true, blocked_reason: 'malware' })
      expect(await statuses(app, urls)).toEqual(all(404))
      expect((await app.request(download_url)).statusCode).toBeGreaterThanOrEqual(400)
      expect(await listed(app)).toEqual(['1.1.0'])
      const index = await app.request('/v1/mirror/localhost/acme/widget/index.json')
      expect(index.json()).toEqual({ versions: { '1.1.0': {} } })
      await change(app, '1.0.0', { blocked: false })
      expect(await statuses(app, urls)).toEqual(all(200))
      expect(await listed(app)).toEqual(['1.1.0', '1.0.0'])
    })

    test('a blocked platform is gone alone', async () => {
      const app = await testApp(dialect)
      await publishNew(app, { packages: packagesOf({ type: 'widget' }, ['linux_amd64', 'darwin_arm64']) })
      const list = await app.asAdmin({ url: '/api/v1/admin/providers' })
      const held = list.json<{ items: { id: string; os: string }[] }>().items.find(({ os }) => os === 'linux')
      await app.asAdmin({ method: 'PATCH', url: `/api/v1/admin/providers/${held?.id}`, payload: { blocked: true } })
      const base = '/v1/providers/acme/widget/1.0.0/download'
      expect(Object.values(await statuses(app, [`${base}/linux/amd64`, `${base}/darwin/arm64`]))).toEqual([404, 200])
      const { archives } = (await app.request('/v1/mirror/localhost/acme/widget/1.0.0.json')).json<ArchivesAnswer>()
      expect(Object.keys(archives)).toEqual(['darwin_arm64'])
    })

    test('a deprecated version stays and is named in the warnings', async () => {
      const app = await testApp(dialect)
      await publishNew(app)
      await publishNew(app, { version: '1.1.0' })
      const warnings = async () => (await app.request('/v1/providers/acme/widget/versions')).json<{ warnings?: string[] }>().warnings
      expect(await warnings()).toBeUndefined()
      await change(app, '1.0.0', { deprecated: true, deprecation_message: 'use 1.1.0' })
      expect(await warnings()).toEqual([expect.stringMatching(/acme\/widget 1\.0\.0 .*deprecated.*use 1\.1\.0/)])
      expect(await listed(app)).toEqual(['1.1.0', '1.0.0'])
      await change(app, '1.0.0', { deprecated: false })
      expect(await warnings()).toBeUndefined()
    })
  })

  // Sources: protocol.md section 4; requirements.md C9.
  describe.each(['/v1/mirror', '/v1/providers'])('the mirror protocol under %s', (base) => {
    test('what is cached is served with both hashes and a link to its bytes', async () => {
      const app = await testApp(dialect)
      await holdCached(app, 'acme/widget')
      const index = await app.request(`${base}/${ORIGIN}/acme/widget/index.json`)
      expect(index.json()).toEqual({ versions: { '1.0.0': {} } })
      const { archives } = (await app.request(`${base}/${ORIGIN}/acme/widget/1.0.0.json`)).json<ArchivesAnswer>()
      const zip = packagesOf({ type: 'widget' }).linux_amd64 ?? Buffer.of()
      expect(archives.linux_amd64?.hashes).toEqual([expect.stringMatching(/^h1:/), `zh:${sha256(zip)}`])
      expect((await app.request(archives.linux_amd64?.url ?? '')).rawPayload.equals(zip)).toBe(true)
    })

    test('an unknown provider answers 404, a version that is not held no archives', async () => {
      const app = await testApp(dialect)
      await holdCached(app, 'acme/widget')
      for (const file of ['index.json', '1.0.0.json']) {
        expect((await app.request(`${base}/${ORIGIN}/acme/unknown/${file}`)).statusCode, file).toBe(404)
      }
      const missing = await app.request(`${base}/${ORIGIN}/acme/widget/9.9.9.json`)
      expect([missing.statusCode, missing.body]).toEqual([200, '{"archives":{}}'])
    })

    test('names in any case mean the same provider', async () => {
      const app = await testApp(dialect)
      await holdCached(app, 'acme/widget')
      expect((await app.request(`${base}/Registry.Example.COM/Acme/Widget/index.json`)).statusCode).toBe(200)
    })

    test('our own host name stands for what is published here', async () => {
      const app = await testApp(dialect, { TFR_SERVER_PUBLIC_URL: 'https://terrace.example.com' })
      await publishNew(app)
      const index = await app.request(`${base}/terrace.example.com/acme/widget/index.json`)
      expect(index.json()).toEqual({ versions: { '1.0.0': {} } })
      expect((await app.request(`${base}/${ORIGIN}/acme/widget/index.json`)).statusCode).toBe(404)
    })
  })

  // requirements.md C10
  describe('the default hostname', () => {
    const env = { TFR_PROVIDERS_DEFAULT_HOSTNAME: ORIGIN }

    test('its cached providers answer without a hostname', async () => {
      const app = await testApp(dialect, env)
      await holdCached(app, 'acme/widget')
      expect(await listed(app)).toEqual(['1.0.0'])
      const { download_url, shasum } = await packageOf(app)
      expect(sha256((await app.request(download_url)).rawPayload)).toBe(shasum)
    })

    test('without the setting they do not', async () => {
      const app = await testApp(dialect)
      await holdCached(app, 'acme/widget')
      expect((await app.request('/v1/providers/acme/widget/versions')).statusCode).toBe(404)
    })

    // Security: whoever publishes in a namespace must not be shadowed by a package of the same name from outside.
    test('a namespace that is claimed here never answers from it', async () => {
      const app = await testApp(dialect, env)
      await publishNew(app, { name: 'acme/own' })
      await publishNew(app, { name: 'moved/widget' })
      const { db } = app.deps.database
      await db.updateTable('providers').set({ hostname: ORIGIN, namespace: 'acme' }).where('namespace', '=', 'moved').execute()
      expect(await listed(app, 'acme/own')).toEqual(['1.0.0'])
      expect((await app.request('/v1/providers/acme/widget/versions')).statusCode).toBe(404)
      expect((await app.request(`/v1/mirror/${ORIGIN}/acme/widget/index.json`)).statusCode).toBe(200)
    })

    test('nobody publishes into a namespace of its', async () => {
      const app = await testApp(dialect, env)
      await holdCached(app, 'acme/widget')
      expect((await publish(app, { name: 'acme/other' })).json()).toMatchObject({ status: 409, code: 'NAMESPACE_CONFLICT' })
    })
  })

  describe('links', () => {
    // reliability.md row 36
    test('a Host header never gets into an answer', async () => {
      const app = await testApp(dialect)
      await publishNew(app)
      const headers = { host: 'evil.example.net', 'x-forwarded-host': 'evil.example.net', 'x-forwarded-proto': 'https' }
      const urls = [
        '/.well-known/terraform.json',
        '/v1/providers/acme/widget/versions',
        '/v1/providers/acme/widget/1.0.0/download/linux/amd64',
        '/v1/mirror/evil.example.net/acme/widget/1.0.0.json',
      ]
      for (const url of urls) {
        const response = await app.request({ url, headers })
        expect([url, response.statusCode]).toEqual([url, 200])
        expect(response.body + JSON.stringify(response.headers), url).not.toContain('evil')
      }
      // What the first asker got is not kept for the next one either.
      expect((await packageOf(app)).download_url).not.toContain('evil')
    })

    test('they start with the public URL where one is configured', async () => {
      const app = await testApp(dialect, { TFR_SERVER_PUBLIC_URL: 'https://terrace.example.com' })
      await publishNew(app)
      const { download_url, shasums_url, shasums_signature_url } = await packageOf(app)
      for (const url of [download_url, shasums_url, shasums_signature_url]) expect(url).toMatch(/^https:\/\/terrace\.example\.com\//)
    })

    // Security: a link is good for one object; nobody makes links but the registry.
    test('one that was changed answers 403', async () => {
      const app = await testApp(dialect)
      await publishNew(app)
      const { download_url, shasums_url, shasums_signature_url } = await packageOf(app)
      for (const link of [download_url, shasums_url, shasums_signature_url]) {
        const { pathname, searchParams } = new URL(link, 'http://localhost')
        const later = String(Number(searchParams.get('expires')) + 1)
        const signature = searchParams.get('signature') ?? ''
        const other = signature.startsWith('A') ? `B${signature.slice(1)}` : `A${signature.slice(1)}`
        const tampered = [
          pathname,
          `${pathname}?${new URLSearchParams({ expires: later, signature })}`,
          `${pathname}?${new URLSearchParams({ expires: searchParams.get('expires') ?? '', signature: other })}`,
          link.replace('1.0.0', '1.0.1'),
        ]
        expect(await statuses(app, [link, ...tampered])).toEqual({ [link]: 200, ...Object.fromEntries(tampered.map((url) => [url, 403])) })
      }
    })
  })
})
