import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { lockedHashes, requires } from './harness/client-files.ts'
import { ELSEWHERE, HERE } from './harness/current-platform.ts'
import { expectFailure, expectSuccess } from './harness/expect-client.ts'
import { healthyPackages, sha256 } from './harness/publish-form.ts'
import { REGISTRY, startWorld, UPSTREAM, type World } from './harness/registry-world.ts'
import { reportMissing } from './harness/required-binaries.ts'

const SOURCE = `${REGISTRY}/acme/widget`
const [OS = '', ARCH = ''] = HERE.split('_')

describe.skipIf(reportMissing('terraform'))('install from the registry', () => {
  let world: World
  let token: string
  beforeAll(async () => {
    world = await startWorld({ config: `providers {\n  default_hostname = "${UPSTREAM}"\n}\n` })
    token = await world.server.signIn()
    for (const version of ['1.0.0', '1.10.0', '1.9.0', '2.0.0-beta1']) {
      const packages = healthyPackages('acme/widget', version, [HERE, ...ELSEWHERE])
      await world.api.publish({ name: 'acme/widget', version, packages, sourceUrl: 'https://git.example.com/acme/widget' })
    }
    return world.close
  })

  const init = async (source: string, version?: string, env?: Record<string, string>) => {
    world.front.requests.length = 0
    return world.workspace({ files: requires(source, version) }).run(['init'], env)
  }

  // protocol.md P-1 (C01, C61, C67e)
  test('a fresh init takes the newest stable version', async () => {
    expect(expectSuccess(await init(SOURCE)).text).toContain(`Installed ${SOURCE} v1.10.0`)
    const { versions } = await json(`/v1/providers/acme/widget/versions`)
    expect(versions).toContainEqual({
      version: '1.0.0',
      protocols: ['5.0'],
      platforms: expect.arrayContaining([{ os: OS, arch: ARCH }]),
    })
  })

  // protocol.md P-6 (C01-C08)
  test('the package document is complete and the install is authenticated by its key', async () => {
    const { text } = await init(SOURCE)
    const document = await json(`/v1/providers/acme/widget/1.10.0/download/${OS}/${ARCH}`, { 'x-forwarded-host': REGISTRY })
    const [key] = (document.signing_keys as { gpg_public_keys: { key_id: string }[] }).gpg_public_keys
    expect(text).toContain(`self-signed, key ID ${key?.key_id}`)
    expect(document).toMatchObject({ os: OS, arch: ARCH, filename: `terraform-provider-widget_1.10.0_${HERE}.zip` })
    for (const name of ['download_url', 'shasums_url', 'shasums_signature_url']) {
      expect(document[name]).toMatch(new RegExp(`^https://${REGISTRY}/`))
    }
  })

  // protocol.md P-13 (C01, C06, C46), P-23 (F11, F12, F21)
  test('the token goes with every request of the API and with none of the files, and nothing is redirected', async () => {
    expectSuccess(await init(SOURCE, undefined, { TF_TOKEN_registry_example_com: token }))
    const { requests } = world.front
    const api = requests.filter(({ path }) => path.startsWith('/v1/') || path.startsWith('/.well-known/'))
    const files = requests.filter((request) => !api.includes(request))
    expect(api.map(({ headers }) => headers.authorization)).toEqual(api.map(() => `Bearer ${token}`))
    expect(files.map(({ method }) => method)).toEqual(['GET', 'GET', 'HEAD', 'GET'])
    expect(files.filter(({ headers }) => headers.authorization !== undefined)).toEqual([])
    expect(new Set(requests.map(({ status }) => status))).toEqual(new Set([200]))
  })

  // protocol.md P-15 (C84)
  test('a clean init finds the bytes that a fresh one has locked', async () => {
    const workspace = world.workspace({ files: requires(SOURCE) })
    expectSuccess(await workspace.run(['init']))
    workspace.clean({ keepLockFile: true })
    expectSuccess(await workspace.run(['init', '-lockfile=readonly']))
  })

  // protocol.md 3.9 (C01, C30.others)
  test('the lock file gets the h1 of this platform and the zh of all', async () => {
    const workspace = world.workspace({ files: requires(SOURCE, '1.0.0') })
    await workspace.run(['init'])
    const packages = healthyPackages('acme/widget', '1.0.0', [HERE, ...ELSEWHERE])
    const held = await world.api.packages({ namespace: 'acme', version: '1.0.0' })
    const lock = workspace.read('.terraform.lock.hcl')
    expect(lockedHashes(lock, 'zh')).toEqual(
      Object.values(packages)
        .map((zip) => `zh:${sha256(zip)}`)
        .sort(),
    )
    expect(lockedHashes(lock, 'h1')).toEqual(held.filter(({ os, arch }) => `${os}_${arch}` === HERE).map(({ h1 }) => h1))
  })

  // protocol.md P-19 (C68)
  test('a source in capitals finds the provider', async () => {
    expect(expectSuccess(await init(`${REGISTRY}/ACME/Widget`)).text).toContain(`Installed ${SOURCE}`)
    expect((await fetch(`${world.server.url}/v1/providers/ACME/Widget/versions`)).status).toBe(200)
  })

  // protocol.md P-22 (C65)
  test('a pre-release is taken by its exact version and by nothing else', async () => {
    expect(expectSuccess(await init(SOURCE, '2.0.0-beta1')).text).toContain('v2.0.0-beta1')
    expectFailure(await init(SOURCE, '>= 2.0.0-beta1'), 'no available releases match')
  })

  // protocol.md P-25 (C89)
  test('a plugin cache serves the second init', async () => {
    const workspace = world.workspace({ files: requires(SOURCE) })
    const env = { TF_PLUGIN_CACHE_DIR: join(workspace.path, 'cache') }
    workspace.write('cache/.keep', '')
    expectSuccess(await workspace.run(['init'], env))
    workspace.clean({ keepLockFile: true })
    const { text } = expectSuccess(await workspace.run(['init'], env))
    expect(text).toContain('from the shared cache directory')
  })

  // protocol.md P-24 (6.4)
  test('the detail documents name the source', async () => {
    const newest = await json('/v1/providers/acme/widget')
    expect(newest).toMatchObject({
      namespace: 'acme',
      name: 'widget',
      version: '1.10.0',
      source: 'https://git.example.com/acme/widget',
      versions: ['2.0.0-beta1', '1.10.0', '1.9.0', '1.0.0'],
    })
    expect(await json('/v1/providers/acme/widget/1.9.0')).toMatchObject({ version: '1.9.0', source: newest.source })
  })

  // protocol.md P-18 (C70, C71)
  test('a plugin protocol that the client does not know is explained', async () => {
    await world.upstream.addProvider('legacy/tool', {
      versions: { '1.0.0': { platforms: [HERE] }, '1.1.0': { platforms: [HERE], protocols: ['4.0'] } },
    })
    const job = await world.api.load('provider "upstream.example.com/legacy/tool" {\n  versions = [">= 1.0.0"]\n}\n')
    expect(job).toMatchObject({ state: 'completed' })
    expectFailure(await init(`${REGISTRY}/legacy/tool`), 'Incompatible provider version')
    expectSuccess(await init(`${REGISTRY}/legacy/tool`, '1.0.0'))
  })

  // requirements.md C10: what is cached from the default origin answers under the short path too.
  test('a provider from the default origin installs with the signature of its author', async () => {
    await world.upstream.addProvider('globex/cloud', { versions: { '3.1.4': { platforms: [HERE, ELSEWHERE[0]] } } })
    await world.api.load('provider "upstream.example.com/globex/cloud" {\n  versions = ["3.1.4"]\n}\n')
    const { keyId } = await world.upstream.signingKey('globex')
    const { text } = expectSuccess(await init(`${REGISTRY}/globex/cloud`))
    expect(text).toContain(`self-signed, key ID ${keyId}`)
  })

  async function json(path: string, headers: Record<string, string> = {}): Promise<Record<string, unknown>> {
    const response = await fetch(world.server.url + path, { headers: { 'x-forwarded-proto': 'https', ...headers } })
    expect(response.status).toBe(200)
    return (await response.json()) as Record<string, unknown>
  }
})
