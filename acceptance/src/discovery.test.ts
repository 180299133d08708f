import { beforeAll, describe, expect, test } from 'vitest'
import { requires } from './harness/client-files.ts'
import { expectSuccess } from './harness/expect-client.ts'
import { REGISTRY, startWorld, type World } from './harness/registry-world.ts'
import { reportMissing } from './harness/required-binaries.ts'

const DISCOVERY = '/.well-known/terraform.json'
const SOURCE = `${REGISTRY}/acme/widget`

describe.skipIf(reportMissing('terraform'))('discovery', () => {
  let world: World
  beforeAll(async () => {
    world = await startWorld()
    await world.api.publish({ name: 'acme/widget', version: '1.0.0' })
    return world.close
  })

  // protocol.md D-1 (A01), D-4 (A05), D-6 (A17, A34)
  test('one request, answered at once with JSON, is enough for an init', async () => {
    const { front, workspace } = world
    front.requests.length = 0
    expectSuccess(await workspace({ files: requires(SOURCE) }).run(['init']))
    expect(front.requests.filter(({ path }) => path === DISCOVERY)).toMatchObject([{ method: 'GET', status: 200 }])
    const response = await fetch(world.server.url + DISCOVERY)
    expect(response.headers.get('content-type')).toMatch(/^application\/json\b/)
    expect((await response.text()).startsWith('{')).toBe(true)
  })

  // protocol.md D-2 (A10.401p, C42.401)
  test('a wrong token is refused by the provider list, not by the discovery', async () => {
    const { text, code } = await world.workspace({ files: requires(SOURCE) }).run(['init'], { TF_TOKEN_registry_example_com: 'wrong' })
    expect(code).toBe(1)
    expect(text).toContain(`host ${REGISTRY} rejected the given authentication credentials`)
    expect(text).not.toContain('discovery')
  })

  // protocol.md D-2
  test('it answers the same without, with a valid and with a wrong token', async () => {
    const tokens = ['', `Bearer ${await world.server.signIn()}`, 'Bearer wrong', 'nonsense']
    const answers = await Promise.all(
      tokens.map(async (authorization) => (await fetch(world.server.url + DISCOVERY, { headers: { authorization } })).text()),
    )
    expect(new Set(answers).size).toBe(1)
  })

  // protocol.md D-3 (A02, A03)
  test('every service address ends in a slash', async () => {
    const services = (await (await fetch(world.server.url + DISCOVERY)).json()) as Record<string, unknown>
    const addresses = Object.values(services).filter((value) => typeof value === 'string')
    expect(addresses.length).toBeGreaterThan(0)
    for (const address of addresses) expect(address).toMatch(/\/$/)
  })
})

// protocol.md D-5 (A35, F25)
describe.skipIf(reportMissing('terraform'))('service addresses', () => {
  test.each([
    ['of a server that knows no name of its own', '', REGISTRY],
    ['of a server behind a proxy on another port', undefined, `${REGISTRY}:8443`],
    ['of a server with a public address', `server {\n  public_url = "https://${REGISTRY}:8443"\n}\n`, `${REGISTRY}:8443`],
  ])('%s lead to an install', async (_name, edge, host) => {
    await using world = await startWorld(edge === undefined ? {} : { edge })
    await world.api.publish({ name: 'acme/widget', version: '1.0.0' })
    const { text, code } = await world.workspace({ files: requires(`${host}/acme/widget`) }).run(['init'])
    expect(text).toContain(`Installed ${host}/acme/widget v1.0.0`)
    expect(code).toBe(0)
    expect(new Set(world.front.requests.map((request) => request.host))).toEqual(new Set([host]))
  })
})
