import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { Agent } from 'node:http'
import { connect } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { filesFixture, getRaw, KEY, sha256Of } from '../../testing/files-fixture.ts'

const MEGABYTE = 1 << 20
const WRONG = sha256Of(Buffer.from('what it should have been'))

// reliability.md P4, F12, F13, F36; requirements.md C59
describe('a damaged object', () => {
  test('of small size answers 502 and is reported', async () => {
    const content = randomBytes(1000)
    const { request, link, reports } = await filesFixture({ content, expected: WRONG })
    const response = await request(link)
    expect(response.statusCode).toBe(502)
    expect(response.json()).toMatchObject({ code: 'OBJECT_DAMAGED' })
    expect(response.headers).not.toHaveProperty('etag')
    expect(response.headers).not.toHaveProperty('cache-control', expect.stringContaining('max-age'))
    expect(reports).toEqual([{ key: KEY, expected: WRONG, found: sha256Of(content) }])
  })

  test('of large size never arrives whole', async () => {
    const content = randomBytes(20 * MEGABYTE)
    const { listen, link, reports, log } = await filesFixture({ content, expected: WRONG })
    const answer = await getRaw(`${await listen()}${link}`)
    expect(answer).toMatchObject({ status: 200, complete: false })
    expect(answer.body.byteLength).toBeLessThan(content.byteLength)
    expect(reports).toEqual([{ key: KEY, expected: WRONG, found: sha256Of(content) }])
    expect(log).toMatchObject([{ msg: 'A download was cut', key: KEY, err: { code: 'OBJECT_DAMAGED' } }])
  })

  test('of large size answers 502 when it is asked for again', async () => {
    const { listen, link } = await filesFixture({ content: randomBytes(20 * MEGABYTE), expected: WRONG })
    const url = `${await listen()}${link}`
    await getRaw(url)
    expect((await getRaw(url)).status).toBe(502)
  })

  test('answers 502 for a range that is itself undamaged', async () => {
    const { request, link, reports } = await filesFixture({ content: randomBytes(20 * MEGABYTE), expected: WRONG })
    expect((await request({ url: link, headers: { range: 'bytes=0-9' } })).statusCode).toBe(502)
    expect(reports).toHaveLength(1)
  })

  test('that was good when it was read before is noticed', async () => {
    const { request, link, store } = await filesFixture()
    expect((await request(link)).statusCode).toBe(200)
    store.damage(KEY, randomBytes(1000))
    expect((await request(link)).statusCode).toBe(502)
  })

  test('that is gone answers 502, not 404, and is reported', async () => {
    const content = randomBytes(1000)
    const { request, link, store, reports } = await filesFixture({ content })
    await store.delete(KEY)
    const response = await request(link)
    expect(response.statusCode).toBe(502)
    expect(response.json().message).toContain('missing')
    expect(reports).toEqual([{ key: KEY, expected: sha256Of(content), found: undefined }])
  })

  test('is served again when it was put right', async () => {
    const content = randomBytes(1000)
    const { request, link, store } = await filesFixture({ content })
    store.damage(KEY, randomBytes(1000))
    expect((await request(link)).statusCode).toBe(502)
    store.damage(KEY, content)
    expect((await request(link)).rawPayload).toEqual(content)
  })
})

