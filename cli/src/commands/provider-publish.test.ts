import { readFileSync } from 'node:fs'
import { truncate, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { problem, type ReceivedRequest, type Reply, startFakeApi } from '../testing/fake-api.ts'
import { writeReleaseFolder } from '../testing/release-folder.ts'
import { terraceHome } from '../testing/run-terrace.ts'

const ME = { 'GET /api/v1/auth/me': { json: { kind: 'api_key', user_id: '1', name: 'ada/ci', scopes: ['providers:write'] } } }
const PLATFORM = { filename: 'f', size: 24, h1: 'h1:x', created: true }
const PUBLISHED: Reply = {
  status: 201,
  json: {
    namespace: 'acme',
    type: 'widget',
    version: '1.2.0',
    signed_by: 'publisher',
    signing_key: 'C874011F',
    platforms: [
      { ...PLATFORM, platform: 'linux_amd64', zh: 'zh:aa' },
      { ...PLATFORM, platform: 'darwin_arm64', zh: 'zh:bb', created: false },
    ],
  },
}

/** The form that a publish request carried. */
function formOf({ headers, body }: ReceivedRequest): Promise<FormData> {
  return new Response(new Uint8Array(body), { headers: { 'content-type': String(headers['content-type']) } }).formData()
}

async function publishTo(routes: Parameters<typeof startFakeApi>[1], flags: readonly string[] = []) {
  const home = await terraceHome(onTestFinished)
  await writeReleaseFolder(join(home.folder, 'dist'), {
    files: { 'terraform-provider-widget_1.2.0_manifest.json': '{}', 'key.asc': 'ARMOR' },
  })
  const { url, requests } = await startFakeApi(onTestFinished, { ...ME, ...routes })
  const outcome = await home.run(['provider', 'publish', 'dist', '--namespace', 'acme', '--server', url, ...flags])
  return { host: new URL(url).host, requests, ...outcome }
}

describe('provider publish', () => {
  test('sends the whole folder in one request of known length', async () => {
    const { code, requests } = await publishTo({ 'POST /api/v1/providers': PUBLISHED }, [
      '--key',
      'dist/key.asc',
      '--source',
      'https://git.example.com/acme/widget',
    ])
    expect(code).toBe(0)
    expect(requests.map(({ method, url }) => `${method} ${url}`)).toEqual(['GET /api/v1/auth/me', 'POST /api/v1/providers'])
    const [, request] = requests as [ReceivedRequest, ReceivedRequest]
    expect(request.headers).toMatchObject({ 'content-length': String(request.body.length) })
    const form = await formOf(request)
    expect(Object.fromEntries([...form].filter(([, value]) => typeof value === 'string'))).toEqual({
      namespace: 'acme',
      type: 'widget',
      version: '1.2.0',
      source_url: 'https://git.example.com/acme/widget',
    })
    expect([...form].filter(([, value]) => typeof value !== 'string').map(([name]) => name)).toEqual([
      'manifest',
      'shasums',
      'signature',
      'signing_key',
      'file',
      'file',
    ])
    expect(await (form.get('signing_key') as File).text()).toBe('ARMOR')
    expect((form.getAll('file') as File[]).map(({ name }) => name)).toEqual([
      'terraform-provider-widget_1.2.0_darwin_arm64.zip',
      'terraform-provider-widget_1.2.0_linux_amd64.zip',
    ])
  })

  test('writes a required_providers block to standard output and says what happened beside it', async () => {
    const { host, stdout, stderr } = await publishTo({ 'POST /api/v1/providers': PUBLISHED })
    expect(stdout).toBe(`terraform {
  required_providers {
    widget = {
      source  = "${host}/acme/widget"
      version = "1.2.0"
    }
  }
}
`)
    expect(stderr).toBe(
      `Published ${host}/acme/widget 1.2.0: 1 package, 24 B, signed by the publisher (C874011F)\nUse it with:\nThen run: terraform init\n`,
    )
  })

  test('--plain is a line per platform, --json the answer with the address', async () => {
    const routes = { 'POST /api/v1/providers': PUBLISHED }
    const plain = await publishTo(routes, ['--plain', '--quiet'])
    expect(plain.stdout).toBe(
      `${plain.host}/acme/widget\t1.2.0\tlinux_amd64\tzh:aa\tcreated\n${plain.host}/acme/widget\t1.2.0\tdarwin_arm64\tzh:bb\tunchanged\n`,
    )
    const json = await publishTo(routes, ['--json'])
    expect(JSON.parse(json.stdout)).toMatchObject({ schema_version: 1, version: '1.2.0', source: `${json.host}/acme/widget` })
  })

  test('--dry-run sends nothing and needs no server', async () => {
    const home = await terraceHome(onTestFinished)
    await writeReleaseFolder(join(home.folder, 'dist'), { signed: false })
    const { code, stdout } = await home.run(['provider', 'publish', 'dist', '--namespace', 'acme', '--dry-run', '--json'])
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ dry_run: true, type: 'widget', version: '1.2.0', signed_by: 'registry' })
  })

  test('an unsigned list stays at home, because the registry signs its own', async () => {
    const home = await terraceHome(onTestFinished)
    await writeReleaseFolder(join(home.folder, 'dist'), { signed: false, files: { 'terraform-provider-widget_1.2.0_SHA256SUMS': '' } })
    await writeFile(
      join(home.folder, 'dist/terraform-provider-widget_1.2.0_SHA256SUMS'),
      ['linux_amd64', 'darwin_arm64'].map((platform) => `${'0'.repeat(64)}  terraform-provider-widget_1.2.0_${platform}.zip\n`).join(''),
    )
    const { url, requests } = await startFakeApi(onTestFinished, { ...ME, 'POST /api/v1/providers': PUBLISHED })
    const { code, stderr } = await home.run(['provider', 'publish', 'dist', '--namespace', 'acme', '--server', url])
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringContaining('There is no signature in the folder: the registry signs'),
    })
    expect([...(await formOf(requests[1] as ReceivedRequest)).keys()]).not.toContain('shasums')
  })

  test('a refused credential is found out before anything is sent', async () => {
    const denied = problem({ code: 'TOKEN_REQUIRED', status: 401, detail: 'Cannot answer the request: it has no credential' })
    const { code, stderr, requests } = await publishTo({ 'GET /api/v1/auth/me': denied })
    expect({ code, stderr }).toEqual({ code: 4, stderr: expect.stringContaining('Cannot publish "acme/widget": you are not signed in') })
    expect(requests).toHaveLength(1)
  })

  test('other bytes for a published version are a conflict', async () => {
    const taken = problem({
      code: 'PROVIDER_VERSION_EXISTS',
      status: 409,
      detail: 'Cannot publish "acme/widget 1.2.0": it is immutable and has other content',
      hint: 'Publish a new version',
    })
    const { code, stdout, stderr } = await publishTo({ 'POST /api/v1/providers': taken })
    expect({ code, stdout }).toEqual({ code: 5, stdout: '' })
    expect(stderr).toContain(
      'it is immutable and has other content\nPublish a new version\nError code: PROVIDER_VERSION_EXISTS\nRequest id: req-7\n',
    )
  })
})

