import type { RequestListener } from 'node:http'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, test } from 'vitest'
import { startLoopbackServer } from '../../testing/loopback-server.ts'
import { createOutbound } from './outbound.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

async function serve(listener: RequestListener, allowedNetworks = ['127.0.0.1']) {
  const server = await startLoopbackServer(listener)
  const outbound = createOutbound({ allowedNetworks, apiTimeoutMs: 500, clock: { now: () => 0 }, logger: { debug: () => undefined } })
  closers.push(
    () => outbound.close(),
    () => server.close(),
  )
  return { url: server.url, outbound }
}

describe('send', () => {
  test('sends method, headers and body, and answers what comes back', async () => {
    const { url, outbound } = await serve((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        response.writeHead(401, { 'content-encoding': 'gzip' })
        response.end(gzipSync(`${request.method} ${request.headers.authorization} ${Buffer.concat(chunks)}`))
      })
    })
    const answer = await outbound.send(`${url}/token`, {
      method: 'POST',
      headers: { authorization: 'Basic abc' },
      body: 'grant=1',
      maxBytes: 100,
    })
    expect([answer.status, Buffer.from(answer.body).toString()]).toEqual([401, 'POST Basic abc grant=1'])
  })

  test('a redirect is answered, not followed', async () => {
    let requests = 0
    const { url, outbound } = await serve((_request, response) => {
      requests += 1
      response.writeHead(302, { location: '/elsewhere' }).end()
    })
    expect(await outbound.send(url, { headers: { authorization: 'Basic abc' }, maxBytes: 100 })).toMatchObject({ status: 302 })
    expect(requests).toBe(1)
  })

  test.each([
    [500, 'UPSTREAM_UNAVAILABLE'],
    [429, 'UPSTREAM_RATE_LIMITED'],
  ])('%i is a failure', async (status, code) => {
    const { url, outbound } = await serve((_request, response) => response.writeHead(status).end())
    await expect(outbound.send(url, { maxBytes: 100 })).rejects.toMatchObject({ code, detail: { status } })
  })

  test('a body above the limit is refused', async () => {
    const { url, outbound } = await serve((_request, response) => response.end('x'.repeat(101)))
    await expect(outbound.send(url, { maxBytes: 100 })).rejects.toMatchObject({ detail: { reason: 'too_large' } })
  })

  test('silence ends after the time limit', async () => {
    const { url, outbound } = await serve(() => undefined)
    await expect(outbound.send(url, { maxBytes: 100, timeoutMs: 50 })).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' })
  })

  // reliability.md row 7.
  test('a private address that is not allowed is not contacted', async () => {
    const { url, outbound } = await serve((_request, response) => response.end('secret'), [])
    await expect(outbound.send(url, { maxBytes: 100 })).rejects.toMatchObject({ code: 'OUTBOUND_BLOCKED' })
  })
})
