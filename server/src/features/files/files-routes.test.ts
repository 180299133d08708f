import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { filesFixture, KEY, sha256Of } from '../../testing/files-fixture.ts'

const CONTENT = Buffer.from('0123456789')

describe('GET /files/KEY', () => {
  test('answers the bytes with truthful headers', async () => {
    const { request, link } = await filesFixture({ content: CONTENT })
    const response = await request(link)
    expect(response.statusCode).toBe(200)
    expect(response.rawPayload).toEqual(CONTENT)
    expect(response.headers).toMatchObject({
      'content-length': '10',
      'content-type': 'application/zip',
      'content-disposition': 'attachment; filename="terraform-provider-widget_1.0.0_linux_amd64.zip"',
      'accept-ranges': 'bytes',
      etag: `"${sha256Of(CONTENT)}"`,
      'cache-control': 'private, max-age=60, no-transform',
    })
  })

  // requirements.md SEC-03: security headers are on every answer, also where the response is taken over from Fastify.
  test('sends the headers that the request chain has set', async () => {
    const { request, link } = await filesFixture()
    expect((await request(link)).headers['x-from-the-chain']).toBe('yes')
  })

  test('answers an object without bytes', async () => {
    const { request, link } = await filesFixture({ content: new Uint8Array() })
    const response = await request(link)
    expect(response.statusCode).toBe(200)
    expect(response.headers['content-length']).toBe('0')
    expect(response.rawPayload).toHaveLength(0)
  })

  test('answers without a credential and with any', async () => {
    const { request, link } = await filesFixture()
    expect((await request({ url: link, headers: { authorization: 'Basic eDp5' } })).statusCode).toBe(200)
  })

  // protocol.md 5.4: `archive` may be added to the query or taken from it.
  test('ignores unknown keys of the query', async () => {
    const { request, link } = await filesFixture()
    expect((await request(`${link}&archive=zip`)).statusCode).toBe(200)
  })

  test('reads a key whose plus sign a proxy has encoded', async () => {
    const { request, store } = await filesFixture({ content: CONTENT })
    const key = 'providers/_self/1.0.0+build/x.bin'
    await store.put(key, Readable.from([CONTENT]), { maxBytes: 100 })
    const response = await request((await store.signUrl(key, 60)).replace('+', '%2B'))
    expect(response.statusCode).toBe(200)
    expect(response.headers['content-type']).toBe('application/octet-stream')
  })

  test('answers 304 to who has the content', async () => {
    const { request, link, counters } = await filesFixture({ content: CONTENT })
    const response = await request({ url: link, headers: { 'if-none-match': `"${sha256Of(CONTENT)}"` } })
    expect(response.statusCode).toBe(304)
    expect(counters.bytesRead).toBe(0)
  })

  test('answers 404 for an object that the catalogue does not know', async () => {
    const { request, link, counters } = await filesFixture({ expected: undefined })
    const response = await request(link)
    expect(response.json()).toMatchObject({ code: 'OBJECT_NOT_FOUND' })
    expect(response.statusCode).toBe(404)
    expect(counters.bytesRead).toBe(0)
  })

  test.each(['POST', 'PUT', 'DELETE', 'PATCH'] as const)('a link does not allow %s', async (method) => {
    const { request, link } = await filesFixture()
    expect((await request({ method, url: link })).statusCode).toBe(404)
  })
})