const BIG_BYTES = 200 * 1024 * 1024

interface BigUpload {
  /** What is done with the request before the answer. */
  readonly receive: (message: NodeJS.ReadableStream & { resume(): void }) => Promise<void>
  readonly reply: Reply
}

/** Publishes one package of 200 MB to a server that reads it, or does not. */
async function publishBig({ receive, reply }: BigUpload) {
  const home = await terraceHome(onTestFinished)
  await writeReleaseFolder(join(home.folder, 'dist'), { platforms: ['linux_amd64'], signed: false })
  await truncate(join(home.folder, 'dist/terraform-provider-widget_1.2.0_linux_amd64.zip'), BIG_BYTES)
  let pid = 0
  let peakBytes = 0
  const server = createServer(async (message, response) => {
    if (message.method === 'POST') {
      await receive(message)
      peakBytes = peakMemoryOf(pid)
    }
    const { status = 200, json, headers }: Reply = message.method === 'POST' ? reply : ME['GET /api/v1/auth/me']
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(JSON.stringify(json))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const outcome = await home.run(['provider', 'publish', 'dist', '--namespace', 'acme', '--server', url], {
    onStart: (child) => {
      pid = child.pid ?? 0
    },
  })
  return { ...outcome, peakBytes }
}

/** Most memory that a process has had at once; 0 where the system does not tell. */
function peakMemoryOf(pid: number): number {
  if (process.platform !== 'linux') return 0
  const [, kilobytes = '0'] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kilobytes) * 1024
}

describe('provider publish of a large package', () => {
  test('does not hold it in memory', async () => {
    let received = 0
    const receive: BigUpload['receive'] = async (message) => {
      for await (const chunk of message) received += chunk.length
    }
    const { code, peakBytes } = await publishBig({ receive, reply: PUBLISHED })
    expect(code).toBe(0)
    expect(received).toBeGreaterThan(BIG_BYTES)
    expect(peakBytes).toBeLessThan(200 * 1024 * 1024)
  })

  test('tells a refusal that comes before the server has read it', async () => {
    const tooLarge = problem({ code: 'PAYLOAD_TOO_LARGE', status: 413, detail: 'Cannot publish: it is larger than 100 MB' })
    const { code, stderr } = await publishBig({ receive: async () => {}, reply: tooLarge })
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('Cannot publish: it is larger than 100 MB') })
  })
})
