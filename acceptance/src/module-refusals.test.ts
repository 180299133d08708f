import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { setTimeout } from 'node:timers/promises'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { expectFailure, expectSuccess } from './harness/expect-client.ts'
import { forwardRequest } from './harness/forward-request.ts'
import { moduleForm } from './harness/module-form.ts'
import { REGISTRY, startWorld, type World } from './harness/registry-world.ts'
import { reportMissing } from './harness/required-binaries.ts'

const FILES = { 'main.tf': 'output "id" {\n  value = 1\n}\n' }

const calls = (address: string, version?: string) => ({
  'main.tf': `module "m" {\n  source = "${REGISTRY}/${address}"\n${version === undefined ? '' : `  version = "${version}"\n`}}\n`,
})

async function publish(world: World, address: string, version = '1.0.0'): Promise<number> {
  const response = await world.api.request('/api/v1/modules', { method: 'POST', body: moduleForm({ address, version, files: FILES }) })
  return response.status
}

async function withdraw(world: World, address: string, reason: string): Promise<void> {
  const headers = { 'content-type': 'application/json' }
  await world.api.request(`/api/v1/modules/${address}/1.0.0`, { method: 'DELETE', headers, body: JSON.stringify({ reason }) })
}

/** Puts somebody between the clients and the server who may change a request, or let it wait, until the test ends. */
async function interfere(world: World, before: (request: IncomingMessage) => void | Promise<void>): Promise<void> {
  const between = createServer(async (request, response) => {
    await before(request)
    const { host = '' } = request.headers
    forwardRequest(request, response, {
      scheme: 'https',
      host,
      path: request.url ?? '',
      backend: world.server.url,
      onStatus: () => undefined,
    })
  }).listen(0, '127.0.0.1')
  await once(between, 'listening')
  const address = between.address()
  if (address === null || typeof address === 'string') throw new Error('A listening server has an address')
  world.front.route(REGISTRY, `http://127.0.0.1:${address.port}`)
  onTestFinished(() => {
    world.front.route(REGISTRY, world.server.url)
    between.close()
    between.closeAllConnections()
  })
}

const isDownload = ({ url = '' }: IncomingMessage): boolean => url.endsWith('/download')

/** What the client prints when the module registry says no. */
describe.skipIf(reportMissing('terraform'))('refusals of the module registry', () => {
  let world: World
  beforeAll(async () => {
    world = await startWorld({ config: 'downloads {\n  link_life_seconds = 2\n}\n' })
    return world.close
  })

  const get = (address: string, version?: string) => world.workspace({ files: calls(address, version) }).run(['get'])

  // protocol.md M-6 (B70, B71)
  test('a module of which everything was withdrawn has no versions', async () => {
    const address = 'acme/empty/aws'
    await publish(world, address)
    await withdraw(world, address, 'gone')
    expectFailure(await get(address), 'Module has no versions')
  })

  // protocol.md M-11 (B52.403)
  test('a link that is used too late is refused with its status', async () => {
    await publish(world, 'acme/late/aws')
    await interfere(world, async ({ url = '' }) => {
      const expires = Number(new URL(url, 'http://localhost').searchParams.get('expires') ?? 0) * 1000
      // The link was made for two seconds; nothing but time ends it.
      if (expires > Date.now()) await setTimeout(expires + 50 - Date.now())
    })
    expectFailure(await get('acme/late/aws'), 'bad response code: 403')
  })

  // protocol.md M-16 (B61.401): the one body that the client prints.
  test('a token that ends between list and download is explained in our words', async () => {
    await publish(world, 'acme/revoked/aws')
    await interfere(world, (request) => {
      if (isDownload(request)) request.headers.authorization = 'Bearer tfr_revoked'
    })
    const result = await get('acme/revoked/aws')
    expectFailure(result, 'resp:Cannot answer the request: its credential is wrong, revoked or expired')
    expect(result.text).not.toContain('{')
  })

  // protocol.md M-16 (B61), M-19
  test('a version that is withdrawn between list and download tells its reason', async () => {
    await publish(world, 'acme/sudden/aws')
    await interfere(world, async (request) => {
      if (isDownload(request)) await withdraw(world, 'acme/sudden/aws', 'leaks a password')
    })
    expectFailure(
      await get('acme/sudden/aws', '1.0.0'),
      'resp:Cannot read module "acme/sudden/aws 1.0.0": it was withdrawn: leaks a password',
    )
  })

  // protocol.md M-16: who brings no token, or one without the right, publishes nothing.
  test('publishing without a token is 401, without the right 403', async () => {
    const body = () => moduleForm({ address: 'acme/denied/aws', version: '1.0.0', files: FILES })
    expect((await fetch(`${world.server.url}/api/v1/modules`, { method: 'POST', body: body() })).status).toBe(401)
    const created = await world.api.request('/api/v1/apikeys', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'reader', scopes: ['modules:read'] }),
    })
    const { key } = (await created.json()) as { key: string }
    const response = await fetch(`${world.server.url}/api/v1/modules`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}` },
      body: body(),
    })
    expect(response.status).toBe(403)
    expectFailure(await get('acme/denied/aws'), 'Module not found')
  })

  // protocol.md M-21 (F06), 6.1
  test('Terraform too takes the answer that OpenTofu 1.12 gets', async () => {
    await publish(world, 'acme/tofu/aws')
    await interfere(world, (request) => {
      if (isDownload(request)) request.headers['user-agent'] = 'OpenTofu/1.12.0'
    })
    expectSuccess(await get('acme/tofu/aws'))
  })
})

// protocol.md M-17 (B62, B63)
describe.skipIf(reportMissing('terraform'))('a client that asks for modules too often', () => {
  test('is told to wait a moment, waits and gets the module', async () => {
    await using world = await startWorld({ config: 'rate_limit {\n  protocol_per_minute = 60\n}\n' })
    await publish(world, 'acme/busy/aws')
    const versions = `${world.server.url}/v1/modules/acme/busy/aws/versions`
    const answers = await Promise.all(Array.from({ length: 61 }, () => fetch(versions)))
    const refused = answers.find(({ status }) => status === 429)
    expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(Number(refused?.headers.get('retry-after'))).toBeLessThanOrEqual(5)
    expectSuccess(await world.workspace({ files: calls('acme/busy/aws') }).run(['get']))
    const statusesOf = (prefix: string) => world.front.requests.filter(({ path }) => path.startsWith(prefix)).map(({ status }) => status)
    expect(statusesOf('/v1/')).toContain(429)
    expect(statusesOf('/files/')).toEqual([200, 200])
  })
})
