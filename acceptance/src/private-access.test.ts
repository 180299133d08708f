import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { mirrorOnly, requires } from './harness/client-files.ts'
import { HERE } from './harness/current-platform.ts'
import { expectFailure, expectSuccess } from './harness/expect-client.ts'
import { moduleForm } from './harness/module-form.ts'
import { MIRROR, REGISTRY, startWorld, UPSTREAM, type World } from './harness/registry-world.ts'
import { reportMissing } from './harness/required-binaries.ts'

const URL_OF_MIRROR = `https://${MIRROR}/v1/mirror/`
const MODULE_FILES = {
  'main.tf': 'output "name" {\n  value = "net"\n}\n',
  'modules/subnet/main.tf': 'output "name" {\n  value = "subnet"\n}\n',
}

const usesModule = (address: string) => ({
  'main.tf': [
    `module "net" {\n  source  = "${REGISTRY}/${address}"\n  version = "1.0.0"\n}\n`,
    `module "subnet" {\n  source  = "${REGISTRY}/${address}//modules/subnet"\n  version = "1.0.0"\n}\n`,
  ].join('\n'),
})

const send = (body: object): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})

/** Publishes a provider and a module in a namespace. */
async function publishIn(world: World, namespace: string): Promise<void> {
  expect(await world.api.publish({ name: `${namespace}/widget`, version: '1.0.0' })).toMatchObject({ status: 201 })
  const form = moduleForm({ address: `${namespace}/net/aws`, version: '1.0.0', files: MODULE_FILES })
  expect((await world.api.request('/api/v1/modules', { method: 'POST', body: form })).status).toBe(201)
}

interface Key {
  readonly id: string
  readonly key: string
}

async function createKey(world: World, limits: object = {}): Promise<Key> {
  const scopes = ['providers:read', 'modules:read', 'mirrors:read']
  const response = await world.api.request('/api/v1/apikeys', send({ name: 'reader', scopes, ...limits }))
  expect(response.status).toBe(201)
  return (await response.json()) as Key
}

const tokenFor = ({ key }: Key) => ({ TF_TOKEN_registry_example_com: key, TF_TOKEN_mirror_example_com: key })

