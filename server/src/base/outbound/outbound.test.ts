import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, test } from 'vitest'
import { type LoopbackServer, startLoopbackServer } from '../../testing/loopback-server.ts'
import { RegistryError } from '../errors.ts'
import { createOutbound, type Outbound, type OutboundOptions } from './outbound.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

let nowMs = 0
function outbound(overrides: Partial<OutboundOptions> = {}): Outbound {
  const created = createOutbound({
    allowedNetworks: ['127.0.0.1'],
    apiTimeoutMs: 5_000,
    clock: { now: () => nowMs },
    logger: { debug: () => undefined },
    ...overrides,
  })
  closers.push(() => created.close())
  return created
}

async function serve(listener: RequestListener): Promise<LoopbackServer> {
  const server = await startLoopbackServer(listener)
  closers.push(() => server.close())
  return server
}

const failure = (promise: Promise<unknown>): Promise<RegistryError> =>
  promise.then(
    () => {
      throw new Error('it succeeded')
    },
    (error) => {
      expect(error).toBeInstanceOf(RegistryError)
      return error
    },
  )

const text = (body: Uint8Array) => Buffer.from(body).toString()
const get = (url: string, maxBytes = 1000) => outbound().getBytes(url, { maxBytes })

describe('getBytes', () => {
  test('answers body, status, headers and the final address', async () => {
    const server = await serve((request, response) => {
      if (request.url === '/start') response.writeHead(302, { location: '/end?x=1' }).end('ignored')
      else response.writeHead(200, { 'x-thing': 'yes' }).end('hello')
    })
    const received = await get(`${server.url}/start`)
    expect(text(received.body)).toBe('hello')
    expect(received).toMatchObject({ status: 200, headers: { 'x-thing': 'yes' } })
    expect(received.finalUrl.href).toBe(`${server.url}/end?x=1`)
  })

  test('undoes gzip', async () => {
    const server = await serve((_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('hello'))
    })
    expect(text((await get(server.url)).body)).toBe('hello')
  })

  // reliability.md row 4.
  test('refuses a small answer that unpacks to a large one', async () => {
    const server = await serve((_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(1_000_000)))
    })
    expect(await failure(get(server.url, 100_000))).toMatchObject({ code: 'UPSTREAM_REFUSED', detail: { reason: 'too_large' } })
  })

  // reliability.md F18: plain clients take a cut gzip body for complete.
  test('refuses a gzip body that was cut', async () => {
    const server = await serve((_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip', connection: 'close' })
      response.end(gzipSync('hello '.repeat(100)).subarray(0, 20))
    })
    expect(await failure(get(server.url))).toMatchObject({ code: 'UPSTREAM_REFUSED' })
  })

  test.each([
    ['with a length', { 'content-length': '2000' }],
    ['without a length', {}],
  ])('refuses a body above the limit %s', async (_name, headers) => {
    const server = await serve((_request, response) => {
      response.writeHead(200, headers).end('x'.repeat(2000))
    })
    expect(await failure(get(server.url))).toMatchObject({ code: 'UPSTREAM_REFUSED', detail: { reason: 'too_large', max_bytes: 1000 } })
  })

  test.each([
    [404, 'UPSTREAM_REFUSED'],
    [401, 'UPSTREAM_REFUSED'],
    [408, 'UPSTREAM_UNAVAILABLE'],
    [500, 'UPSTREAM_UNAVAILABLE'],
    [503, 'UPSTREAM_UNAVAILABLE'],
    [429, 'UPSTREAM_RATE_LIMITED'],
  ])('status %i means %s', async (status, code) => {
    const server = await serve((_request, response) => {
      response.writeHead(status).end('body that nobody sees')
    })
    const error = await failure(get(`${server.url}/path?signature=secret`))
    expect(error).toMatchObject({ code, detail: { status } })
    expect(error.message).toBe(`Cannot fetch "${server.url}/path": the upstream answered ${status}`)
  })

  // reliability.md row 9: a realm of a 401 is never followed, so nothing can be asked for there.
  test('sends no credential and no cookie, also not after a redirect', async () => {
    const seen: IncomingMessage['headers'][] = []
    const server = await serve((request, response) => {
      seen.push(request.headers)
      if (request.url === '/') response.writeHead(307, { location: '/next', 'set-cookie': 'a=b' }).end()
      else response.end('ok')
    })
    await get(server.url)
    expect(seen.map((headers) => Object.keys(headers).sort())).toEqual([
      ['accept-encoding', 'connection', 'host', 'user-agent'],
      ['accept-encoding', 'connection', 'host', 'user-agent'],
    ])
  })

  test('reuses one connection for requests one after another', async () => {
    const server = await serve((_request, response) => response.end('ok'))
    const client = outbound()
    for (let round = 0; round < 5; round++) await client.getBytes(server.url, { maxBytes: 10 })
    expect(server.connectionCount()).toBe(1)
  })

  test('asks once more when a kept connection was closed by the other side', async () => {
    let requests = 0
    const server = await serve((request, response) => {
      requests += 1
      if (requests === 2) request.socket.destroy()
      else response.end(`answer ${requests}`)
    })
    const client = outbound()
    await client.getBytes(server.url, { maxBytes: 100 })
    expect(text((await client.getBytes(server.url, { maxBytes: 100 })).body)).toBe('answer 3')
  })

  test('an answer that never comes ends with the time limit', async () => {
    const server = await serve(() => undefined)
    const error = await failure(outbound().getBytes(server.url, { maxBytes: 10, timeoutMs: 50 }))
    expect(error).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE', detail: { reason: 'timeout' } })
  })

  test('an answer that trickles ends with the time limit', async () => {
    const server = await serve((_request, response) => trickle(response))
    expect(await failure(outbound().getBytes(server.url, { maxBytes: 10_000, timeoutMs: 100 }))).toMatchObject({
      detail: { reason: 'timeout' },
    })
  })

  test('the reason of the caller is thrown when the caller gives up', async () => {
    const server = await serve(() => undefined)
    const controller = new AbortController()
    const pending = outbound().getBytes(server.url, { maxBytes: 10, signal: controller.signal })
    const reason = new Error('lease lost')
    controller.abort(reason)
    await expect(pending).rejects.toBe(reason)
  })

  test('a refused connection and an unknown name mean that the upstream is unavailable', async () => {
    const server = await startLoopbackServer(() => undefined)
    await server.close()
    expect(await failure(get(server.url))).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE', detail: { reason: 'ECONNREFUSED' } })
    const unknown = Object.assign(new Error('no such name'), { code: 'ENOTFOUND' })
    const client = outbound({ resolveAddresses: () => Promise.reject(unknown) })
    const error = await failure(client.getBytes('http://unknown.example/', { maxBytes: 10 }))
    expect(error).toMatchObject({
      code: 'UPSTREAM_UNAVAILABLE',
      message: 'Cannot fetch "http://unknown.example/": the host name has no address',
    })
  })

  test('an answer that is not HTTP is refused', async () => {
    const server = await serve((request) => {
      request.socket.end('SSH-2.0-OpenSSH_9.2\r\n')
    })
    expect(await failure(get(server.url))).toMatchObject({ code: 'UPSTREAM_REFUSED' })
  })
})

