import { afterEach, describe, expect, test } from 'vitest'
import type { RegistryError } from '../../base/errors.ts'
import { createOutbound } from '../../base/outbound/outbound.ts'
import { type FakeUpstream, startFakeUpstream } from '../../testing/fake-upstream/fake-upstream.ts'
import type { Defects } from '../../testing/fake-upstream/fake-version.ts'
import { startLoopbackServer } from '../../testing/loopback-server.ts'
import { createUpstreamClient, type UpstreamClient } from './index.ts'

const WIDGET = { hostname: 'registry.example.com', namespace: 'acme', type: 'widget' }
const LINUX = { os: 'linux', arch: 'amd64' } as const
const LIMITS = { maxBytes: 1_000_000, idleTimeoutMs: 2_000, totalTimeoutMs: 5_000 }

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

const nowMs = 0
interface Client extends UpstreamClient {
  readonly warnings: object[]
}

function clientOf(url: string, limits: Partial<typeof LIMITS> = {}): Client {
  const clock = { now: () => nowMs }
  const outbound = createOutbound({ allowedNetworks: ['127.0.0.1'], apiTimeoutMs: 2_000, clock, logger: { debug: () => undefined } })
  closers.push(() => outbound.close())
  const warnings: object[] = []
  const logger = { warn: (fields: object) => warnings.push(fields) }
  const upstreams = { [WIDGET.hostname]: { url } }
  return { ...createUpstreamClient({ outbound, upstreams, clock, logger, downloads: { ...LIMITS, ...limits } }), warnings }
}

async function upstreamWith(defects: Defects = {}): Promise<FakeUpstream> {
  const upstream = await startFakeUpstream()
  closers.push(upstream.close)
  const platforms = ['linux_amd64', 'darwin_arm64']
  await upstream.addProvider('acme/widget', { versions: { '1.0.0': { platforms, protocols: ['5.0', '6.0'], defects } } })
  return upstream
}

/** A registry that answers every path with what the test says; discovery included unless named. */
async function scripted(answers: Record<string, unknown>): Promise<string> {
  const server = await startLoopbackServer((request, response) => {
    const answer = answers[request.url ?? ''] ?? (request.url === '/.well-known/terraform.json' ? { 'providers.v1': '/p/' } : undefined)
    response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' })
    response.end(typeof answer === 'string' ? answer : JSON.stringify(answer))
  })
  closers.push(server.close)
  return server.url
}

const failure = (promise: Promise<unknown>): Promise<RegistryError> =>
  promise.then(
    () => Promise.reject(new Error('it succeeded')),
    (error) => error,
  )

async function download(client: UpstreamClient): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  const document = await client.getPackageDocument(WIDGET, '1.0.0', LINUX)
  await client.downloadPackage(document, {}, (chunk) => {
    chunks.push(chunk)
  })
  return Buffer.concat(chunks)
}

describe('a healthy upstream', () => {
  test('lists its versions with protocols and platforms', async () => {
    const upstream = await upstreamWith()
    expect(await clientOf(upstream.url).listVersions(WIDGET)).toEqual([
      { version: '1.0.0', protocols: ['5.0', '6.0'], platforms: [LINUX, { os: 'darwin', arch: 'arm64' }] },
    ])
  })

  test('gives a document with absolute addresses, and the bytes behind them', async () => {
    const upstream = await upstreamWith()
    const client = clientOf(upstream.url)
    const document = await client.getPackageDocument(WIDGET, '1.0.0', LINUX)
    const { keyId, asciiArmor } = await upstream.signingKey('acme')
    const { filename, shasum, body } = upstream.package('acme/widget', '1.0.0')
    expect(document).toMatchObject({ address: WIDGET, version: '1.0.0', platform: LINUX, filename, shasum, protocols: ['5.0', '6.0'] })
    expect(document.signingKeys).toEqual([{ keyId, asciiArmor }])
    expect(document.downloadUrl).toBe(`${upstream.url}/files/acme/widget/1.0.0/${filename}`)
    expect(Buffer.from(await client.fetchShasums(document)).toString()).toContain(`${shasum}  ${filename}\n`)
    expect((await client.fetchSignature(document)).length).toBeGreaterThan(60)
    expect((await download(client)).equals(body)).toBe(true)
  })
})

