import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { DIALECTS } from '../../testing/dialects.ts'
import { createTestSigningKey, type TestSigningKey } from '../../testing/fake-upstream/test-signing-key.ts'
import {
  type PublishAnswer,
  type PublishInput,
  packagesOf,
  publish,
  publishNew,
  publishRequest,
  sha256,
  shasumsOf,
} from '../../testing/publish-requests.ts'
import { type TestApp, testApp } from '../../testing/test-app.ts'
import { buildProviderZip, buildZip } from '../../testing/zip-writer.ts'

const PLATFORMS = ['linux_amd64', 'darwin_arm64', 'windows_amd64']

interface VersionsAnswer {
  readonly versions: readonly {
    readonly version: string
    readonly protocols: string[]
    readonly platforms: { os: string; arch: string }[]
  }[]
}

interface PackageAnswer {
  readonly shasum: string
  readonly shasums_url: string
  readonly shasums_signature_url: string
  readonly signing_keys: { readonly gpg_public_keys: readonly { readonly key_id: string; readonly ascii_armor: string }[] }
}

async function versionsOf(app: TestApp, name = 'acme/widget') {
  const response = await app.request(`/v1/providers/${name}/versions`)
  return response.statusCode === 404 ? [] : response.json<VersionsAnswer>().versions
}

async function packageOf(app: TestApp, version: string, platform = 'linux/amd64'): Promise<PackageAnswer> {
  return (await app.request(`/v1/providers/acme/widget/${version}/download/${platform}`)).json<PackageAnswer>()
}

/** What a publisher with a key of its own sends. */
async function signedInput(key: TestSigningKey, input: PublishInput = {}): Promise<PublishInput & { readonly shasums: Buffer }> {
  const { version = '1.0.0', packages = packagesOf({ type: 'widget', version }) } = input
  const shasums = shasumsOf('widget', version, packages)
  return { ...input, version, packages, shasums, documents: await documentsOf(key, shasums) }
}

async function documentsOf(key: TestSigningKey, shasums: Uint8Array) {
  return { shasums, signature: await key.sign(shasums), signing_key: key.asciiArmor }
}

/** The answer may be there before the last file is gone. */
async function expectEmptySpool({ deps }: TestApp): Promise<void> {
  const folder = join(deps.config.dataDir, 'tmp')
  await vi.waitFor(async () => {
    const entries = existsSync(folder) ? await readdir(folder, { recursive: true, withFileTypes: true }) : []
    expect(entries.filter((entry) => entry.isFile())).toEqual([])
  }, 10_000)
}

async function apiKey(app: TestApp, scopes: readonly string[]): Promise<string> {
  const response = await app.asAdmin({ method: 'POST', url: '/api/v1/apikeys', payload: { name: 'pipeline', scopes } })
  return response.json<{ key: string }>().key
}

