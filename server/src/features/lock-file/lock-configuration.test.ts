import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DIALECTS } from '../../testing/dialects.ts'
import { packagesOf, publishNew } from '../../testing/publish-requests.ts'
import { type OpenTestApp, openTestApp } from '../../testing/test-app.ts'
import type { ConfigurationLockView } from './lock-views.ts'

const OWN = 'terrace.example.net'
const ADDRESS = `${OWN}/globex/own`

interface Body {
  readonly files?: readonly { readonly path: string; readonly text: string }[]
  readonly lock_file?: string
  readonly platforms?: readonly string[]
  readonly program?: string
  readonly upgrade?: boolean
}

const file = (path: string, text: string) => ({ path, text })
const needs = (source: string, version = '', path = 'main.tf') =>
  file(
    path,
    `terraform {\n  required_providers {\n    own = {\n      source = "${source}"\n      version = "${version || '>= 0'}"\n    }\n  }\n}\n`,
  )

describe.each(DIALECTS)('lock files for configurations on %s', (dialect) => {
  let app: OpenTestApp
  beforeAll(async () => {
    app = await openTestApp(dialect, { TFR_SERVER_PUBLIC_URL: `https://${OWN}` })
    for (const version of ['1.0.0', '1.1.0', '2.0.0']) {
      await publishNew(app, {
        name: 'globex/own',
        version,
        packages: packagesOf({ type: 'own', version }, ['linux_amd64', 'darwin_arm64']),
      })
    }
    await publishNew(app, { name: 'globex/other' })
  })
  afterAll(() => app.close())

  const post = (payload: Body) => app.asAdmin({ method: 'POST', url: '/api/v1/lock', payload })
  const lock = async (payload: Body) => {
    const response = await post(payload)
    if (response.statusCode !== 200) throw new Error(response.body)
    return response.json<ConfigurationLockView>()
  }
  const lockedTo = async (version: string) => (await lock({ files: [needs(ADDRESS, version)] })).lock_file

  test('constraints of all folders count together, those of an override file instead of the others', async () => {
    const { providers } = await lock({
      files: [
        needs(ADDRESS, '>= 1.0'),
        needs(ADDRESS, '< 1.1', 'modules/a/main.tf'),
        needs(ADDRESS, '>= 5', 'modules/b/main.tf'),
        needs(ADDRESS, '>= 0.5', 'modules/b/main_override.tf'),
      ],
    })
    expect(providers).toMatchObject([{ address: ADDRESS, version: '1.0.0', constraints: '>= 0.5.0, >= 1.0.0, < 1.1.0' }])
  })

  test('files in JSON syntax count, and expressions are left alone', async () => {
    const json = JSON.stringify({ terraform: { required_providers: { own: { source: ADDRESS, version: '~> 1.0.0' } } } })
    const text = `locals { a = upper(var.x) }\nresource "own_thing" "a" {\n  name = "\${local.a}-x"\n  for_each = toset([for v in var.y : v])\n}\n`
    const { providers } = await lock({ files: [file('versions.tf.json', json), file('main.tf', text)] })
    expect(providers).toMatchObject([{ address: ADDRESS, version: '1.0.0' }])
  })

  // As Terraform does: a resource alone requires hashicorp/PREFIX; what is built in is never locked.
  test('a provider that is only used is required, the built-in one is not', async () => {
    const used = await post({ files: [file('main.tf', 'resource "null_resource" "a" {}\nresource "terraform_data" "b" {}\n')] })
    expect(used.json()).toMatchObject({
      code: 'PROVIDER_NOT_FOUND',
      detail: expect.stringContaining('"registry.terraform.io/hashicorp/null"'),
    })
    const builtIn = await lock({ files: [needs('terraform.io/builtin/terraform')] })
    expect(builtIn.providers).toEqual([])
  })

  test('the modules that are called are named, because their providers may be missing', async () => {
    const text = 'module "a" {\n  source = "./a"\n}\nmodule "b" {\n  source = "acme/b/aws"\n}\n'
    expect((await lock({ files: [file('main.tf', text), file('deep/x.tf', text)] })).module_calls).toEqual([
      { folder: '.', name: 'a', source: './a' },
      { folder: '.', name: 'b', source: 'acme/b/aws' },
      { folder: 'deep', name: 'a', source: './a' },
      { folder: 'deep', name: 'b', source: 'acme/b/aws' },
    ])
  })

  test('a locked version stays until an upgrade is asked for', async () => {
    const request = { files: [needs(ADDRESS, '>= 1.0')], lock_file: await lockedTo('1.0.0') }
    expect((await lock(request)).providers).toMatchObject([{ version: '1.0.0', previous_version: '1.0.0', added_hashes: 0 }])
    const upgraded = await lock({ ...request, upgrade: true })
    expect(upgraded.providers).toMatchObject([{ version: '2.0.0', previous_version: '1.0.0', added_hashes: 4 }])
    expect(upgraded.lock_file).toBe(await lockedTo('>= 1.0'))
  })

  test('hashes of a locked version stay beside ours, also of schemes that we do not know', async () => {
    const theirs = ['h1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=', 'h9:whatever']
    const text = (await lockedTo('1.0.0')).replace('hashes = [', `hashes = [\n    "${theirs.join('",\n    "')}",`)
    const { providers, lock_file } = await lock({ files: [needs(ADDRESS, '1.0.0')], lock_file: text })
    expect(providers[0]?.hashes).toHaveLength(6)
    for (const hash of theirs) expect(lock_file).toContain(`    "${hash}",\n`)
  })

  // protocol.md C84: the client would refuse the package.
  test('a lock that knows none of our hashes is a conflict', async () => {
    const foreign = (await lockedTo('1.0.0')).replaceAll(/"(?:h1|zh):[^"]+"/g, `"zh:${'0'.repeat(64)}"`)
    const response = await post({ files: [needs(ADDRESS, '1.0.0')], lock_file: foreign })
    expect([response.statusCode, response.json().code]).toEqual([409, 'LOCK_CONFLICT'])
    expect(response.json().detail).toBe(`Cannot lock "${ADDRESS}": none of the hashes locked for 1.0.0 is one of what is held`)
  })

  test('a locked version that the configuration no longer allows is a conflict', async () => {
    const response = await post({ files: [needs(ADDRESS, '>= 2.0')], lock_file: await lockedTo('1.0.0') })
    expect(response.json()).toMatchObject({
      status: 409,
      code: 'LOCK_CONFLICT',
      detail: `Cannot lock "${ADDRESS}": it is locked to 1.0.0, which does not match ">= 2.0.0"`,
    })
  })

  test('what nothing requires, and what is not held, stays as it was', async () => {
    const unheld = `\nprovider "other.example.com:9443/a/b" {\n  version     = "3.0.0"\n  constraints = "~> 3.0"\n}\n`
    const known = `\nprovider "registry.terraform.io/hashicorp/null" {\n  version = "3.2.4"\n  hashes = [\n    "zh:${'1'.repeat(64)}",\n  ]\n}\n`
    const before = (await lockedTo('1.0.0')) + unheld + known
    const files = [needs(ADDRESS, '1.0.0'), file('null.tf', 'resource "null_resource" "a" {}\n')]
    const { kept, lock_file } = await lock({ files, lock_file: before })
    expect(kept).toEqual([
      { address: 'other.example.com:9443/a/b', version: '3.0.0', why: 'not_required' },
      { address: 'registry.terraform.io/hashicorp/null', version: '3.2.4', why: 'not_held' },
    ])
    expect(lock_file).toContain(unheld)
    expect(lock_file).toContain(known)
  })

  test('a locked version that is blocked here is refused', async () => {
    await publishNew(app, { name: 'globex/stopped' })
    const request = { files: [needs(`${OWN}/globex/stopped`)] }
    const { lock_file } = await lock(request)
    const found = await app.deps.database.db.selectFrom('providers').select('id').where('type', '=', 'stopped').executeTakeFirstOrThrow()
    const { db } = app.deps.database
    await db.updateTable('providerVersions').set({ blockedAt: 1 }).where('providerId', '=', found.id).execute()
    await publishNew(app, { name: 'globex/wakes-the-catalog' })
    const response = await post({ ...request, lock_file })
    expect(response.json()).toMatchObject({ code: 'PROVIDER_VERSION_NOT_FOUND', detail: expect.stringContaining('1.0.0 is blocked here') })
  })

  test('a lock file of OpenTofu keeps its header', async () => {
    const text = (await lockedTo('1.0.0')).replace('terraform init', 'tofu init')
    expect((await lock({ files: [needs(ADDRESS, '1.0.0')], lock_file: text })).lock_file).toBe(text)
  })

  // protocol.md 6.1
  test('a source without a host means the registry of the program whose lock file it is', async () => {
    const files = [file('main.tf', 'resource "null_resource" "a" {}\n'), needs('acme/widget', '', 'b.tf')]
    const asked = async (body: Body) => (await post({ files, ...body })).json<{ detail: string }>().detail
    for (const body of [{ program: 'tofu' }, { lock_file: '# This file is maintained automatically by "tofu init".\n' }]) {
      expect(await asked(body)).toContain('"registry.opentofu.org/hashicorp/null"')
      expect(await asked(body)).toContain('"registry.opentofu.org/acme/widget"')
    }
    expect(await asked({})).toContain('"registry.terraform.io/hashicorp/null"')
  })

  test('more providers than anybody needs are refused', async () => {
    const text = Array.from({ length: 101 }, (_, index) => `resource "p${index}_x" "a" {}\n`).join('')
    const response = await post({ files: [file('main.tf', text)] })
    expect([response.statusCode, response.json().detail]).toEqual([400, 'Cannot lock 101 providers: the limit is 100'])
  })

  test.each([
    ['a syntax error', { files: [file('a/main.tf', 'terraform {\n  x = [1 2]\n}\n')] }, 'Cannot read "a/main.tf" at line 2, column'],
    ['broken JSON', { files: [file('main.tf.json', '{')] }, 'Cannot read "main.tf.json"'],
    ['deep JSON', { files: [file('main.tf.json', `{"a":${'['.repeat(9000)}${']'.repeat(9000)}}`)] }, 'nested too deeply'],
    ['a broken lock file', { files: [needs(ADDRESS)], lock_file: 'provider {' }, 'Cannot read ".terraform.lock.hcl" at line 1'],
    [
      'a lock with an expression',
      { files: [needs(ADDRESS)], lock_file: 'provider "a/b/c" {\n  version = var.x\n}\n' },
      'Expression not allowed',
    ],
    ['a lock without a version', { files: [needs(ADDRESS)], lock_file: 'provider "a/b/c" {\n}\n' }, 'provider "a/b/c" has no version'],
    ['a lock that is twice', { files: [needs(ADDRESS)], lock_file: 'provider "a/b/c" {\n}\nprovider "a/b/c" {\n}\n' }, 'must be one block'],
    [
      'a hash that would break out',
      { files: [needs(ADDRESS)], lock_file: `provider "a/b/c" {\n  version = "1.0.0"\n  hashes = ["zh:\\"]\\n}"]\n}\n` },
      'has hashes that cannot be read',
    ],
  ])('%s is refused with its place', async (_what, payload, text) => {
    const response = await post(payload)
    expect([response.statusCode, response.json().code]).toEqual([400, 'INVALID_CONFIGURATION'])
    expect(response.json().detail).toContain(text)
  })

  test.each([
    ['no file', { files: [] }, 400],
    ['too much text', { files: [file('main.tf', `# ${'x'.repeat(4 * 1024 * 1024)}`)] }, 413],
  ])('%s is refused', async (_what, payload, status) => {
    expect((await post(payload)).statusCode).toBe(status)
  })

  test('nobody has a configuration read without a credential', async () => {
    const response = await app.request({ method: 'POST', url: '/api/v1/lock', payload: { files: [needs(ADDRESS)] } })
    expect(response.statusCode).toBe(401)
  })
})