describe('a large object', () => {
  test('arrives whole, on the first read and on later ones', async () => {
    const content = randomBytes(20 * MEGABYTE + 1)
    const { listen, link, allClosed } = await filesFixture({ content })
    const url = `${await listen()}${link}`
    for (const _read of ['first', 'second']) {
      const answer = await getRaw(url)
      expect(answer).toMatchObject({ status: 200, complete: true, headers: { 'content-length': String(content.byteLength) } })
      expect(sha256Of(answer.body)).toBe(sha256Of(content))
    }
    await allClosed()
  })

  test('arrives unmixed at forty readers at once', async () => {
    const content = randomBytes(3 * MEGABYTE + 7)
    const { listen, link } = await filesFixture({ content })
    const url = `${await listen()}${link}`
    const answers = await Promise.all(Array.from({ length: 40 }, () => getRaw(url)))
    expect(new Set(answers.map((answer) => sha256Of(answer.body)))).toEqual(new Set([sha256Of(content)]))
  })

  test('is hashed once, then ranges read only their own bytes', async () => {
    const content = randomBytes(20 * MEGABYTE)
    const { request, link, counters } = await filesFixture({ content })
    const range = (from: number) => request({ url: link, headers: { range: `bytes=${from}-${from + 9}` } })
    const answers = await Promise.all([range(0), range(MEGABYTE), range(2 * MEGABYTE)])
    expect(answers.map((answer) => answer.statusCode)).toEqual([206, 206, 206])
    expect(counters.bytesRead).toBe(content.byteLength + 30)
    await range(5)
    expect(counters.bytesRead).toBe(content.byteLength + 40)
  })

  // The range tells: without a remembered digest it costs the reading of the whole object.
  test('is not read again when the store has written it with the expected digest', async () => {
    const content = randomBytes(20 * MEGABYTE)
    const { request, link, counters } = await filesFixture({ content, written: sha256Of(content) })
    expect((await request({ url: link, headers: { range: 'bytes=5-14' } })).rawPayload).toEqual(content.subarray(5, 15))
    expect(counters.bytesRead).toBe(10)
  })

  test('is read when the store has written it with another digest', async () => {
    const content = randomBytes(9 * MEGABYTE)
    const { request, link, counters, reports } = await filesFixture({ content, written: WRONG })
    expect((await request({ url: link, headers: { range: 'bytes=5-14' } })).statusCode).toBe(206)
    expect(counters.bytesRead).toBe(content.byteLength + 10)
    expect(reports).toEqual([])
  })

  test('leaves the connection usable for the next request', async () => {
    const content = randomBytes(9 * MEGABYTE)
    const { listen, link } = await filesFixture({ content })
    const url = `${await listen()}${link}`
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    onTestFinished(() => agent.destroy())
    const answers = [await getRaw(url, agent), await getRaw(url, agent), await getRaw(url, agent)]
    expect(answers.map((answer) => [answer.reused, sha256Of(answer.body)])).toEqual([
      [false, sha256Of(content)],
      [true, sha256Of(content)],
      [true, sha256Of(content)],
    ])
  })
})

describe('a slow reader', () => {
  async function openAndPause(base: string, link: string) {
    const socket = connect({ host: '127.0.0.1', port: Number(new URL(base).port) })
    await once(socket, 'connect')
    socket.write(`GET ${link} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
    await once(socket, 'readable')
    return socket
  }

  // F30
  test('that goes away frees what the download held', async () => {
    const { listen, link, allClosed, counters } = await filesFixture({ content: randomBytes(32 * MEGABYTE) })
    const socket = await openAndPause(await listen(), link)
    expect(counters.openReaders).toBe(1)
    socket.destroy()
    await allClosed()
  })

  test('that takes nothing any more is disconnected', async () => {
    const { listen, link, allClosed } = await filesFixture({ content: randomBytes(32 * MEGABYTE), stallTimeoutMs: 50 })
    const socket = await openAndPause(await listen(), link)
    await allClosed()
    socket.destroy()
  })

  // P9: what is read from the store follows what the reader takes; the difference is in the kernel's socket buffers.
  test('does not make the server read ahead of it', async () => {
    const content = randomBytes(64 * MEGABYTE)
    const { listen, link, counters } = await filesFixture({ content })
    const socket = await openAndPause(await listen(), link)
    let taken = 0
    for await (const part of socket) {
      taken += (part as Buffer).byteLength
      expect(counters.bytesRead - taken).toBeLessThan(24 * MEGABYTE)
      if (taken > content.byteLength) break
    }
    expect(taken).toBeGreaterThan(content.byteLength)
  })
})
