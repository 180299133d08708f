import { createHash } from 'node:crypto'
import { type FakeModules, startFakeModules } from '@terrace/server/testing/fake-modules.ts'
import { type GitServer, hasGit, startGitServer } from '@terrace/server/testing/git-server.ts'
import { beforeAll, describe, expect, test } from 'vitest'
import { expectFailure, expectSuccess } from './harness/expect-client.ts'
import { REGISTRY, startWorld, type World } from './harness/registry-world.ts'
import { reportMissing } from './harness/required-binaries.ts'

/** Host that the configuration names; nothing answers there. */
const PUBLIC = 'modules.example.com'
/** All that a user changes. */
const overridden = `host "${PUBLIC}" {\n  services = {\n    "modules.v1" = "https://${REGISTRY}/v1/upstream/${PUBLIC}/modules/"\n  }\n}\n`

const LOOPBACK = { TFR_OUTBOUND_ALLOWED_NETWORKS: '["127.0.0.0/8", "::1/128"]' }

const settings = (upstream: FakeModules, git: GitServer) => `
  features {
    auto_download_modules = true
  }
  mirror {
    upstreams = ["${PUBLIC}"]
  }
  upstream "${PUBLIC}" {
    url     = "${upstream.url}"
    ca_file = "${git.caFile}"
  }
`

const FILES = { 'main.tf': 'output "who" {\n  value = "root"\n}\n', 'modules/part/main.tf': 'output "who" {\n  value = "part"\n}\n' }
const calls = (source: string, rest = '') => ({ 'main.tf': `module "m" {\n  source = "${PUBLIC}/${source}"\n${rest}}\n` })

describe.skipIf(reportMissing('terraform') || !hasGit)('public modules', () => {
  let world: World
  let upstream: FakeModules
  let git: GitServer
  beforeAll(async () => {
    upstream = await startFakeModules()
    git = await startGitServer()
    world = await startWorld({ config: settings(upstream, git), env: LOOPBACK })
    const repository = git.createRepository('net')
    repository.git(['tag', 'v1.0.0', repository.commit(FILES)])
    upstream.add('acme/archived/aws', { '1.0.0': {}, '1.1.0': { files: FILES } })
    upstream.add('acme/git/aws', { '1.0.0': { location: `git::${repository.url}?ref=v1.0.0` } })
    upstream.add('acme/part/aws', { '1.0.0': { location: `git::${repository.url}//modules/part?ref=v1.0.0` } })
    const nested = {
      'main.tf': `module "inner" {\n  source  = "${PUBLIC}/acme/git/aws"\n  version = "1.0.0"\n}\nmodule "own" {\n  source = "./modules/part"\n}\n`,
    }
    upstream.add('Acme/nested/aws', { '1.0.0': { files: { ...FILES, ...nested } } })
    upstream.add('acme/secret/aws', { '1.0.0': { location: 'git::ssh://git@git.example.com/acme/secret.git' } })
    upstream.add('acme/hostile/aws', { '1.0.0': { defect: { archive: 'page' } } })
    return async () => {
      await Promise.all([world.close(), upstream.close(), git.close()])
    }
  })

  const workspaceFor = (source: string, rest?: string) => world.workspace({ files: calls(source, rest), cliConfig: overridden })
  const hostsAsked = () => [...new Set(world.front.requests.map(({ host }) => host))]

  test('an archive, a Git repository, a folder of one, and a module that calls others install through the registry alone', async () => {
    const archived = workspaceFor('acme/archived/aws')
    expectSuccess(await archived.run(['init']))
    expect(archived.read('.terraform/modules/m/main.tf')).toContain('root')
    const inGit = workspaceFor('acme/git/aws', '  version = "~> 1.0"\n')
    expectSuccess(await inGit.run(['init']))
    expect(inGit.read('.terraform/modules/m/modules/part/main.tf')).toContain('part')
    const part = workspaceFor('acme/part/aws')
    expectSuccess(await part.run(['init']))
    expect(JSON.parse(part.read('.terraform/modules/modules.json') ?? '').Modules).toContainEqual(
      expect.objectContaining({ Key: 'm', Dir: '.terraform/modules/m/modules/part' }),
    )
    const nested = workspaceFor('Acme/nested/aws')
    expectSuccess(await nested.run(['init']))
    expect(nested.read('.terraform/modules/m.inner/main.tf')).toContain('root')
    expect(hostsAsked()).toEqual([REGISTRY])
  })

  test('a folder that the user names is found as well', async () => {
    expectSuccess(await workspaceFor('acme/archived/aws//modules/part').run(['init']))
  })

  test('a source that cannot be fetched is named, with what to do', async () => {
    const { text } = await workspaceFor('acme/secret/aws').run(['init'])
    expect(text).toContain(`Cannot fetch module "${PUBLIC}/acme/secret/aws" "1.0.0" from "git::ssh://git.example.com/acme/secret.git"`)
    expect(text).toContain('it is read by SSH, which needs a key. Publish the module here')
  })

  test('what is no module is refused, and the reason is shown', async () => {
    expectFailure(await workspaceFor('acme/hostile/aws').run(['init']), 'is neither a ".tar.gz" nor a ".zip" file')
  })

  test('a module that the upstream does not have is not found', async () => {
    expectFailure(await workspaceFor('acme/nothing/aws').run(['init']), 'Module not found')
  })

  // protocol.md A04, B50: the token of the host in the address, and none for archives.
  test('where reading needs a token, the one for the host in the address is sent to the registry', async () => {
    await using closed = await startWorld({ config: settings(upstream, git), env: { ...LOOPBACK, TFR_AUTH_ANONYMOUS_READ: 'false' } })
    const workspace = closed.workspace({ files: calls('acme/archived/aws'), cliConfig: overridden })
    expectFailure(await workspace.run(['init']), '401 Cannot answer the request: it has no credential')
    closed.front.requests.length = 0
    expectSuccess(await workspace.run(['init'], { TF_TOKEN_modules_example_com: await closed.server.signIn() }))
    const sent = closed.front.requests.map(({ path, headers }) => [path.split('/')[1], headers.authorization !== undefined])
    expect(sent).toEqual([
      ['v1', true],
      ['v1', true],
      ['files', false],
      ['files', false],
    ])
  })

  // The last: nothing answers afterwards.
  test('with the upstreams cut off, everything installs again in a fresh folder, byte for byte', async () => {
    const archiveOf = async (name: string) => {
      const { headers } = await fetch(`${world.server.url}/v1/upstream/${PUBLIC}/modules/${name}/1.0.0/download`)
      const location = new URL(headers.get('x-terraform-get') ?? '', world.server.url)
      const bytes = await (await fetch(`${world.server.url}${location.pathname.replace(/\/\/.*/, '')}${location.search}`)).bytes()
      return createHash('sha256').update(bytes).digest('hex')
    }
    const names = ['acme/git/aws', 'acme/part/aws', 'Acme/nested/aws']
    for (const name of names) expectSuccess(await workspaceFor(name).run(['init']))
    const before = await Promise.all(names.map(archiveOf))
    await Promise.all([upstream.close(), git.close()])
    for (const name of names) expectSuccess(await workspaceFor(name).run(['init']))
    expect(await Promise.all(names.map(archiveOf))).toEqual(before)
  })
})
