import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { startLoopbackServer } from '../../testing/loopback-server.ts'
import { createTestCertificates } from '../../testing/test-certificates.ts'
import { createOutbound, type Outbound } from './outbound.ts'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

/** A forward proxy that sends every name to the given port of this machine, and remembers what it was asked for. */
async function startProxy(targetPort: number): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = []
  const proxy = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`)
    response.end('by the proxy')
  })
  proxy.on('connect', (request, client, head) => {
    asked.push(`CONNECT ${request.url}`)
    const target = connect(targetPort, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n')
      target.write(head)
      target.pipe(client).pipe(target)
    })
    for (const socket of [target, client]) socket.on('error', () => socket.destroy())
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  closers.push(() => proxy.close())
  return { url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`, asked }
}

function outboundThrough(proxyUrl: string): Outbound {
  const outbound = createOutbound({
    allowedNetworks: [],
    apiTimeoutMs: 5_000,
    clock: { now: () => 0 },
    logger: { debug: () => undefined },
    proxyUrl,
  })
  closers.push(() => outbound.close())
  return outbound
}

describe('outbound through a proxy', () => {
  test('http goes to the proxy with the whole address, and the proxy resolves the name', async () => {
    const proxy = await startProxy(1)
    const received = await outboundThrough(proxy.url).getBytes('http://upstream.example/path', { maxBytes: 100 })
    expect(Buffer.from(received.body).toString()).toBe('by the proxy')
    expect(proxy.asked).toEqual(['GET http://upstream.example/path'])
  })

  test('https goes through a tunnel, with the certificate of the upstream checked', async () => {
    const certificates = await createTestCertificates(['upstream.example'])
    const folder = await mkdtemp(join(tmpdir(), 'terrace-proxy-'))
    const caFile = join(folder, 'ca.pem')
    await writeFile(caFile, certificates.ca)
    const upstream = await startLoopbackServer((_request, response) => response.end('by the upstream'), certificates)
    closers.push(() => rm(folder, { recursive: true }), upstream.close)
    const proxy = await startProxy(upstream.port)
    const outbound = outboundThrough(proxy.url)
    const received = await outbound.getBytes('https://upstream.example/path', { maxBytes: 100, caFile })
    expect(Buffer.from(received.body).toString()).toBe('by the upstream')
    expect(proxy.asked).toEqual(['CONNECT upstream.example:443'])
    await expect(outbound.getBytes('https://upstream.example/path', { maxBytes: 100 })).rejects.toMatchObject({ code: 'UPSTREAM_REFUSED' })
  })

  test('a private address written in the URL is blocked all the same', async () => {
    const proxy = await startProxy(1)
    await expect(outboundThrough(proxy.url).getBytes('http://169.254.169.254/', { maxBytes: 100 })).rejects.toMatchObject({
      code: 'OUTBOUND_BLOCKED',
    })
    expect(proxy.asked).toEqual([])
  })
})
