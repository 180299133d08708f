import type { RequestListener } from 'node:http'
import { afterEach, describe, expect, test } from 'vitest'
import { createOutbound } from '../../base/outbound/outbound.ts'
import { startLoopbackServer } from '../../testing/loopback-server.ts'
import { createServiceDiscovery } from './service-discovery.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

let nowMs = 0

/** A host whose discovery is answered by the listener. */
async function hostWith(listener: RequestListener, path = '') {
  let requests = 0
  const server = await startLoopbackServer((request, response) => {
    requests += 1
    listener(request, response)
  })
  const clock = { now: () => nowMs }
  const outbound = createOutbound({ allowedNetworks: ['127.0.0.1'], apiTimeoutMs: 2_000, clock, logger: { debug: () => undefined } })
  closers.push(server.close, () => outbound.close())
  const find = createServiceDiscovery({ outbound, clock, upstreams: { 'registry.example.com': { url: `${server.url}${path}` } } })
  return { url: server.url, find: () => find('registry.example.com'), count: () => requests }
}

const json =
  (document: unknown, contentType = 'application/json'): RequestListener =>
  (_request, response) => {
    response.writeHead(200, contentType === '' ? {} : { 'content-type': contentType })
    response.end(typeof document === 'string' ? document : JSON.stringify(document))
  }

describe('service discovery', () => {
  // protocol.md A02: without the slash, the last segment is lost.
  test.each([
    ['/v1/providers/', '/v1/providers/'],
    ['v1/providers/', '/.well-known/v1/providers/'],
    ['https://api.example.com/p/', 'https://api.example.com/p/'],
  ])('%s leads to %s', async (service, expected) => {
    const { url, find } = await hostWith(json({ 'providers.v1': service, 'modules.v1': null }))
    expect((await find()).href).toBe(new URL(expected, url).href)
  })

  test('a path of the configured address is kept', async () => {
    const asked: unknown[] = []
    const host = await hostWith((request, response) => {
      asked.push(request.url)
      json({ 'providers.v1': './p/' })(request, response)
    }, '/api/terraform/')
    expect((await host.find()).pathname).toBe('/api/terraform/.well-known/p/')
    expect(asked).toEqual(['/api/terraform/.well-known/terraform.json'])
  })

  // protocol.md A05–A07.
  test('three redirects are followed and the answer is relative to the last address, a fourth is refused', async () => {
    const redirecting: RequestListener = (request, response) => {
      const left = request.url?.startsWith('/r') === true ? Number(request.url.slice(2, 3)) : hops
      if (left === 0) json({ 'providers.v1': 'here/' })(request, response)
      else response.writeHead(302, { location: `/r${left - 1}/x` }).end()
    }
    let hops = 3
    expect((await (await hostWith(redirecting)).find()).pathname).toBe('/r0/here/')
    hops = 4
    await expect((await hostWith(redirecting)).find()).rejects.toMatchObject({ code: 'UPSTREAM_REFUSED', detail: { reason: 'redirects' } })
  })

  // protocol.md A11–A19, A20–A24.
  test.each<[string, RequestListener]>([
    ['HTML', json('<html>', 'text/html')],
    ['a wrong content type', json({ 'providers.v1': '/p/' }, 'text/plain')],
    ['no content type', json({ 'providers.v1': '/p/' }, '')],
    ['an array', json([])],
    ['bytes behind the object', json('{"providers.v1":"/p/"} x')],
    ['no provider registry', json({ 'modules.v1': '/m/' })],
    ['null as the service', json({ 'providers.v1': null })],
    ['an object as the service', json({ 'providers.v1': {} })],
    ['another scheme', json({ 'providers.v1': 'ftp://example.com/' })],
    ['user and password', json({ 'providers.v1': 'https://a:b@example.com/' })],
    ['more than 1 MiB', json({ 'providers.v1': '/p/', x: 'x'.repeat(1024 * 1024) })],
    ['404', (_request, response) => response.writeHead(404).end()],
  ])('%s is refused', async (_name, listener) => {
    await expect((await hostWith(listener)).find()).rejects.toMatchObject({ code: 'UPSTREAM_REFUSED' })
  })

  test('parameters of the content type are fine', async () => {
    const { find } = await hostWith(json({ 'providers.v1': '/p/' }, 'Application/JSON; charset=utf-8'))
    expect((await find()).pathname).toBe('/p/')
  })

  test('an answer is used for ten minutes, then asked for again', async () => {
    const { find, count } = await hostWith(json({ 'providers.v1': '/p/' }))
    await find()
    nowMs += 9 * 60_000
    await find()
    expect(count()).toBe(1)
    nowMs += 60_000
    await find()
    expect(count()).toBe(2)
  })

  test('requests that overlap share one look-up', async () => {
    const { find, count } = await hostWith(json({ 'providers.v1': '/p/' }))
    await Promise.all([find(), find(), find()])
    expect(count()).toBe(1)
  })

  test('a failure is not kept', async () => {
    let broken = true
    const { find } = await hostWith((request, response) => {
      if (broken) response.writeHead(500).end()
      else json({ 'providers.v1': '/p/' })(request, response)
    })
    await expect(find()).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' })
    broken = false
    expect((await find()).pathname).toBe('/p/')
  })
})
