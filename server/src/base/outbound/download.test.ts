import { createHash } from 'node:crypto'
import type { RequestListener } from 'node:http'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { type LoopbackServer, startLoopbackServer } from '../../testing/loopback-server.ts'
import type { RegistryError } from '../errors.ts'
import { createOutbound, type DownloadOptions } from './outbound.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

async function serve(listener: RequestListener): Promise<LoopbackServer> {
  const server = await startLoopbackServer(listener)
  closers.push(() => server.close())
  return server
}

const BODY = Buffer.from(Uint8Array.from({ length: 3_000_000 }, (_value, index) => (index * 31) % 251))
const LIMITS = { maxBytes: 10_000_000, idleTimeoutMs: 2_000, totalTimeoutMs: 5_000 }

/** Downloads into memory and keeps what came, also of a download that fails. */
async function download(url: string, options: Partial<DownloadOptions> = {}) {
  const outbound = createOutbound({
    allowedNetworks: ['127.0.0.1'],
    apiTimeoutMs: 1_000,
    clock: { now: () => 0 },
    logger: { debug: () => undefined },
  })
  closers.push(() => outbound.close())
  const chunks: Uint8Array[] = []
  const outcome = await outbound
    .download(url, { ...LIMITS, ...options }, (chunk) => {
      chunks.push(chunk)
    })
    .catch((error: RegistryError) => error)
  return { outcome, body: Buffer.concat(chunks), outbound }
}

describe('download', () => {
  test('delivers the bytes in order, with size, progress and final address', async () => {
    const server = await serve((request, response) => {
      if (request.url === '/') response.writeHead(302, { location: '/file' }).end()
      else response.writeHead(200, { 'content-length': BODY.length }).end(BODY)
    })
    const reports: number[][] = []
    const { outcome, body } = await download(server.url, { onProgress: (done, total) => reports.push([done, total ?? -1]) })
    expect(outcome).toMatchObject({ bytes: BODY.length, contentLength: BODY.length, finalUrl: new URL('/file', server.url) })
    expect(body.equals(BODY)).toBe(true)
    expect(reports.at(-1)).toEqual([BODY.length, BODY.length])
    expect(reports.length).toBeGreaterThan(3)
    expect(reports.length).toBeLessThanOrEqual(BODY.length / (256 * 1024) + 1)
  })

  test('does not ask for compression', async () => {
    let asked: unknown
    const server = await serve((request, response) => {
      asked = request.headers['accept-encoding']
      response.end('x')
    })
    await download(server.url)
    expect(asked).toBe('identity')
  })

  // reliability.md F18.
  test('a body shorter than its announced length is a failure', async () => {
    const server = await serve((_request, response) => {
      response.writeHead(200, { 'content-length': BODY.length })
      response.write(BODY.subarray(0, 1_000_000), () => response.destroy())
    })
    expect((await download(server.url)).outcome).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' })
  })

  // reliability.md F18: without a length, plain clients report success.
  test('a cut body without a length is a failure when the size is known', async () => {
    const server = await serve((request, response) => {
      request.socket.write('HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n')
      request.socket.end(BODY.subarray(0, 1_000_000))
      response.detachSocket(request.socket)
    })
    const { outcome } = await download(server.url, { expectedBytes: BODY.length })
    expect(outcome).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE', detail: { reason: 'size_mismatch', received_bytes: 1_000_000 } })
    expect((await download(server.url)).outcome).toMatchObject({ bytes: 1_000_000, contentLength: undefined })
  })

  test('a cut chunked body is a failure', async () => {
    const server = await serve((_request, response) => {
      response.write(BODY.subarray(0, 1000), () => response.destroy())
    })
    expect((await download(server.url)).outcome).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' })
  })

  test.each([true, false])('more than the limit is refused (announced: %s)', async (announced) => {
    const server = await serve((_request, response) => {
      response.writeHead(200, announced ? { 'content-length': BODY.length } : {}).end(BODY)
    })
    const { outcome, body } = await download(server.url, { maxBytes: 1_000_000 })
    expect(outcome).toMatchObject({ code: 'UPSTREAM_REFUSED', detail: { reason: 'too_large' } })
    expect(body.length).toBeLessThanOrEqual(announced ? 0 : 1_000_000)
  })

  test('a stall ends after the idle time', async () => {
    const server = await serve((_request, response) => {
      response.writeHead(200, { 'content-length': '100' })
      response.write('begin')
    })
    const { outcome } = await download(server.url, { idleTimeoutMs: 100 })
    expect(outcome).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE', detail: { reason: 'UND_ERR_BODY_TIMEOUT' } })
  })

  test('a trickle ends after the total time', async () => {
    const server = await serve((_request, response) => {
      const timer = setInterval(() => response.write('x'), 5)
      response.on('close', () => clearInterval(timer))
    })
    expect((await download(server.url, { totalTimeoutMs: 100 })).outcome).toMatchObject({ detail: { reason: 'timeout' } })
  })

  test('an error page is never passed to the sink', async () => {
    const server = await serve((_request, response) => response.writeHead(404).end('not here'))
    const { outcome, body } = await download(server.url)
    expect(outcome).toMatchObject({ code: 'UPSTREAM_REFUSED', detail: { status: 404 } })
    expect(body.length).toBe(0)
  })
})