describe.each(DIALECTS)('publishing providers on %s', (dialect) => {
  describe('what is held already decides', () => {
    test('a new version answers 201 with the digests of its packages', async () => {
      const app = await testApp(dialect)
      const packages = packagesOf({ type: 'widget' })
      const response = await publish(app, { packages })
      expect(response.statusCode).toBe(201)
      expect(response.json()).toMatchObject({
        namespace: 'acme',
        type: 'widget',
        version: '1.0.0',
        signed_by: 'registry',
        platforms: [
          {
            platform: 'linux_amd64',
            filename: 'terraform-provider-widget_1.0.0_linux_amd64.zip',
            size: packages.linux_amd64?.length,
            zh: `zh:${sha256(packages.linux_amd64 ?? Buffer.of())}`,
            h1: expect.stringMatching(/^h1:[A-Za-z0-9+/]{43}=$/),
            created: true,
          },
        ],
      })
      await expectEmptySpool(app)
    })

    test('the same bytes again answer 200 and change nothing', async () => {
      const app = await testApp(dialect)
      await publishNew(app)
      const before = await packageOf(app, '1.0.0')
      const again = await publish(app)
      expect(again.statusCode).toBe(200)
      expect(again.json<PublishAnswer>().platforms.map(({ created }) => created)).toEqual([false])
      expect((await packageOf(app, '1.0.0')).shasum).toBe(before.shasum)
      await expectEmptySpool(app)
    })

    // requirements.md C33: a published version never changes.
    test('other bytes answer 409 with both digests, and the first ones stay', async () => {
      const app = await testApp(dialect)
      const first = await publishNew(app)
      const packages = packagesOf({ type: 'widget', content: 'changed' })
      const response = await publish(app, { packages })
      expect(response.statusCode).toBe(409)
      expect(response.json()).toMatchObject({
        code: 'PROVIDER_VERSION_EXISTS',
        context: { published: first.platforms[0]?.zh, offered: `zh:${sha256(packages.linux_amd64 ?? Buffer.of())}` },
      })
      expect(`zh:${(await packageOf(app, '1.0.0')).shasum}`).toBe(first.platforms[0]?.zh)
      await expectEmptySpool(app)
    })

    test('one changed platform among new ones refuses them all', async () => {
      const app = await testApp(dialect)
      await publishNew(app)
      expect((await publish(app, { packages: packagesOf({ type: 'widget', content: 'changed' }, PLATFORMS) })).statusCode).toBe(409)
      const [version] = await versionsOf(app)
      expect(version?.platforms).toEqual([{ os: 'linux', arch: 'amd64' }])
    })

    test('platforms may come one per request', async () => {
      const app = await testApp(dialect)
      const packages = packagesOf({ type: 'widget' }, PLATFORMS)
      for (const [platform, zip] of Object.entries(packages)) {
        expect((await publishNew(app, { packages: { [platform]: zip } })).platforms).toMatchObject([{ platform, created: true }])
      }
      const [version] = await versionsOf(app)
      expect(version?.platforms.map(({ os, arch }) => `${os}_${arch}`).sort()).toEqual([...PLATFORMS].sort())
      const { shasums_url } = await packageOf(app, '1.0.0')
      expect((await app.request(shasums_url)).body.split('\n').sort()).toEqual(
        shasumsOf('widget', '1.0.0', packages).toString().split('\n').sort(),
      )
    })

    test('platforms may come all at once', async () => {
      const app = await testApp(dialect)
      const { platforms } = await publishNew(app, { packages: packagesOf({ type: 'widget' }, PLATFORMS) })
      expect(platforms.map(({ platform }) => platform).sort()).toEqual([...PLATFORMS].sort())
      expect(platforms.every(({ created }) => created)).toBe(true)
    })

    test('a deleted version takes neither the same nor other bytes', async () => {
      const app = await testApp(dialect)
      await publishNew(app)
      const list = await app.asAdmin({ url: '/api/v1/admin/providers' })
      const [held] = list.json<{ items: { version_id: string }[] }>().items
      await app.asAdmin({ method: 'DELETE', url: `/api/v1/admin/providers/${held?.version_id}` })
      for (const content of ['', 'changed']) {
        const response = await publish(app, { packages: packagesOf({ type: 'widget', content }) })
        expect([response.statusCode, response.json().code]).toEqual([409, 'PROVIDER_VERSION_DELETED'])
      }
      expect(await versionsOf(app)).toEqual([])
    })

    test('a sealed version takes no further platform, but the same bytes are still fine', async () => {
      const app = await testApp(dialect, { TFR_PROVIDERS_SEAL_AFTER_DAYS: '0' })
      await publishNew(app)
      const response = await publish(app, { packages: packagesOf({ type: 'widget' }, ['darwin_arm64']) })
      expect([response.statusCode, response.json().code]).toEqual([409, 'PROVIDER_VERSION_SEALED'])
      expect((await publish(app)).statusCode).toBe(200)
    })
  })

  describe('signatures', () => {
    test('the registry signs with one key for all namespaces and announces it', async () => {
      const app = await testApp(dialect)
      const first = await publishNew(app)
      const second = await publishNew(app, { name: 'other/widget' })
      expect(second.signing_key).toBe(first.signing_key)
      const [announced] = (await packageOf(app, '1.0.0')).signing_keys.gpg_public_keys
      expect(announced).toMatchObject({ key_id: first.signing_key.slice(-16), ascii_armor: expect.stringContaining('PUBLIC KEY') })
    })

    test('a list and signature of the publisher are kept byte for byte, and its key is announced', async () => {
      const [app, key] = [await testApp(dialect), await createTestSigningKey('acme')]
      const input = await signedInput(key)
      expect(await publishNew(app, input)).toMatchObject({ signed_by: 'publisher', signing_key: key.fingerprint })
      const document = await packageOf(app, '1.0.0')
      expect(document.signing_keys.gpg_public_keys).toMatchObject([{ key_id: key.keyId }])
      expect((await app.request(document.shasums_url)).rawPayload.equals(input.shasums)).toBe(true)
      const signature = (await app.request(document.shasums_signature_url)).rawPayload
      expect(signature.equals(input.documents?.signature as Uint8Array)).toBe(true)
    })

    test('platforms of a signed version may come one by one with the same list', async () => {
      const [app, key] = [await testApp(dialect), await createTestSigningKey('acme')]
      const packages = packagesOf({ type: 'widget' }, PLATFORMS)
      const { documents } = await signedInput(key, { packages })
      for (const [platform, zip] of Object.entries(packages)) {
        await publishNew(app, { packages: { [platform]: zip }, ...(documents && { documents }) })
      }
      expect((await versionsOf(app))[0]?.platforms).toHaveLength(3)
    })

    test('a version does not change its signer', async () => {
      const [app, key] = [await testApp(dialect), await createTestSigningKey('acme')]
      await publishNew(app, await signedInput(key))
      const packages = packagesOf({ type: 'widget' }, ['darwin_arm64'])
      expect((await publish(app, { packages })).json()).toMatchObject({ status: 409, code: 'PROVIDER_VERSION_EXISTS' })
      await publishNew(app, { version: '2.0.0' })
      const signed = await signedInput(key, {
        version: '2.0.0',
        packages: packagesOf({ type: 'widget', version: '2.0.0' }, ['darwin_arm64']),
      })
      expect((await publish(app, signed)).json()).toMatchObject({ status: 409, code: 'PROVIDER_VERSION_EXISTS' })
    })

    // Security: whoever has a pipeline's credential cannot publish under a key of their own.
    test('a second key waits for an administrator, and publishes once it is accepted', async () => {
      const [app, first, second] = [await testApp(dialect), await createTestSigningKey('first'), await createTestSigningKey('second')]
      await publishNew(app, await signedInput(first))
      const input = await signedInput(second, { version: '1.1.0' })
      const refused = await publish(app, input)
      expect([refused.statusCode, refused.json().code]).toEqual([409, 'SIGNING_KEY_CONFLICT'])
      expect((await versionsOf(app)).map(({ version }) => version)).toEqual(['1.0.0'])
      const keys = (await app.asAdmin({ url: '/api/v1/admin/signing-keys' })).json<{ items: Record<string, string>[] }>().items
      const pending = keys.find(({ fingerprint }) => fingerprint === second.fingerprint)
      expect(pending).toMatchObject({ state: 'pending', namespace: 'acme' })
      await app.asAdmin({ method: 'POST', url: `/api/v1/admin/signing-keys/${pending?.id}/accept` })
      expect(await publishNew(app, input)).toMatchObject({ signing_key: second.fingerprint })
    })

    test('a signature over other bytes is refused', async () => {
      const [app, key] = [await testApp(dialect), await createTestSigningKey('acme')]
      const input = await signedInput(key)
      const documents = { ...input.documents, signature: await key.sign(Buffer.from('something else\n')) }
      expect((await publish(app, { ...input, documents })).json()).toMatchObject({ status: 422, code: 'INVALID_SIGNATURE' })
      expect(await versionsOf(app)).toEqual([])
    })

    test('a key that is sent must be the one that signed', async () => {
      const [app, key, other] = [await testApp(dialect), await createTestSigningKey('acme'), await createTestSigningKey('other')]
      const input = await signedInput(key)
      const documents = { ...input.documents, signing_key: other.asciiArmor }
      expect((await publish(app, { ...input, documents })).json()).toMatchObject({ status: 422, code: 'INVALID_SIGNATURE' })
    })

    test.each(['expired', 'revoked'] as const)('a key that is %s is refused', async (state) => {
      const [app, key] = [await testApp(dialect), await createTestSigningKey('acme', state)]
      expect((await publish(app, await signedInput(key))).statusCode).toBe(422)
      expect(await versionsOf(app)).toEqual([])
    })

    // protocol.md 3.5: clients fail or crash on such lines.
    test.each([
      ['a blank line', (text: string) => `\n${text}`, 'INVALID_SHASUMS'],
      ['a blank line at the end', (text: string) => `${text}\n`, 'INVALID_SHASUMS'],
      ['a star before the name', (text: string) => text.replace('  ', ' *'), 'INVALID_SHASUMS'],
      ['the name in a folder', (text: string) => text.replace('  ', '  ./'), 'INVALID_SHASUMS'],
      ['a comment', (text: string) => `# checksums\n${text}`, 'INVALID_SHASUMS'],
      ['nothing', () => '', 'INVALID_SHASUMS'],
      ['another checksum', (text: string) => text.replace(/^[0-9a-f]{64}/, 'a'.repeat(64)), 'CHECKSUM_MISMATCH'],
      ['another file only', (text: string) => text.replace('linux_amd64', 'linux_arm64'), 'CHECKSUM_MISMATCH'],
    ])('a signed list with %s is refused', async (_what, change, code) => {
      const [app, key] = [await testApp(dialect), await createTestSigningKey('acme')]
      const { shasums, ...input } = await signedInput(key)
      const documents = await documentsOf(key, Buffer.from(change(shasums.toString())))
      expect((await publish(app, { ...input, documents })).json()).toMatchObject({ status: 422, code })
      expect(await versionsOf(app)).toEqual([])
      await expectEmptySpool(app)
    })

    test('a list without a signature is refused', async () => {
      const app = await testApp(dialect)
      const documents = { shasums: shasumsOf('widget', '1.0.0', packagesOf({ type: 'widget' })) }
      expect((await publish(app, { documents })).json()).toMatchObject({ status: 400, code: 'BAD_REQUEST' })
    })
  })

  describe('what a request says', () => {
    test('plugin protocols are 5.0 unless a field or the manifest names them', async () => {
      const app = await testApp(dialect)
      const manifest = JSON.stringify({ version: 1, metadata: { protocol_versions: ['6.0'] } })
      await publishNew(app, { version: '1.0.0' })
      await publishNew(app, { version: '1.1.0', documents: { manifest } })
      await publishNew(app, { version: '1.2.0', fields: { protocols: '5.0, 6.0' } })
      const versions = await versionsOf(app)
      expect(Object.fromEntries(versions.map(({ version, protocols }) => [version, protocols]))).toEqual({
        '1.0.0': ['5.0'],
        '1.1.0': ['6.0'],
        '1.2.0': ['5.0', '6.0'],
      })
    })

    test.each(['not json', '{}', '{"metadata":{"protocol_versions":[]}}', '{"metadata":{"protocol_versions":["4.0"]}}'])(
      'the manifest %s is refused',
      async (manifest) => {
        const app = await testApp(dialect)
        expect((await publish(app, { documents: { manifest } })).json()).toMatchObject({ status: 422, code: 'RULE_BROKEN' })
      },
    )

    test('a v before the version is taken away', async () => {
      const app = await testApp(dialect)
      const { version } = await publishNew(app, { fields: { version: 'v1.0.0' } })
      expect(version).toBe('1.0.0')
      expect((await versionsOf(app)).map((listed) => listed.version)).toEqual(['1.0.0'])
      expect((await publish(app)).statusCode).toBe(200)
    })

    test.each(['1.0.0+build.1', 'v1.0.0+1', 'latest', '1.0.0/..', ''])('the version "%s" is refused', async (version) => {
      const app = await testApp(dialect)
      expect((await publish(app, { fields: { version } })).statusCode).toBe(version === '' ? 400 : 422)
      expect(await versionsOf(app)).toEqual([])
    })

    test('names are stored in lower case', async () => {
      const app = await testApp(dialect)
      await publishNew(app)
      expect((await publish(app, { fields: { namespace: 'ACME', type: 'Widget' } })).statusCode).toBe(200)
    })

    test.each(['../x', 'a/b', 'a b', ''])('the namespace "%s" is refused', async (namespace) => {
      const app = await testApp(dialect)
      expect((await publish(app, { fields: { namespace } })).statusCode).toBe(400)
    })

    test('os and arch name the platform of a single file', async () => {
      const app = await testApp(dialect)
      const zip = buildProviderZip({ type: 'widget', version: '1.0.0' })
      const { platforms } = await publishNew(app, { packages: { oddly_named: zip }, fields: { os: 'linux', arch: 'arm64' } })
      expect(platforms).toMatchObject([{ platform: 'linux_arm64', filename: 'terraform-provider-widget_1.0.0_linux_arm64.zip' }])
    })

    test('an unknown platform is refused', async () => {
      const app = await testApp(dialect)
      const packages = packagesOf({ type: 'widget' }, ['linux_amd64', 'beos_pentium'])
      expect((await publish(app, { packages })).json()).toMatchObject({ status: 422, code: 'RULE_BROKEN' })
      expect(await versionsOf(app)).toEqual([])
      await expectEmptySpool(app)
    })

    test('an unknown part is refused', async () => {
      const app = await testApp(dialect)
      for (const input of [{ fields: { colour: 'red' } }, { documents: { readme: 'text' } }]) {
        expect((await publish(app, input)).json()).toMatchObject({ status: 400, code: 'BAD_REQUEST' })
      }
      await expectEmptySpool(app)
    })

    test('a request without a package is refused', async () => {
      const app = await testApp(dialect)
      expect((await publish(app, { packages: {} })).json()).toMatchObject({ status: 400, code: 'BAD_REQUEST' })
    })

    test('a package above the limit answers 413 and leaves nothing', async () => {
      const app = await testApp(dialect, { TFR_PROVIDERS_PACKAGE_MAX_MB: '1' })
      const large = buildProviderZip({ type: 'widget', version: '1.0.0', sizeBytes: (1 << 20) + 1 })
      const packages = { ...packagesOf({ type: 'widget' }), darwin_arm64: large }
      expect((await publish(app, { packages })).json()).toMatchObject({ status: 413, code: 'PAYLOAD_TOO_LARGE' })
      expect(await versionsOf(app)).toEqual([])
      await expectEmptySpool(app)
    })

    test.each<[string, Buffer]>([
      ['that is no archive', Buffer.from('not a zip')],
      ['without the binary', buildZip([{ name: 'README.md', content: 'x' }])],
      [
        'with a path out of it',
        buildZip([
          { name: 'terraform-provider-widget_v1.0.0', content: 'x' },
          { name: '../evil', content: 'x' },
        ]),
      ],
    ])('a package %s is refused', async (_what, zip) => {
      const app = await testApp(dialect)
      expect((await publish(app, { packages: { linux_amd64: zip } })).json()).toMatchObject({ status: 422, code: 'INVALID_PACKAGE' })
      expect(await versionsOf(app)).toEqual([])
      await expectEmptySpool(app)
    })
  })

  describe('who publishes', () => {
    test('nobody does without a credential', async () => {
      const app = await testApp(dialect)
      expect((await app.request(await publishRequest())).statusCode).toBe(401)
      expect(await versionsOf(app)).toEqual([])
    })

    test('a key needs providers:write', async () => {
      const app = await testApp(dialect)
      const as = async (scope: string) => {
        const { headers, ...request } = await publishRequest()
        return app.request({ ...request, headers: { ...headers, authorization: `Bearer ${await apiKey(app, [scope])}` } })
      }
      expect((await as('providers:read')).statusCode).toBe(403)
      expect((await as('providers:write')).statusCode).toBe(201)
    })
  })

  describe('many at once', () => {
    // reliability.md F25
    test('of twenty publishers of one version with other bytes exactly one wins', async () => {
      const app = await testApp(dialect)
      const inputs = Array.from({ length: 20 }, (_, index) => ({ packages: packagesOf({ type: 'widget', content: `from ${index}` }) }))
      const responses = await Promise.all(inputs.map((input) => publish(app, input)))
      const statuses = responses.map(({ statusCode }) => statusCode).sort()
      expect(statuses).toEqual([201, ...Array.from({ length: 19 }, () => 409)])
      const winner = responses.find(({ statusCode }) => statusCode === 201)?.json<PublishAnswer>()
      const document = await app.request('/v1/providers/acme/widget/1.0.0/download/linux/amd64')
      const { shasum, download_url } = document.json<{ shasum: string; download_url: string }>()
      expect(`zh:${shasum}`).toBe(winner?.platforms[0]?.zh)
      expect(sha256((await app.request(download_url)).rawPayload)).toBe(shasum)
      await expectEmptySpool(app)
    })

    test('ten versions at once are all listed', async () => {
      const app = await testApp(dialect)
      const versions = Array.from({ length: 10 }, (_, index) => `1.${index}.0`)
      const responses = await Promise.all(versions.map((version) => publish(app, { version })))
      expect(responses.map(({ statusCode }) => statusCode)).toEqual(versions.map(() => 201))
      expect((await versionsOf(app)).map(({ version }) => version)).toEqual(versions.toReversed())
    })

    test('platforms of one version at once are all listed and signed', async () => {
      const app = await testApp(dialect)
      const packages = packagesOf({ type: 'widget' }, PLATFORMS)
      const parts = Object.entries(packages).map(([platform, zip]) => ({ packages: { [platform]: zip } }))
      const responses = await Promise.all(parts.map((input) => publish(app, input)))
      expect(responses.map(({ statusCode }) => statusCode)).toEqual([201, 201, 201])
      const { shasums_url } = await packageOf(app, '1.0.0')
      expect((await app.request(shasums_url)).body.trimEnd().split('\n')).toHaveLength(3)
    })
  })
})