function trickle(response: ServerResponse): void {
  response.writeHead(200)
  const timer = setInterval(() => response.write('x'), 5)
  response.on('close', () => clearInterval(timer))
}

describe('an upstream that asks to wait', () => {
  // reliability.md F15: waits as told, no stampede.
  test.each([429, 503])('is not asked again before its Retry-After is over (%i)', async (status) => {
    let requests = 0
    const server = await serve((_request, response) => {
      requests += 1
      if (requests === 1) response.writeHead(status, { 'retry-after': '30' }).end()
      else response.end('ok')
    })
    const client = outbound()
    const ask = () => client.getBytes(server.url, { maxBytes: 10 })
    expect(await failure(ask())).toMatchObject({ code: 'UPSTREAM_RATE_LIMITED', retryAfterSeconds: 30 })
    nowMs += 10_000
    expect(await failure(ask())).toMatchObject({ code: 'UPSTREAM_RATE_LIMITED', retryAfterSeconds: 20 })
    expect(requests).toBe(1)
    nowMs += 20_000
    expect(text((await ask()).body)).toBe('ok')
  })

  test('may name a date', async () => {
    nowMs = Date.parse('2026-01-01T00:00:00Z')
    const server = await serve((_request, response) => {
      response.writeHead(429, { 'retry-after': 'Thu, 01 Jan 2026 00:01:30 GMT' }).end()
    })
    expect(await failure(get(server.url))).toMatchObject({ retryAfterSeconds: 90 })
  })
})