describe('what an upstream may lack or refuse', () => {
  test('an unknown provider and an unknown platform have their own codes', async () => {
    const client = clientOf((await upstreamWith()).url)
    expect(await failure(client.listVersions({ ...WIDGET, type: 'other' }))).toMatchObject({
      code: 'PROVIDER_NOT_FOUND',
      message: 'Cannot list the versions of "registry.example.com/acme/other": the upstream has no such provider',
    })
    expect(await failure(client.getPackageDocument(WIDGET, '1.0.0', { os: 'windows', arch: 'amd64' }))).toMatchObject({
      code: 'PROVIDER_PLATFORM_NOT_FOUND',
      message: 'Cannot fetch "registry.example.com/acme/widget" 1.0.0 for windows_amd64: the upstream has no such package',
    })
  })

  test.each([401, 403])('status %i says that credentials are not sent', async (status) => {
    const client = clientOf((await upstreamWith({ status: { on: 'versions', status } })).url)
    const error = await failure(client.listVersions(WIDGET))
    expect(error).toMatchObject({ code: 'UPSTREAM_REFUSED', detail: { status } })
    expect(error.hint).toContain('credential')
  })

  // reliability.md F15, F16.
  test.each([
    [429, 'UPSTREAM_RATE_LIMITED', 7],
    [500, 'UPSTREAM_UNAVAILABLE', undefined],
  ])('status %i becomes %s', async (status, code, retryAfterSeconds) => {
    const client = clientOf((await upstreamWith({ status: { on: 'package', status, retryAfter: '7' } })).url)
    expect(await failure(download(client))).toMatchObject({ code, retryAfterSeconds })
  })

  test('a missing signature is refused', async () => {
    const client = clientOf((await upstreamWith({ missingSignature: true })).url)
    const document = await client.getPackageDocument(WIDGET, '1.0.0', LINUX)
    expect(await failure(client.fetchSignature(document))).toMatchObject({ code: 'UPSTREAM_REFUSED', detail: { status: 404 } })
  })
})

describe('package downloads', () => {
  // reliability.md F17, F18.
  test.each<[string, Defects, object]>([
    ['a body shorter than announced', { shortBody: true }, { code: 'UPSTREAM_UNAVAILABLE' }],
    [
      'a stall',
      { stall: true },
      { code: 'UPSTREAM_UNAVAILABLE', detail: { reason: expect.stringMatching(/^(?:timeout|UND_ERR_BODY_TIMEOUT)$/) } },
    ],
    ['a trickle', { slow: true }, { code: 'UPSTREAM_UNAVAILABLE', detail: { reason: 'timeout' } }],
    ['a redirect into a private network', { redirectTo: 'http://169.254.169.254/latest' }, { code: 'OUTBOUND_BLOCKED' }],
  ])('%s is a failure', async (_name, defects, expected) => {
    const client = clientOf((await upstreamWith(defects)).url, { idleTimeoutMs: 300, totalTimeoutMs: 900 })
    expect(await failure(download(client))).toMatchObject(expected)
  })

  test('a package above the limit is refused', async () => {
    const client = clientOf((await upstreamWith()).url, { maxBytes: 100 })
    expect(await failure(download(client))).toMatchObject({ code: 'UPSTREAM_REFUSED', detail: { reason: 'too_large' } })
  })

  test('a redirect to an allowed host is followed', async () => {
    const upstream = await upstreamWith()
    const { filename, body } = upstream.package('acme/widget', '1.0.0', 'darwin_arm64')
    await upstream.setDefects('acme/widget', '1.0.0')
    const elsewhere = await startLoopbackServer((_request, response) => response.end(body))
    closers.push(elsewhere.close)
    await upstream.setDefects('acme/widget', '1.0.0', { redirectTo: `${elsewhere.url}/${filename}` })
    expect((await download(clientOf(upstream.url))).equals(body)).toBe(true)
  })
})

