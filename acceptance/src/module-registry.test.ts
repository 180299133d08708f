import { beforeAll, describe, expect, test } from 'vitest'
import { expectFailure, expectSuccess } from './harness/expect-client.ts'
import { type ModuleInput, moduleForm } from './harness/module-form.ts'
import { REGISTRY, startWorld, type World } from './harness/registry-world.ts'
import { reportMissing } from './harness/required-binaries.ts'

const NET = 'acme/net/aws'

const ROOT_FILES = {
  'main.tf':
    'variable "cidr" {\n  type        = string\n  description = "Range of the network"\n}\n\noutput "cidr" {\n  value = var.cidr\n}\n',
  'README.md': '# Network\n\nA network.\n',
  'modules/subnet/main.tf': 'variable "name" {\n  type    = string\n  default = "a"\n}\n',
}

const calls = (source: string, version?: string): { readonly 'main.tf': string } => ({
  'main.tf': `module "m" {\n  source  = "${source}"\n${version === undefined ? '' : `  version = "${version}"\n`}  cidr = "10.0.0.0/8"\n}\n`,
})

describe.skipIf(reportMissing('terraform'))('the module registry', () => {
  let world: World
  let token: string

  const publish = async (input: ModuleInput) => {
    const response = await world.api.request('/api/v1/modules', { method: 'POST', body: moduleForm(input) })
    return { status: response.status, body: (await response.json()) as Record<string, unknown> }
  }

  beforeAll(async () => {
    world = await startWorld()
    token = await world.server.signIn()
    for (const version of ['1.0.0', '1.1.0', '2.0.0-rc.1']) {
      const files = { ...ROOT_FILES, 'VERSION.md': version }
      expect(await publish({ address: NET, version, files, source: 'https://git.example.com/acme/net' })).toMatchObject({ status: 201 })
    }
    return world.close
  })

  const get = async (source: string, version?: string, env?: Record<string, string>) => {
    world.front.requests.length = 0
    const workspace = world.workspace({ files: calls(source, version) })
    return { workspace, result: await workspace.run(['get'], env) }
  }

  // protocol.md M-1, M-8 (B01, B74, B86)
  test('get takes the newest stable version', async () => {
    const { workspace, result } = await get(`${REGISTRY}/${NET}`)
    expectSuccess(result)
    expect(workspace.read('.terraform/modules/m/VERSION.md')).toBe('1.1.0')
  })

  // protocol.md M-3 (B75-B78)
  test('a pre-release is taken only by its exact version', async () => {
    const { workspace, result } = await get(`${REGISTRY}/${NET}`, '2.0.0-rc.1')
    expectSuccess(result)
    expect(workspace.read('.terraform/modules/m/VERSION.md')).toBe('2.0.0-rc.1')
    expectFailure((await get(`${REGISTRY}/${NET}`, '>= 2.0.0-rc.1')).result, 'Unresolvable module version constraint')
  })

  // protocol.md M-5 (B60.404)
  test('an unknown module is not found', async () => {
    expectFailure((await get(`${REGISTRY}/acme/nothing/aws`)).result, 'Module not found')
  })

  // protocol.md M-7 (B85)
  test('the address is found in any case', async () => {
    expectSuccess((await get(`${REGISTRY}/Acme/NET/aws`)).result)
    expect(world.front.requests.map(({ status }) => status)).not.toContain(301)
  })

  // protocol.md M-9, M-10 (B20-B24, B50, B53, B54)
  test('the archive comes by HEAD and GET without a token and without a second look-up', async () => {
    expectSuccess((await get(`${REGISTRY}/${NET}`, undefined, { TF_TOKEN_registry_example_com: token })).result)
    const files = world.front.requests.filter(({ path }) => path.startsWith('/files/'))
    expect(files.map(({ method }) => method)).toEqual(['HEAD', 'GET'])
    expect(files.map(({ headers }) => headers.authorization)).toEqual([undefined, undefined])
    expect(world.front.requests.filter(({ path }) => path.includes('terraform-get'))).toEqual([])
  })

  // protocol.md M-12 (B30-B33)
  test('a submodule of the package is found', async () => {
    const workspace = world.workspace({ files: { 'main.tf': `module "m" {\n  source = "${REGISTRY}/${NET}//modules/subnet"\n}\n` } })
    expectSuccess(await workspace.run(['get']))
  })

  // protocol.md M-15 (B91)
  test('a module that calls another one of the same registry brings both', async () => {
    const files = { 'main.tf': `module "net" {\n  source  = "${REGISTRY}/${NET}"\n  version = "1.0.0"\n  cidr    = "10.0.0.0/8"\n}\n` }
    expect(await publish({ address: 'acme/stack/aws', version: '0.1.0', files })).toMatchObject({ status: 201 })
    const workspace = world.workspace({ files: { 'main.tf': `module "m" {\n  source = "${REGISTRY}/acme/stack/aws"\n}\n` } })
    expectSuccess(await workspace.run(['get']))
    expect(workspace.read('.terraform/modules/m.net/VERSION.md')).toBe('1.0.0')
  })

  // protocol.md M-16 (C42), L-8
  test('a wrong token is refused', async () => {
    const { result } = await get(`${REGISTRY}/${NET}`, undefined, { TF_TOKEN_registry_example_com: 'wrong' })
    expectFailure(result, 'error looking up module versions: 401')
  })

  // protocol.md M-19 (B80), 8.6
  test('a withdrawn version is no longer listed, and its download tells why', async () => {
    const address = 'acme/gone/aws'
    for (const version of ['1.0.0', '1.0.1']) await publish({ address, version, files: { 'main.tf': `# ${version}\n` } })
    const response = await world.api.request(`/api/v1/modules/${address}/1.0.1`, {
      method: 'DELETE',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ reason: 'leaks a password' }),
    })
    expect(response.status).toBe(204)
    const workspace = world.workspace({
      files: { 'main.tf': `module "m" {\n  source  = "${REGISTRY}/${address}"\n  version = "1.0.1"\n}\n` },
    })
    expectFailure(await workspace.run(['get']), 'Unresolvable module version constraint')
    const download = await fetch(`${world.server.url}/v1/modules/${address}/1.0.1/download`)
    expect([download.status, await download.text()]).toEqual([410, expect.stringContaining('leaks a password')])
  })

  // protocol.md M-20 (F29, B87)
  test('init -upgrade, -from-module and a second init work, and the second asks nothing', async () => {
    const workspace = world.workspace({ files: calls(`${REGISTRY}/${NET}`) })
    expectSuccess(await workspace.run(['init']))
    world.front.requests.length = 0
    expectSuccess(await workspace.run(['init']))
    expect(world.front.requests).toEqual([])
    expectSuccess(await workspace.run(['init', '-upgrade']))
    expect(world.front.requests.length).toBeGreaterThan(0)
    const empty = world.workspace({})
    expectSuccess(await empty.run(['init', `-from-module=${REGISTRY}/${NET}`]))
    expect(empty.read('README.md')).toContain('# Network')
  })

  // protocol.md M-11 (B52.403)
  test('an expired link is refused by the client with the status', async () => {
    const response = await fetch(`${world.server.url}/v1/modules/${NET}/1.0.0/download`)
    const link = new URL(response.headers.get('x-terraform-get') ?? '', world.server.url)
    link.searchParams.set('expires', '1')
    expect((await fetch(link)).status).toBe(403)
  })

  // protocol.md M-21 (F06), 6.1
  test('OpenTofu 1.12 is told the location in a body', async () => {
    const response = await fetch(`${world.server.url}/v1/modules/${NET}/1.0.0/download`, { headers: { 'user-agent': 'OpenTofu/1.12.0' } })
    expect(await response.json()).toMatchObject({ location: response.headers.get('x-terraform-get'), use_registry_credentials: false })
  })

  // protocol.md M-2, M-22 (6.4)
  test('the extended documents have the public shapes', async () => {
    const read = async (path: string) => (await fetch(world.server.url + path)).json() as Promise<Record<string, unknown>>
    expect(await read(`/v1/modules/${NET}/versions`)).toMatchObject({ modules: [{ source: 'https://git.example.com/acme/net' }] })
    expect(await read(`/v1/modules/${NET}`)).toMatchObject({
      id: `${NET}/1.1.0`,
      provider: 'aws',
      versions: ['2.0.0-rc.1', '1.1.0', '1.0.0'],
      root: { inputs: [{ name: 'cidr', type: 'string', required: true }], outputs: [{ name: 'cidr' }] },
      submodules: [{ path: 'modules/subnet' }],
    })
    expect(await read('/v1/modules/search?q=net')).toMatchObject({
      modules: expect.arrayContaining([expect.objectContaining({ name: 'net' })]),
    })
    expect(await read('/v1/modules/acme?limit=1')).toMatchObject({ meta: { limit: 1, current_offset: 0, next_offset: 1 } })
  })

  // reliability.md P3
  test('the same content again is fine, other content is refused with both digests', async () => {
    const files = { ...ROOT_FILES, 'VERSION.md': '1.0.0' }
    expect(await publish({ address: NET, version: 'v1.0.0', files })).toMatchObject({ status: 200 })
    const other = await publish({ address: NET, version: '1.0.0', files: { ...files, 'extra.tf': '' } })
    expect(other).toMatchObject({
      status: 409,
      body: { code: 'MODULE_VERSION_EXISTS', context: { published: expect.any(String), offered: expect.any(String) } },
    })
  })
})