describe('the link of GET /files/KEY', () => {
  test('is refused after its life, and the answer says so', async () => {
    const { request, link, clock } = await filesFixture()
    clock.ms += 60_000
    const response = await request(link)
    expect(response.statusCode).toBe(403)
    expect(response.json()).toMatchObject({ code: 'LINK_INVALID', message: `Cannot read "${KEY}": the link has expired` })
  })

  test.each([
    ['no query', (link: string) => link.split('?')[0] ?? ''],
    ['no signature', (link: string) => link.split('&signature')[0] ?? ''],
    ['another signature', (link: string) => link.replace(/.{43}$/, 'A'.repeat(43))],
    ['a later end', (link: string) => link.replace(/expires=\d/, 'expires=9')],
    ['two ends', (link: string) => `${link}&expires=9999999999`],
    ['another object', (link: string) => link.replace('linux_amd64/', 'darwin_arm64/')],
    ['a way out of the folder', (link: string) => link.replace('/files/', '/files/..%2f..%2fetc%2fpasswd%2f')],
    ['an encoded NUL', (link: string) => link.replace('?', '%00?')],
  ])('is refused with %s', async (_name, change) => {
    const { request, link, counters } = await filesFixture()
    const response = await request(change(link))
    expect(response.statusCode).toBe(403)
    expect(response.json()).toMatchObject({ code: 'LINK_INVALID', message: 'Cannot read the file: the link is wrong' })
    expect(response.headers['cache-control']).toBeUndefined()
    expect(counters.bytesRead).toBe(0)
  })
})

describe('HEAD /files/KEY', () => {
  // protocol.md 0.7 and C46b: a Content-Length of 0 makes the CLI skip the download and fail.
  test('answers the length of the object without its bytes', async () => {
    const { request, link, counters } = await filesFixture({ content: CONTENT })
    const response = await request({ method: 'HEAD', url: link })
    expect(response.statusCode).toBe(200)
    expect(response.headers).toMatchObject({ 'content-length': '10', 'accept-ranges': 'bytes', 'content-type': 'application/zip' })
    expect(response.rawPayload).toHaveLength(0)
    expect(counters.bytesRead).toBe(0)
  })

  // RFC 9110, section 14.2: ranges are defined for GET only.
  test('ignores a range', async () => {
    const { request, link } = await filesFixture({ content: CONTENT })
    const response = await request({ method: 'HEAD', url: link, headers: { range: 'bytes=2-3' } })
    expect(response.statusCode).toBe(200)
    expect(response.headers['content-length']).toBe('10')
  })

  test('needs a link', async () => {
    const { request, link } = await filesFixture()
    expect((await request({ method: 'HEAD', url: link.split('?')[0] ?? '' })).statusCode).toBe(403)
  })
})

// protocol.md P-14 (F01): a broken-off `terraform providers mirror` continues with `Range: bytes=N-`.
describe('a range of GET /files/KEY', () => {
  test.each([
    ['bytes=0-3', '0123', 'bytes 0-3/10'],
    ['bytes=7-', '789', 'bytes 7-9/10'],
    ['bytes=-2', '89', 'bytes 8-9/10'],
    ['bytes=0-', '0123456789', 'bytes 0-9/10'],
  ])('%s answers 206 with these bytes only', async (range, text, contentRange) => {
    const { request, link } = await filesFixture({ content: CONTENT })
    const response = await request({ url: link, headers: { range } })
    expect(response.statusCode).toBe(206)
    expect(response.payload).toBe(text)
    expect(response.headers).toMatchObject({ 'content-range': contentRange, 'content-length': String(text.length) })
  })

  test('past the end answers 416 with the size', async () => {
    const { request, link } = await filesFixture({ content: CONTENT })
    const response = await request({ url: link, headers: { range: 'bytes=10-' } })
    expect(response.statusCode).toBe(416)
    expect(response.headers['content-range']).toBe('bytes */10')
  })

  test('among several answers the whole object', async () => {
    const { request, link } = await filesFixture({ content: CONTENT })
    const response = await request({ url: link, headers: { range: 'bytes=0-1,4-5' } })
    expect(response.statusCode).toBe(200)
    expect(response.payload).toBe('0123456789')
  })

  test('of the same content is answered under If-Range', async () => {
    const { request, link } = await filesFixture({ content: CONTENT })
    const response = await request({ url: link, headers: { range: 'bytes=8-', 'if-range': `"${sha256Of(CONTENT)}"` } })
    expect(response.statusCode).toBe(206)
  })

  test('of other content is answered with the whole object under If-Range', async () => {
    const { request, link } = await filesFixture({ content: CONTENT })
    const response = await request({ url: link, headers: { range: 'bytes=8-', 'if-range': `"${sha256Of(Buffer.from('old'))}"` } })
    expect(response.statusCode).toBe(200)
    expect(response.payload).toBe('0123456789')
  })
})
