import { randomBytes } from 'node:crypto'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type FakeModules, startFakeModules } from '../../testing/fake-modules.ts'
import { type GitServer, hasGit, startGitServer, type TestFile } from '../../testing/git-server.ts'
import { listCanonical } from '../../testing/module-archive-fixture.ts'
import { type ModulesApp, modulesApp } from '../../testing/modules-on-demand.ts'

/** What repositories may hold and do; what `git` itself is held to is tested in base/git. reliability.md rows 7, 19 and 21 */
describe.skipIf(!hasGit)('modules in hostile Git repositories (when skipped: apt-get install git)', () => {
  let upstream: FakeModules
  let server: GitServer
  let names = 0

  beforeAll(async () => {
    upstream = await startFakeModules()
    server = await startGitServer()
    return async () => {
      await upstream.close()
      await server.close()
    }
  })
  afterEach(() => {
    server.intercept = undefined
    server.requests.length = 0
  })

  const openApp = (): Promise<ModulesApp> =>
    modulesApp('sqlite', upstream, {
      caFile: server.caFile,
      env: { TFR_OUTBOUND_ALLOWED_NETWORKS: '["127.0.0.1/32"]', TFR_MODULES_ARCHIVE_MAX_MB: '1' },
    })

  /** A module that is at this place. */
  function addModule(location: string): string {
    names += 1
    const name = `hostile-${names}/net/aws`
    upstream.add(name, { '1.0.0': { location } })
    return name
  }

  const download = async (location: string) => (await openApp()).download(addModule(location))

  function repositoryOf(files: Readonly<Record<string, TestFile>>): string {
    names += 1
    const repository = server.createRepository(`${names}.git`)
    repository.commit(files)
    return repository.url
  }

  async function install(files: Readonly<Record<string, TestFile>>): Promise<Record<string, string>> {
    const archive = await (await openApp()).install(addModule(`git::${repositoryOf(files)}`))
    return Object.fromEntries(listCanonical(archive).map(({ path, content }) => [path, content]))
  }

  test('attributes hide nothing and change nothing', async () => {
    const files = {
      '.gitattributes': 'hidden.tf export-ignore\nmain.tf export-subst\n*.tf text eol=crlf\n',
      'hidden.tf': '# hidden\n',
      'main.tf': '# $Format:%H$\n',
    }
    expect(await install(files)).toEqual(files)
  })

  test('submodules bring nothing, and are not asked for', async () => {
    const other = server.createRepository('submodule.git')
    const submodule = other.commit({ 'main.tf': '# other\n' })
    const files = { 'main.tf': '', '.gitmodules': `[submodule "a"]\n\tpath = a\n\turl = ${other.url}\n` }
    expect(Object.keys(await install({ ...files, a: { submodule } })).sort()).toEqual(['.gitmodules', 'main.tf'])
    expect(server.requests.filter((request) => request.includes('submodule.git'))).toEqual([])
  })

  test.each<[string, Readonly<Record<string, TestFile>>, RegExp]>([
    ['a link to a file of the machine', { 'main.tf': '', link: { link: '/etc/passwd' } }, /symbolic link/],
    ['a link that leads outside', { 'main.tf': '', 'a/link': { link: '../../secret' } }, /symbolic link/],
    ['a name for two files', { 'main.tf': '', 'a.tf': '1', 'A.tf': '2' }, /"A\.tf"|"a\.tf"/],
    ['a name that deceives', { 'main.tf': '', 'a\u202etf.exe': '' }, /control character/],
    ['no module', { 'README.md': '' }, /has no "\.tf"/],
    ['too many bytes', { 'main.tf': '', blob: randomBytes(1_200_000) }, /more than|larger than/],
  ])('a repository with %s is refused by name', async (_what, files, reason) => {
    const url = repositoryOf(files)
    const { status, text } = await download(`git::${url}`)
    expect([status, text]).toEqual([422, expect.stringMatching(reason)])
    expect(text).toContain(`"${url}"`)
  })

  test('repositories at private addresses and by other protocols are refused', async () => {
    const app = await openApp()
    const reasons: Readonly<Record<string, RegExp>> = {
      'git::https://169.254.169.254/latest.git': /not allowed/,
      'git::https://127.0.0.2/a.git': /not allowed/,
      'git::file:///etc': /path on the machine/,
      'git::ext::sh -c id': /no address/,
      'git::https://-x/a.git': /host name is unusual/,
    }
    for (const [location, reason] of Object.entries(reasons)) {
      expect(await app.download(addModule(location))).toMatchObject({ status: 422, text: expect.stringMatching(reason) })
    }
  })

  test('refs that are options or expressions are refused, and nobody asked', async () => {
    const app = await openApp()
    const url = repositoryOf({ 'main.tf': '' })
    for (const ref of ['--upload-pack=touch', '-x', 'a..b', '@{-1}', 'main:main.tf', 'HEAD~1', 'a%0ab', '*']) {
      const answer = await app.download(addModule(`git::${url}?ref=${ref}`))
      expect(answer).toMatchObject({ status: 422, text: expect.stringContaining('Git ref') })
    }
    expect(server.requests).toEqual([])
  })

  test('a ref that is not there, and a repository that is not for everybody, are named', async () => {
    const url = repositoryOf({ 'main.tf': '' })
    expect((await download(`git::${url}?ref=v9`)).text).toMatch(/"v9" in ".*there is no such branch, tag or commit/)
    expect((await download(`git::${server.url}/none.git`)).text).toContain('there is none that everybody may read')
  })

  test('a redirect to a private address is not followed', async () => {
    const location = 'https://169.254.169.254/a.git/info/refs?service=git-upload-pack'
    server.intercept = (_request, response) => {
      response.writeHead(302, { location }).end()
      return true
    }
    expect(await download(`git::${server.url}/a.git`)).toMatchObject({ status: 422, text: expect.stringContaining('not allowed') })
  })

  test('a server that fails for a while is asked again', async () => {
    const url = repositoryOf({ 'main.tf': '# there\n' })
    let failures = 0
    server.intercept = (_request, response) => {
      if (failures > 0) return false
      failures += 1
      response.writeHead(503).end()
      return true
    }
    const archive = await (await openApp()).install(addModule(`git::${url}`))
    expect(listCanonical(archive).map(({ content }) => content)).toEqual(['# there\n'])
    expect(failures).toBe(1)
  })
})
