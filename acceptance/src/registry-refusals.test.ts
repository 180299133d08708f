import { beforeAll, describe, expect, test } from 'vitest'
import { requires } from './harness/client-files.ts'
import { ELSEWHERE, HERE } from './harness/current-platform.ts'
import { expectFailure, expectSuccess } from './harness/expect-client.ts'
import { healthyPackages } from './harness/publish-form.ts'
import { REGISTRY, startWorld, type World } from './harness/registry-world.ts'
import { reportMissing } from './harness/required-binaries.ts'

/** What the client is told when the registry says no, or has something to say. */
describe.skipIf(reportMissing('terraform'))('refusals and warnings of the registry', () => {
  let world: World
  beforeAll(async () => {
    world = await startWorld()
    return world.close
  })

  const publish = (name: string, version: string) => world.api.publish({ name, version })
  const idOf = async (type: string, version: string): Promise<string> =>
    (await world.api.packages({ type, version }))[0]?.version_id ?? 'not held'

  // protocol.md P-2 (C40.404)
  test('an unknown provider is said to be unknown', async () => {
    expectFailure(
      await world.workspace({ files: requires(`${REGISTRY}/acme/unknown`) }).run(['init']),
      `provider registry ${REGISTRY} does not have a provider named ${REGISTRY}/acme/unknown`,
    )
  })

  // protocol.md P-4 (C42.401)
  test('a wrong token is said to be rejected', async () => {
    await publish('acme/guarded', '1.0.0')
    const env = { TF_TOKEN_registry_example_com: 'tfr_wrong' }
    expectFailure(
      await world.workspace({ files: requires(`${REGISTRY}/acme/guarded`) }).run(['init'], env),
      `host ${REGISTRY} rejected the given authentication credentials`,
    )
  })

  // protocol.md P-4
  test('a revoked API key is rejected from the next request on', async () => {
    await publish('acme/keyed', '1.0.0')
    const created = await world.api.request('/api/v1/apikeys', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'pipeline', scopes: ['providers:read'] }),
    })
    const { id, key } = (await created.json()) as { id: string; key: string }
    const workspace = world.workspace({ files: requires(`${REGISTRY}/acme/keyed`) })
    expectSuccess(await workspace.run(['init'], { TF_TOKEN_registry_example_com: key }))
    await world.api.request(`/api/v1/apikeys/${id}`, { method: 'DELETE' })
    workspace.clean()
    expect((await workspace.run(['init'], { TF_TOKEN_registry_example_com: key })).text).toContain('rejected the given')
  })

  // protocol.md P-7 (C41.404, C64)
  test('a missing platform is explained', async () => {
    const packages = healthyPackages('acme/rare', '1.0.0', [ELSEWHERE[0]])
    await world.api.publish({ name: 'acme/rare', version: '1.0.0', packages })
    expectFailure(
      await world.workspace({ files: requires(`${REGISTRY}/acme/rare`) }).run(['init']),
      `does not have a package available for your current platform, ${HERE}`,
    )
  })

  // protocol.md P-5 (C60)
  test('a deprecation reaches everybody who resolves the version, and only the message', async () => {
    await publish('acme/old', '1.0.0')
    await world.api.change(await idOf('old', '1.0.0'), { deprecated: true, deprecation_message: 'Use acme/new instead' })
    const { text } = expectSuccess(await world.workspace({ files: requires(`${REGISTRY}/acme/old`) }).run(['init']))
    expect(text).toContain('Additional provider information from registry')
    expect(text).toContain('acme/old 1.0.0 is deprecated: Use acme/new instead')
  })

  // protocol.md P-16 (C83)
  test('a deleted version is gone for good, with a clear message for those who locked it', async () => {
    await publish('acme/brief', '1.0.0')
    const workspace = world.workspace({ files: requires(`${REGISTRY}/acme/brief`, '~> 1.0') })
    expectSuccess(await workspace.run(['init']))
    await publish('acme/brief', '1.0.1')
    await world.api.remove(await idOf('brief', '1.0.0'))
    workspace.clean({ keepLockFile: true })
    expectFailure(await workspace.run(['init']), 'the previously-selected version 1.0.0 is no longer available')
    const again = await publish('acme/brief', '1.0.0')
    expect(again).toMatchObject({ status: 409, body: { code: 'PROVIDER_VERSION_DELETED' } })
  })

  test('a blocked version is neither chosen nor given to those who locked it, until it is allowed again', async () => {
    for (const version of ['1.0.0', '1.1.0']) await publish('acme/risky', version)
    const workspace = world.workspace({ files: requires(`${REGISTRY}/acme/risky`) })
    expect((await workspace.run(['init'])).text).toContain('v1.1.0')
    const id = await idOf('risky', '1.1.0')
    await world.api.change(id, { blocked: true, blocked_reason: 'CVE-2026-0001' })
    workspace.clean({ keepLockFile: true })
    expectFailure(await workspace.run(['init']), 'no longer available')
    workspace.clean()
    expect((await workspace.run(['init'])).text).toContain('v1.0.0')
    await world.api.change(id, { blocked: false })
    workspace.clean()
    expect((await workspace.run(['init'])).text).toContain('v1.1.0')
  })

  // requirements.md C52, for the routes /files/{*} and /shasums/{versionId}/{filename} of the links.
  test('a link that was handed out before a block answers nothing any more', async () => {
    await publish('acme/leaky', '1.0.0')
    const [os, arch] = HERE.split('_')
    const response = await fetch(`${world.server.url}/v1/providers/acme/leaky/1.0.0/download/${os}/${arch}`)
    const document = (await response.json()) as Record<'download_url' | 'shasums_url', string>
    const links = [document.download_url, document.shasums_url].map((link) => new URL(link, world.server.url).href)
    const statuses = async () => Promise.all(links.map(async (link) => (await fetch(link)).status))
    expect(await statuses()).toEqual([200, 200])
    await world.api.change(await idOf('leaky', '1.0.0'), { blocked: true })
    expect(await statuses()).toEqual([404, 404])
    expect((await fetch(`${world.server.url}/v1/providers/acme/leaky`)).status).toBe(404)
  })
})

// protocol.md P-21 (C47, C49)
describe.skipIf(reportMissing('terraform'))('a client that asks too often', () => {
  test('is told to wait a moment, waits and installs', async () => {
    await using world = await startWorld({ config: 'rate_limit {\n  protocol_per_minute = 60\n}\n' })
    await world.api.publish({ name: 'acme/widget', version: '1.0.0' })
    const versions = `${world.server.url}/v1/providers/acme/widget/versions`
    const answers = await Promise.all(Array.from({ length: 61 }, () => fetch(versions)))
    const refused = answers.filter(({ status }) => status === 429)
    expect(refused.length).toBeGreaterThan(0)
    expect(Number(refused[0]?.headers.get('retry-after'))).toBeLessThanOrEqual(5)
    const result = await world.workspace({ files: requires(`${REGISTRY}/acme/widget`) }).run(['init'])
    expect(result.text).toContain('successfully initialized')
    const statusesOf = (prefix: string) => world.front.requests.filter(({ path }) => path.startsWith(prefix)).map(({ status }) => status)
    expect(statusesOf('/v1/')).toContain(429)
    expect(statusesOf('/files/')).toEqual([200, 200])
  })
})
