import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type LoopbackServer, startLoopbackServer } from '../../testing/loopback-server.ts'
import { createTestCertificates } from '../../testing/test-certificates.ts'
import { createOutbound, type Outbound } from './outbound.ts'

let folder: string
let caFile: string
let server: LoopbackServer
let plain: LoopbackServer
let outbound: Outbound

beforeAll(async () => {
  const certificates = await createTestCertificates()
  folder = await mkdtemp(join(tmpdir(), 'terrace-tls-'))
  caFile = join(folder, 'ca.pem')
  await writeFile(caFile, certificates.ca)
  plain = await startLoopbackServer((_request, response) => response.end('plain'))
  server = await startLoopbackServer((request, response) => {
    if (request.url === '/down') response.writeHead(302, { location: plain.url }).end()
    else response.end('safe')
  }, certificates)
  outbound = createOutbound({
    allowedNetworks: ['127.0.0.1'],
    apiTimeoutMs: 5_000,
    clock: { now: () => 0 },
    logger: { debug: () => undefined },
  })
})

afterAll(async () => {
  await outbound.close()
  await server.close()
  await plain.close()
  await rm(folder, { recursive: true })
})

describe('TLS', () => {
  test('an unknown CA is refused with a hint', async () => {
    await expect(outbound.getBytes(server.url, { maxBytes: 10 })).rejects.toMatchObject({
      code: 'UPSTREAM_REFUSED',
      hint: expect.stringContaining('ca_file'),
    })
  })

  test('the CA of the request is trusted for that request only', async () => {
    const received = await outbound.getBytes(server.url, { maxBytes: 10, caFile })
    expect(Buffer.from(received.body).toString()).toBe('safe')
    await expect(outbound.getBytes(server.url, { maxBytes: 10 })).rejects.toMatchObject({ code: 'UPSTREAM_REFUSED' })
  })

  test('a redirect from https to http is refused', async () => {
    await expect(outbound.getBytes(`${server.url}/down`, { maxBytes: 10, caFile })).rejects.toMatchObject({
      code: 'UPSTREAM_REFUSED',
      message: expect.stringContaining('from https to http'),
    })
    expect(plain.connectionCount()).toBe(0)
  })

  test('a CA file that cannot be read is named', async () => {
    const missing = join(folder, 'missing.pem')
    await expect(outbound.getBytes(server.url, { maxBytes: 10, caFile: missing })).rejects.toMatchObject({
      code: 'UPSTREAM_REFUSED',
      message: expect.stringContaining(missing),
    })
  })
})
