import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { type LoopbackServer, startLoopbackServer } from '@terrace/server/testing/loopback-server.ts'
import { type Dispatcher, ProxyAgent, request } from 'undici'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { startTlsFront, type TlsFront } from './tls-front.ts'

let backend: LoopbackServer
let front: TlsFront
let dispatcher: Dispatcher

beforeEach(async () => {
  backend = await startLoopbackServer((incoming, response) => {
    if (incoming.url === '/cut') {
      response.writeHead(200, { 'content-length': '10' })
      response.write('12345', () => response.destroy())
    } else if (incoming.method === 'PUT') incoming.pipe(response)
    else response.end(JSON.stringify({ path: incoming.url, headers: incoming.headers }))
  })
  front = await startTlsFront({ 'registry.example.com': backend.url })
  dispatcher = new ProxyAgent({ uri: front.proxyUrl, requestTls: { ca: readFileSync(front.caPath, 'utf8') } })
  return async () => {
    await dispatcher.destroy()
    await front.close()
    await backend.close()
  }
})

const get = (url: string) => request(url, { dispatcher })

describe('TLS front', () => {
  test('a host is served by its back end, which learns scheme and host', async () => {
    const { body } = await get('https://registry.example.com/a/b?c=d')
    expect(await body.json()).toMatchObject({
      path: '/a/b?c=d',
      headers: { host: 'registry.example.com', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'registry.example.com' },
    })
  })

  test('requests are recorded with host and status', async () => {
    await (await get('https://registry.example.com:8443/a')).body.dump()
    expect(front.requests).toMatchObject([{ method: 'GET', scheme: 'https', host: 'registry.example.com:8443', path: '/a', status: 200 }])
  })

  test('hosts may go to different back ends, and a host without one cannot be reached', async () => {
    const other = await startLoopbackServer((_incoming, response) => response.end('other'))
    onTestFinished(other.close)
    front.route('other.example.com', other.url)
    expect(await (await get('https://other.example.com/')).body.text()).toBe('other')
    front.route('other.example.com', undefined)
    await expect(get('https://elsewhere.example.com/')).rejects.toThrow(/502|Proxy/)
  })

  test('bodies pass in both directions unchanged', async () => {
    const bytes = Buffer.alloc(3_000_000, 'terrace')
    const { body } = await request('https://registry.example.com/', { dispatcher, method: 'PUT', body: bytes })
    const answer = Buffer.from(await body.arrayBuffer())
    expect(createHash('sha256').update(answer).digest('hex')).toBe(createHash('sha256').update(bytes).digest('hex'))
  })

  test('an answer that breaks off breaks off for the client too', async () => {
    const { body } = await get('https://registry.example.com/cut')
    await expect(body.text()).rejects.toThrow()
  })

  test('a back end that is down is a 502', async () => {
    await backend.close()
    const { statusCode, body } = await get('https://registry.example.com/')
    await body.dump()
    expect(statusCode).toBe(502)
    expect(front.requests).toMatchObject([{ status: 502 }])
  })

  test('a client that does not trust the authority is not served', async () => {
    const stranger = new ProxyAgent(front.proxyUrl)
    onTestFinished(() => stranger.destroy())
    await expect(request('https://registry.example.com/', { dispatcher: stranger })).rejects.toThrow(/certificate/)
  })
})
