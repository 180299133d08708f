import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createOutbound, type Outbound } from '../../base/outbound/outbound.ts'
import { type FakeUpstream, startFakeUpstream } from '../../testing/fake-upstream/fake-upstream.ts'
import { type LoopbackServer, startLoopbackServer } from '../../testing/loopback-server.ts'
import { createTestCertificates, type TestCertificates } from '../../testing/test-certificates.ts'
import { createUpstreamClient } from './index.ts'

const WIDGET = { hostname: 'registry.example.com', namespace: 'acme', type: 'widget' }
const LINUX = { os: 'linux', arch: 'amd64' } as const

let certificates: TestCertificates
let folder: string
let caFile: string
let upstream: FakeUpstream
let archives: LoopbackServer
let outbound: Outbound

beforeAll(async () => {
  certificates = await createTestCertificates()
  folder = await mkdtemp(join(tmpdir(), 'terrace-upstream-'))
  caFile = join(folder, 'ca.pem')
  await writeFile(caFile, certificates.ca)
  upstream = await startFakeUpstream({ tls: certificates })
  await upstream.addProvider('acme/widget', { versions: { '1.0.0': {} } })
  archives = await startLoopbackServer((_request, response) => response.end('zip from the other host'), certificates)
  const clock = { now: () => 0 }
  outbound = createOutbound({ allowedNetworks: ['127.0.0.1'], apiTimeoutMs: 5_000, clock, logger: { debug: () => undefined } })
})

afterAll(async () => {
  await outbound.close()
  await upstream.close()
  await archives.close()
  await rm(folder, { recursive: true })
})

const client = (settings: { url: string; caFile?: string }) =>
  createUpstreamClient({
    outbound,
    upstreams: { [WIDGET.hostname]: settings },
    clock: { now: () => 0 },
    logger: { warn: () => undefined },
    downloads: { maxBytes: 1_000_000, idleTimeoutMs: 2_000, totalTimeoutMs: 5_000 },
  })

async function download(settings: { url: string; caFile?: string }): Promise<string> {
  const reader = client(settings)
  const chunks: Uint8Array[] = []
  await reader.downloadPackage(await reader.getPackageDocument(WIDGET, '1.0.0', LINUX), {}, (chunk) => {
    chunks.push(chunk)
  })
  return Buffer.concat(chunks).toString('latin1')
}

describe('a private upstream with a CA of its own', () => {
  test('is read when its CA is configured, and refused otherwise', async () => {
    expect(await download({ url: upstream.url, caFile })).toBe(upstream.package('acme/widget', '1.0.0').body.toString('latin1'))
    await expect(download({ url: upstream.url })).rejects.toMatchObject({ code: 'UPSTREAM_REFUSED' })
  })

  test('may keep its archives on another host of that CA', async () => {
    await upstream.setDefects('acme/widget', '1.0.0', { redirectTo: `${archives.url}/widget.zip` })
    expect(await download({ url: upstream.url, caFile })).toBe('zip from the other host')
    await upstream.setDefects('acme/widget', '1.0.0')
  })

  // Its document names the signing keys: whoever could change it on the way could sign.
  test('may not have its provider registry on http', async () => {
    const listener = (body: string) => (_request: unknown, response: ServerResponse) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end(body)
    await using secure = await startLoopbackServer(listener('{"providers.v1":"http://127.0.0.1:1/"}'), certificates)
    await expect(client({ url: secure.url, caFile }).listVersions(WIDGET)).rejects.toMatchObject({
      code: 'UPSTREAM_REFUSED',
      message: expect.stringContaining('on http, not https'),
    })
  })
})