describe('documents', () => {
  const versions = (list: unknown) => scripted({ '/p/acme/widget/versions': list })

  // protocol.md C61: one such string breaks the whole list for Terraform; we leave it out and say so.
  test('a string that is no version is left out and logged, a duplicate is listed once', async () => {
    const list = { versions: [{ version: '1.0', protocols: ['5.0'] }, { version: 'v2.0.0' }, { version: '1.0.0' }, { version: 'banana' }] }
    const client = clientOf(await versions(list))
    expect(await client.listVersions(WIDGET)).toEqual([{ version: '1.0.0', protocols: ['5.0'], platforms: [] }])
    expect(client.warnings).toMatchObject([{ version: 'v2.0.0' }, { version: 'banana' }])
  })

  // protocol.md C67b, C62, C63: lists may be null or missing.
  test.each([
    [{}, []],
    [{ versions: null }, []],
    [{ versions: [{ version: '1.0.0', protocols: null, platforms: null }] }, [{ version: '1.0.0', protocols: [], platforms: [] }]],
    [{ versions: [{ version: '1.0.0', more: {} }], warnings: null }, [{ version: '1.0.0', protocols: [], platforms: [] }]],
  ])('%j is read', async (document, expected) => {
    expect(await clientOf(await versions(document)).listVersions(WIDGET)).toEqual(expected)
  })

  test('a platform that we do not know is left out', async () => {
    const list = { versions: [{ version: '1.0.0', platforms: [{ os: 'plan9', arch: 'amd64' }, LINUX] }] }
    expect((await clientOf(await versions(list)).listVersions(WIDGET))[0]?.platforms).toEqual([LINUX])
  })

  // reliability.md row 49.
  test.each([
    ['not JSON', '<html>', 'json'],
    ['bytes after the document', '{} x', 'json'],
    ['an array', [], 'shape'],
    ['a version that is a number', { versions: [{ version: 1 }] }, 'shape'],
    ['nested too deeply', `{"versions":[],"x":${'['.repeat(5000)}${']'.repeat(5000)}}`, 'depth'],
  ])('%s is refused', async (_name, document, reason) => {
    expect(await failure(clientOf(await versions(document)).listVersions(WIDGET))).toMatchObject({
      code: 'UPSTREAM_REFUSED',
      detail: { reason },
    })
  })

  test('brackets inside of strings are not depth', async () => {
    const document = { versions: [{ version: '1.0.0', note: `"\\${'[{'.repeat(100)}` }] }
    expect(await clientOf(await versions(document)).listVersions(WIDGET)).toHaveLength(1)
  })

  const healthy = {
    os: 'linux',
    arch: 'amd64',
    filename: 'terraform-provider-widget_1.0.0_linux_amd64.zip',
    download_url: 'https://files.example.com/widget.zip?signature=abc',
    shasum: 'AB'.repeat(32),
    shasums_url: './sums',
    shasums_signature_url: '../sig',
    signing_keys: { gpg_public_keys: null },
  }
  const documentOf = async (changes: object) => {
    const url = await scripted({ '/p/acme/widget/1.0.0/download/linux/amd64': { ...healthy, ...changes } })
    return { url, reading: clientOf(url).getPackageDocument(WIDGET, '1.0.0', LINUX) }
  }

  // protocol.md C02.minimal, C03: relative addresses resolve against the address of the document.
  test('the smallest document is enough', async () => {
    const { url, reading } = await documentOf({})
    expect(await reading).toEqual({
      address: WIDGET,
      version: '1.0.0',
      platform: LINUX,
      filename: healthy.filename,
      downloadUrl: healthy.download_url,
      shasumsUrl: `${url}/p/acme/widget/1.0.0/download/linux/sums`,
      signatureUrl: `${url}/p/acme/widget/1.0.0/download/sig`,
      shasum: 'ab'.repeat(32),
      protocols: [],
      signingKeys: [],
    })
  })

  // protocol.md C15c: null in the list crashes Terraform.
  test('null among the keys is passed over', async () => {
    const keys = [null, { ascii_armor: 'armor' }, { key_id: null, ascii_armor: 'other' }]
    const { reading } = await documentOf({ signing_keys: { gpg_public_keys: keys } })
    expect((await reading).signingKeys).toEqual([
      { keyId: '', asciiArmor: 'armor' },
      { keyId: '', asciiArmor: 'other' },
    ])
  })

  test.each<[string, object, string]>([
    ['about another platform', { arch: 'arm64' }, 'platform'],
    ['with the file name of another version', { filename: 'terraform-provider-widget_2.0.0_linux_amd64.zip' }, 'filename'],
    ['with a path as file name', { filename: '../../etc/passwd' }, 'filename'],
    ['with a bad checksum', { shasum: 'abc' }, 'shape'],
    ['without a download address', { download_url: undefined }, 'shape'],
  ])('a document %s is refused', async (_name, changes, reason) => {
    const { reading } = await documentOf(changes)
    expect(await failure(reading)).toMatchObject({ code: 'UPSTREAM_REFUSED', detail: { reason } })
  })

  test.each(['ftp://example.com/x', 'file:///etc/passwd', 'https://user:secret@example.com/x'])(
    'the download address %s is refused',
    async (url) => {
      const { reading } = await documentOf({ download_url: url })
      const error = await failure(reading)
      expect(error).toMatchObject({ code: 'UPSTREAM_REFUSED' })
      expect(error.message).not.toContain('secret')
    },
  )
})

describe('addresses', () => {
  // reliability.md row 11.
  test.each([
    { ...WIDGET, type: '../../admin' },
    { ...WIDGET, namespace: 'acme/..' },
    { ...WIDGET, type: 'widget?x=' },
    { ...WIDGET, namespace: 'acme%2f..' },
    { ...WIDGET, type: 'Widget' },
    { ...WIDGET, hostname: 'registry.example.com/x' },
  ])('%j never becomes a request', async (address) => {
    const upstream = await upstreamWith()
    await expect(clientOf(upstream.url).listVersions(address)).rejects.toThrow(TypeError)
    expect(upstream.requests).toEqual([])
  })

  test('a version that is not canonical never becomes a request', async () => {
    const upstream = await upstreamWith()
    await expect(clientOf(upstream.url).getPackageDocument(WIDGET, '../1.0.0', LINUX)).rejects.toThrow(TypeError)
    expect(upstream.requests).toEqual([])
  })
})