describe('redirects', () => {
  test('five are followed, the sixth is not', async () => {
    const server = await serve((request, response) => {
      const left = Number(request.url?.slice(1))
      if (left === 0) response.end('there')
      else response.writeHead(302, { location: `/${left - 1}` }).end()
    })
    expect(text((await get(`${server.url}/5`)).body)).toBe('there')
    expect(await failure(get(`${server.url}/6`))).toMatchObject({ code: 'UPSTREAM_REFUSED', detail: { reason: 'redirects' } })
  })

  test('a redirect without an address is refused', async () => {
    const server = await serve((_request, response) => response.writeHead(302).end())
    expect(await failure(get(server.url))).toMatchObject({ code: 'UPSTREAM_REFUSED' })
  })

  // reliability.md row 7: each hop passes the same check as the first.
  test.each([
    'http://127.0.0.2/',
    'http://169.254.169.254/latest/meta-data/',
    'http://[::1]/',
    'http://[::ffff:7f00:2]/',
    'http://[64:ff9b::a00:1]/',
    'http://0x7f.2/',
    'http://017700000002/',
    'http://10.0.0.1:8080/',
  ])('a redirect to %s is blocked', async (location) => {
    const server = await serve((_request, response) => response.writeHead(302, { location }).end())
    expect(await failure(get(server.url))).toMatchObject({ code: 'OUTBOUND_BLOCKED' })
  })

  test.each(['file:///etc/passwd', 'ftp://example.com/', 'http://user:pass@127.0.0.1/', 'http://'])(
    'a redirect to %s is refused',
    async (location) => {
      const server = await serve((_request, response) => response.writeHead(302, { location }).end())
      expect(await failure(get(server.url))).toMatchObject({ code: 'UPSTREAM_REFUSED' })
    },
  )
})

describe('names', () => {
  test('a name that resolves to a private address is blocked before anything is sent', async () => {
    const server = await serve((_request, response) => response.end('secret'))
    const client = outbound({ allowedNetworks: [], resolveAddresses: async () => [{ address: '127.0.0.1', family: 4 }] })
    const error = await failure(client.getBytes(`http://rebinding.example:${server.port}/`, { maxBytes: 100 }))
    expect(error).toMatchObject({ code: 'OUTBOUND_BLOCKED', detail: { host: 'rebinding.example', address: '127.0.0.1' } })
    expect(server.connectionCount()).toBe(0)
  })

  // A second look-up that answered otherwise would be a way around the check: the socket must use the checked answer.
  test('a name is resolved once for a connection, and of several addresses only the allowed are used', async () => {
    const server = await serve((_request, response) => response.end('ok'))
    const answers = [
      { address: '10.0.0.1', family: 4 },
      { address: '127.0.0.1', family: 4 },
    ]
    let lookups = 0
    const client = outbound({
      resolveAddresses: async () => {
        lookups += 1
        return answers
      },
    })
    const received = await client.getBytes(`http://mixed.example:${server.port}/`, { maxBytes: 100 })
    expect(text(received.body)).toBe('ok')
    expect(lookups).toBe(1)
  })

  test('a loopback address written in the URL is blocked', async () => {
    const client = outbound({ allowedNetworks: [] })
    for (const url of ['http://127.0.0.1/', 'http://[::1]/', 'http://2130706433/']) {
      expect(await failure(client.getBytes(url, { maxBytes: 1 }))).toMatchObject({ code: 'OUTBOUND_BLOCKED' })
    }
  })
})
