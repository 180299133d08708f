import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { createTestCertificates } from '../../../testing/test-certificates.ts'
import { openTestEdge } from '../../../testing/test-edge.ts'
import { drainAndClose, listen } from '../listen.ts'
import type { Timeouts } from './connection-limits.ts'

const LOOPBACK = { host: '127.0.0.1', port: 0 }
const SHORT: Timeouts = { headersMs: 150, bodyMs: 150, requestMs: 600, lingerMs: 150, checkMs: 25 }
const POST = 'POST /api/v1/things HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n'
const MEGABYTE = 1024 * 1024

async function openServer(timeouts: Timeouts = SHORT) {
  const { app, lifecycle } = openTestEdge(
    (server) => {
      server.post('/api/v1/things', { config: { requires: 'public' } }, () => ({ made: true }))
      server.post('/api/v1/private', { config: { requires: 'authenticated' } }, () => ({ made: true }))
      server.post('/api/v1/large', { config: { requires: 'public', rateLimitTier: 'upload' } }, () => ({ made: true }))
    },
    { timeouts },
  )
  const { port } = await listen(app, LOOPBACK)
  onTestFinished(() => drainAndClose(app, { lifecycle, graceMs: 0 }))
  return port
}

/** A client of bare bytes. */
function openSocket(socket: Socket) {
  const seen = { answer: '', closed: false, closedAfterMs: 0 }
  const startedAt = performance.now()
  socket.on('data', (chunk) => {
    seen.answer += chunk
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    seen.closed = true
    seen.closedAfterMs = performance.now() - startedAt
  })
  onTestFinished(() => void socket.destroy())
  return Object.assign(seen, {
    socket,
    answered: () => vi.waitUntil(() => seen.answer.includes('\r\n\r\n'), { timeout: 10_000, interval: 5 }),
    ended: () => vi.waitUntil(() => seen.closed, { timeout: 10_000, interval: 5 }),
  })
}

/** Sends a piece every few milliseconds until the connection is closed. */
function trickle(socket: Socket, piece: string | Buffer): void {
  const timer = setInterval(() => socket.write(piece), 20)
  socket.on('close', () => clearInterval(timer))
}

describe('slow clients', () => {
  // CVE-2007-6750 and its like: a few bytes at a time keep a connection for ever.
  test('headers that trickle are cut with 408', async () => {
    const client = openSocket(connect(await openServer(), '127.0.0.1'))
    client.socket.write(POST)
    trickle(client.socket, 'x-more: 1\r\n')
    await client.ended()
    expect(client.answer).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/)
    expect(client.answer).toContain('x-frame-options: DENY')
    expect(client.closedAfterMs).toBeLessThan(5000)
  })

  test('a connection that says nothing is cut', async () => {
    const client = openSocket(connect(await openServer(), '127.0.0.1'))
    await client.ended()
    expect(client.closedAfterMs).toBeLessThan(5000)
  })

  test('a body that trickles gets 408 in the form of the route, and is cut', async () => {
    const client = openSocket(connect(await openServer({ ...SHORT, requestMs: 60_000 }), '127.0.0.1'))
    client.socket.write(`${POST}content-length: 1000\r\n\r\n`)
    trickle(client.socket, ' ')
    await client.ended()
    expect(client.answer).toMatch(/^HTTP\/1\.1 408 Cannot read the body/)
    expect(client.answer).toContain('"code":"REQUEST_TIMEOUT"')
  })

  test('an upload has longer, but not for ever', async () => {
    const client = openSocket(connect(await openServer(), '127.0.0.1'))
    client.socket.write(`${POST.replace('things', 'large')}content-length: 1000\r\n\r\n`)
    trickle(client.socket, ' ')
    await client.ended()
    expect(client.closedAfterMs).toBeGreaterThan(SHORT.requestMs - SHORT.bodyMs)
    expect(client.answer).toMatch(/^HTTP\/1\.1 408 Request Timeout/)
  })
})

describe('large requests', () => {
  test('headers above 16 KB are refused with 431', async () => {
    const client = openSocket(connect(await openServer(), '127.0.0.1'))
    client.socket.write(`${POST}x-large: ${'x'.repeat(17 * 1024)}\r\n\r\n`)
    await client.ended()
    expect(client.answer).toMatch(/^HTTP\/1\.1 431 Request Header Fields Too Large\r\n/)
    expect(client.answer).toContain('x-content-type-options: nosniff')
  })

  test('a body that says it is too large is refused before any of it is there', async () => {
    const client = openSocket(connect(await openServer(), '127.0.0.1'))
    client.socket.write(`${POST}content-length: ${100 * MEGABYTE}\r\n\r\n`)
    await client.answered()
    expect(client.answer).toMatch(/^HTTP\/1\.1 413 /)
    expect(client.answer).toContain('"code":"PAYLOAD_TOO_LARGE"')
    await client.ended()
  })

  test.each([
    ['does not say how large it is', '/api/v1/things', 413],
    ['comes without a credential', '/api/v1/private', 401],
  ])('a body without end that %s is refused and not read on', async (_name, path, status) => {
    const client = openSocket(connect(await openServer({ ...SHORT, bodyMs: 60_000, requestMs: 60_000 }), '127.0.0.1'))
    client.socket.write(`${POST.replace('/api/v1/things', path)}transfer-encoding: chunked\r\n\r\n`)
    const chunk = Buffer.concat([Buffer.from('10000\r\n'), Buffer.alloc(0x10000, ' '), Buffer.from('\r\n')])
    trickle(client.socket, chunk)
    await client.answered()
    expect(client.answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    await client.ended()
    expect(client.socket.bytesWritten).toBeLessThan(8 * MEGABYTE)
  })
})

describe('the second listener', () => {
  test('has the security headers on what never became a request, too', async () => {
    const certificates = await createTestCertificates()
    const { app, lifecycle } = openTestEdge(() => {})
    const localTls = { port: 0, key: certificates.key, cert: certificates.cert }
    const { localTlsPort = 0 } = await listen(app, { ...LOOPBACK, localTls })
    onTestFinished(() => drainAndClose(app, { lifecycle, graceMs: 0 }))
    const socket = connectTls({ port: localTlsPort, host: '127.0.0.1', servername: 'localhost', ca: certificates.ca })
    await once(socket, 'secureConnect')
    const client = openSocket(socket)
    socket.write('NONSENSE\r\n\r\n')
    await client.ended()
    expect(client.answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/)
    expect(client.answer).toContain('x-frame-options: DENY')
  })
})
