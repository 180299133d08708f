import { createHash } from 'node:crypto'
import { createMessage, readKey, readSignature, verify } from 'openpgp'
import { afterEach, describe, expect, test } from 'vitest'
import { type FakeUpstream, startFakeUpstream } from './fake-upstream.ts'
import type { Defects } from './fake-version.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

async function upstreamWith(defects: Defects = {}): Promise<FakeUpstream> {
  const upstream = await startFakeUpstream()
  closers.push(upstream.close)
  await upstream.addProvider('acme/widget', { versions: { '1.0.0': { platforms: ['linux_amd64', 'darwin_arm64'], defects } } })
  return upstream
}

const getJson = async (url: string) => (await fetch(url)).json()
const getBytes = async (url: string) => Buffer.from(await (await fetch(url)).arrayBuffer())

async function readAll(upstream: FakeUpstream) {
  const document = await getJson(`${upstream.url}/v1/providers/acme/widget/1.0.0/download/linux/amd64`)
  const at = (path: string) => getBytes(new URL(path, upstream.url).href)
  return {
    document,
    sums: await at(document.shasums_url),
    signature: await at(document.shasums_signature_url),
    zip: await at(document.download_url),
  }
}

async function isSignedBy(armoredKey: string, content: Uint8Array, binarySignature: Uint8Array): Promise<boolean> {
  const result = await verify({
    message: await createMessage({ binary: content }),
    signature: await readSignature({ binarySignature }),
    verificationKeys: await readKey({ armoredKey }),
    date: new Date('2020-06-02T00:00:00Z'),
    format: 'binary',
  })
  return (result.signatures[0]?.verified ?? Promise.resolve(false)).catch(() => false)
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

describe('fake upstream', () => {
  test('a healthy version fits together: discovery, list, document, signature, checksums and zip', async () => {
    const upstream = await upstreamWith()
    expect(await getJson(`${upstream.url}/.well-known/terraform.json`)).toEqual({ 'providers.v1': '/v1/providers/' })
    const { versions } = await getJson(`${upstream.url}/v1/providers/acme/widget/versions`)
    expect(versions).toEqual([
      {
        version: '1.0.0',
        protocols: ['5.0'],
        platforms: [
          { os: 'linux', arch: 'amd64' },
          { os: 'darwin', arch: 'arm64' },
        ],
      },
    ])
    const { document, sums, signature, zip } = await readAll(upstream)
    expect(sha256(zip)).toBe(document.shasum)
    expect(sums.toString().split('\n')[0]).toBe(`${document.shasum}  terraform-provider-widget_1.0.0_linux_amd64.zip`)
    expect(sums.toString().trimEnd().split('\n')).toHaveLength(2)
    expect(await isSignedBy(document.signing_keys.gpg_public_keys[0].ascii_armor, sums, signature)).toBe(true)
    expect((await upstream.signingKey('acme')).keyId).toBe(document.signing_keys.gpg_public_keys[0].key_id)
  })

  test.each<[keyof Defects, { signed: boolean; listed: boolean; intact: boolean }]>([
    ['wrongChecksum', { signed: true, listed: false, intact: true }],
    ['missingLine', { signed: true, listed: false, intact: true }],
    ['blankLine', { signed: true, listed: true, intact: true }],
    ['badSignature', { signed: false, listed: true, intact: true }],
    ['foreignSignature', { signed: false, listed: true, intact: true }],
    ['rotatedKey', { signed: true, listed: true, intact: true }],
    ['expiredKey', { signed: true, listed: true, intact: true }],
    ['corruptByte', { signed: true, listed: true, intact: false }],
    ['notAZip', { signed: true, listed: true, intact: true }],
    ['wrongBinaryName', { signed: true, listed: true, intact: true }],
  ])('the defect %s breaks what it names and nothing else', async (defect, expected) => {
    const { document, sums, signature, zip } = await readAll(await upstreamWith({ [defect]: true }))
    expect({
      signed: await isSignedBy(document.signing_keys.gpg_public_keys[0].ascii_armor, sums, signature),
      listed: sums.toString().includes(`${document.shasum}  ${document.filename}\n`),
      intact: sha256(zip) === document.shasum,
    }).toEqual(expected)
  })

  test('a revoked key is announced with its revocation', async () => {
    const { document } = await readAll(await upstreamWith({ revokedKey: true }))
    const key = await readKey({ armoredKey: document.signing_keys.gpg_public_keys[0].ascii_armor })
    expect(await key.isRevoked()).toBe(true)
  })

  test('a status defect answers as often as asked, then heals', async () => {
    const upstream = await upstreamWith({ status: { on: 'versions', status: 429, times: 2, retryAfter: '1' } })
    const ask = async () => (await fetch(`${upstream.url}/v1/providers/acme/widget/versions`)).status
    expect([await ask(), await ask(), await ask()]).toEqual([429, 429, 200])
    expect(upstream.countRequests('/versions')).toBe(3)
  })

  test('setting no defects heals a version without changing its bytes', async () => {
    const upstream = await upstreamWith({ corruptByte: true })
    const { shasum } = upstream.package('acme/widget', '1.0.0')
    await upstream.setDefects('acme/widget', '1.0.0')
    expect(sha256(upstream.package('acme/widget', '1.0.0').body)).toBe(shasum)
  })

  // protocol.md F01: `terraform providers mirror` resumes a download.
  test('a range is answered with the rest of the package', async () => {
    const upstream = await upstreamWith()
    const { body, filename } = upstream.package('acme/widget', '1.0.0')
    const response = await fetch(`${upstream.url}/files/acme/widget/1.0.0/${filename}`, { headers: { range: 'bytes=10-' } })
    expect(response.status).toBe(206)
    expect(Buffer.from(await response.arrayBuffer()).equals(body.subarray(10))).toBe(true)
  })

  test('what does not exist answers 404', async () => {
    const upstream = await upstreamWith()
    for (const path of [
      '/v1/providers/acme/other/versions',
      '/v1/providers/acme/widget/1.0.0/download/linux/arm',
      '/files/acme/widget/2.0.0/x',
    ]) {
      expect((await fetch(upstream.url + path)).status).toBe(404)
    }
  })
})