describe('a slow or failing sink', () => {
  test('gets one chunk at a time and holds the upstream back', async () => {
    let sent = 0
    const server = await serve((_request, response) => {
      const pump = () => {
        while (sent < 200) {
          sent += 1
          if (!response.write(BODY.subarray(0, 256 * 1024))) return
        }
        response.end()
      }
      response.on('drain', pump)
      pump()
    })
    const { outbound } = await download('http://127.0.0.1:9/')
    let active = 0
    let release: () => void = () => undefined
    const hash = createHash('sha256')
    const firstChunk = new Promise<void>((resolve) => {
      release = resolve
    })
    const pending = outbound.download(server.url, { ...LIMITS, maxBytes: 1e9 }, async (chunk) => {
      expect(++active).toBe(1)
      await firstChunk
      hash.update(chunk)
      active -= 1
    })
    let before = -1
    // The upstream stands still once socket buffers and window are full.
    for (let quiet = 0; quiet < 200; quiet = sent === before ? quiet + 1 : 0) {
      before = sent
      await nextTurn()
    }
    expect(sent).toBeLessThan(100)
    release()
    expect((await pending).bytes).toBe(200 * 256 * 1024)
    const expected = createHash('sha256')
    for (let part = 0; part < 200; part++) expected.update(BODY.subarray(0, 256 * 1024))
    expect(hash.digest('hex')).toBe(expected.digest('hex'))
  })

  test.each([
    [
      'at once',
      () => {
        throw new Error('disk full')
      },
    ],
    ['later', () => Promise.reject(new Error('disk full'))],
  ])('its own error is thrown when it fails %s', async (_name, sink) => {
    const server = await serve((_request, response) => response.end(BODY))
    const { outbound } = await download('http://127.0.0.1:9/')
    await expect(outbound.download(server.url, LIMITS, sink)).rejects.toThrow('disk full')
  })
})

describe('resumption', () => {
  const half = 1_234_567

  /** Breaks off the first answer in the middle; `resume` writes the second. */
  const breakingServer = (headers: Record<string, string>, resume: RequestListener) => {
    let requests = 0
    return serve((request, response) => {
      requests += 1
      if (requests > 1) return resume(request, response)
      response.writeHead(200, { 'content-length': BODY.length, 'accept-ranges': 'bytes', ...headers })
      response.write(BODY.subarray(0, half), () => response.destroy())
    })
  }

  test('goes on where the connection broke off', async () => {
    const server = await breakingServer({ etag: '"v1"' }, (request, response) => {
      expect(request.headers['if-range']).toBe('"v1"')
      const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1])
      expect(start).toBeGreaterThan(0)
      response.writeHead(206, { 'content-range': `bytes ${start}-${BODY.length - 1}/${BODY.length}` }).end(BODY.subarray(start))
    })
    const { outcome, body } = await download(server.url)
    expect(outcome).toMatchObject({ bytes: BODY.length })
    expect(body.equals(BODY)).toBe(true)
  })

  test('a file that changed meanwhile is a failure, not a mixture', async () => {
    const server = await breakingServer({ etag: '"v1"' }, (_request, response) => {
      response.writeHead(200, { etag: '"v2"', 'content-length': BODY.length }).end(BODY)
    })
    const { outcome, body } = await download(server.url)
    expect(outcome).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' })
    expect(body.length).toBeLessThanOrEqual(half)
  })

  test('is not tried with a weak validator', async () => {
    let resumed = false
    const server = await breakingServer({ etag: 'W/"v1"' }, (_request, response) => {
      resumed = true
      response.end()
    })
    expect((await download(server.url)).outcome).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' })
    expect(resumed).toBe(false)
  })
})