// protocol.md 5.4: the archives' addresses carry their own right, and the client sends no token there.
function expectTokenOnDocumentsOnly(world: World, { key }: Key): void {
  const sent = (isArchive: boolean) =>
    new Set(
      world.front.requests
        .filter(({ path }) => !path.startsWith('/.well-known/') && /^\/(files|shasums)\//.test(path) === isArchive)
        .map(({ headers }) => headers.authorization),
    )
  expect([...sent(false)]).toEqual([`Bearer ${key}`])
  expect([...sent(true)]).toEqual([undefined])
}

describe.skipIf(reportMissing('terraform'))('a registry that is read with a token only', () => {
  let world: World
  let reader: Key
  beforeAll(async () => {
    world = await startWorld({ env: { TFR_AUTH_ANONYMOUS_READ: 'false' } })
    await publishIn(world, 'acme')
    await world.upstream.addProvider('globex/mirrored', { versions: { '1.0.0': { platforms: [HERE] } } })
    const job = await world.api.load(`provider "${UPSTREAM}/globex/mirrored" {\n  versions = ["1.0.0"]\n}\n`)
    expect(job).toMatchObject({ state: 'completed', failed: 0 })
    reader = await createKey(world)
    return world.close
  })
  beforeEach(() => {
    world.front.requests.length = 0
  })

  const withProvider = () => world.workspace({ files: requires(`${REGISTRY}/acme/widget`) })
  const withModule = () => world.workspace({ files: usesModule('acme/net/aws') })
  const viaMirror = () => world.workspace({ files: requires(`${UPSTREAM}/globex/mirrored`), cliConfig: mirrorOnly(URL_OF_MIRROR) })

  test('a provider is installed with a token, which goes with the documents and not with the archive', async () => {
    const { text } = expectSuccess(await withProvider().run(['init'], tokenFor(reader)))
    expect(text).toContain(`Installed ${REGISTRY}/acme/widget v1.0.0`)
    expectTokenOnDocumentsOnly(world, reader)
  })

  test('a module and its submodule are installed with a token, which does not go with the archive', async () => {
    const workspace = withModule()
    expectSuccess(await workspace.run(['init'], tokenFor(reader)))
    expect(workspace.read('.terraform/modules/subnet/modules/subnet/main.tf')).toContain('subnet')
    expectTokenOnDocumentsOnly(world, reader)
  })

  test('a mirrored provider is installed with a token, which does not go with the archive', async () => {
    expectSuccess(await viaMirror().run(['init'], tokenFor(reader)))
    expectTokenOnDocumentsOnly(world, reader)
  })

  test('what was installed with a token is checked against the lock file by the next one', async () => {
    const workspace = withProvider()
    expectSuccess(await workspace.run(['init'], tokenFor(reader)))
    workspace.clean({ keepLockFile: true })
    expectSuccess(await workspace.run(['init', '-lockfile=readonly'], tokenFor(reader)))
  })

  // protocol.md P-4, M-16, N-7: discovery answers everybody, what follows says that a token is missing.
  test('without a token the client says that it is refused', async () => {
    expectFailure(await withProvider().run(['init']), `host ${REGISTRY} requires authentication credentials`)
    expectFailure(await withModule().run(['init']), 'error looking up module versions: 401')
    // Of a mirror the client says so even when it had none to give.
    expectFailure(await viaMirror().run(['init']), `host ${MIRROR} rejected the given authentication credentials`)
    expect(world.front.requests.filter(({ path }) => path.startsWith('/.well-known/')).map(({ status }) => status)).toEqual([200, 200])
  })

  // protocol.md B61: the client prints the body of such an answer as it is.
  test('a look at a download without a token is answered with one line that says what to do', async () => {
    const response = await fetch(`${world.server.url}/v1/modules/acme/net/aws/1.0.0/download`)
    const text = await response.text()
    expect([response.status, response.headers.get('content-type')]).toEqual([401, expect.stringContaining('text/plain')])
    expect(text.trim().split('\n')).toEqual([expect.stringContaining('it has no credential')])
  })

  test('a token that is revoked between two runs stops the second', async () => {
    const key = await createKey(world)
    const [provider, module, mirror] = [withProvider(), withModule(), viaMirror()]
    for (const workspace of [provider, module, mirror]) expectSuccess(await workspace.run(['init'], tokenFor(key)))
    expect((await world.api.request(`/api/v1/apikeys/${key.id}`, { method: 'DELETE' })).status).toBe(204)
    // What is there already needs nobody.
    expectSuccess(await module.run(['init'], tokenFor(key)))
    for (const workspace of [provider, module, mirror]) workspace.clean()
    expectFailure(await provider.run(['init'], tokenFor(key)), `host ${REGISTRY} rejected the given authentication credentials`)
    expectFailure(await module.run(['init'], tokenFor(key)), 'error looking up module versions: 401')
    expectFailure(await mirror.run(['init'], tokenFor(key)), `host ${MIRROR} rejected the given authentication credentials`)
  })
})

describe.skipIf(reportMissing('terraform'))('a private namespace of one of several organisations', () => {
  let world: World
  let red: Key
  let blue: Key
  beforeAll(async () => {
    world = await startWorld({ env: { TFR_MULTI_TENANCY_ENABLED: 'true' } })
    for (const name of ['red', 'blue']) expect((await world.api.request('/api/v1/organizations', send({ name }))).status).toBe(201)
    for (const visibility of ['private', 'public']) {
      const namespace = { name: `red-${visibility}`, organization: 'red', visibility }
      expect((await world.api.request('/api/v1/namespaces', send(namespace))).status).toBe(201)
      await publishIn(world, namespace.name)
    }
    red = await createKey(world, { organization: 'red' })
    blue = await createKey(world, { organization: 'blue' })
    return world.close
  })

  const withProvider = (namespace: string) => world.workspace({ files: requires(`${REGISTRY}/${namespace}/widget`) })
  const withModule = (namespace: string) => world.workspace({ files: usesModule(`${namespace}/net/aws`) })
  const viaMirror = (namespace: string) =>
    world.workspace({ files: requires(`${REGISTRY}/${namespace}/widget`), cliConfig: mirrorOnly(`https://${REGISTRY}/v1/mirror/`) })

  test('a member installs from it, through registry and mirror', async () => {
    for (const workspace of [withProvider('red-private'), withModule('red-private'), viaMirror('red-private')]) {
      world.front.requests.length = 0
      expectSuccess(await workspace.run(['init'], tokenFor(red)))
      expectTokenOnDocumentsOnly(world, red)
    }
  })

  // reliability.md row 29: in the client's words nothing tells the private one from one that does not exist.
  test.each([
    ['a token of another organisation', () => tokenFor(blue)],
    ['no token', () => ({})],
  ])('with %s there is no such thing', async (_what, env) => {
    for (const make of [withProvider, withModule, viaMirror]) {
      const [hidden, missing] = [await make('red-private').run(['init'], env()), await make('nobody').run(['init'], env())]
      expect(hidden.text.replaceAll('red-private', 'nobody')).toBe(missing.text)
      expect([hidden.code, missing.code]).toEqual([1, 1])
    }
    expectFailure(await withProvider('red-private').run(['init'], env()), 'does not have a provider named')
    expectFailure(await withModule('red-private').run(['init'], env()), 'Module not found')
    expectFailure(await viaMirror('red-private').run(['init'], env()), 'was not found in any of the search locations')
  })

  test('what is public beside it is installed by everybody', async () => {
    expectSuccess(await withProvider('red-public').run(['init'], tokenFor(blue)))
    expectSuccess(await withModule('red-public').run(['init']))
  })

  test('a namespace that becomes private is closed to others from the next request on', async () => {
    expect((await world.api.request('/api/v1/namespaces', send({ name: 'red-later', organization: 'red' }))).status).toBe(201)
    await publishIn(world, 'red-later')
    const [provider, module] = [withProvider('red-later'), withModule('red-later')]
    for (const workspace of [provider, module]) expectSuccess(await workspace.run(['init'], tokenFor(blue)))
    const hide = { ...send({ visibility: 'private' }), method: 'PATCH' }
    expect((await world.api.request('/api/v1/namespaces/red-later', hide)).status).toBe(204)
    for (const workspace of [provider, module]) workspace.clean()
    expectFailure(await provider.run(['init'], tokenFor(blue)), 'does not have a provider named')
    expectFailure(await module.run(['init'], tokenFor(blue)), 'Module not found')
    expectSuccess(await provider.run(['init'], tokenFor(red)))
  })
})
