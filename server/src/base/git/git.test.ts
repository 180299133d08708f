import { execFileSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openTestGit } from '../../testing/git-client.ts'
import { type GitServer, hasGit, startGitServer, type TestFile, type TestRepository } from '../../testing/git-server.ts'
import type { SpooledFile } from '../spool.ts'

const ABSENT = 'a'.repeat(40)
const AS_TESTER = ['-c', 'user.name=Tester', '-c', 'user.email=tester@example.com']

describe.skipIf(!hasGit)('git (when skipped: apt-get install git)', () => {
  let server: GitServer
  let repositories = 0

  beforeAll(async () => {
    server = await startGitServer()
  })
  afterAll(() => server.close())

  const createRepository = (format?: 'sha1' | 'sha256') => server.createRepository(`${++repositories}.git`, format)
  const sourceOf = ({ url }: Pick<TestRepository, 'url'>) => ({ url, caFile: server.caFile })
  const tag = (repository: TestRepository, args: readonly string[]) => repository.git([...AS_TESTER, 'tag', ...args])

  async function filesOf(archive: SpooledFile): Promise<Record<string, string>> {
    const tar = (args: readonly string[]) => execFileSync('tar', [...args], { encoding: 'latin1', env: { ...process.env, LC_ALL: 'C' } })
    const names = tar(['-tzf', archive.path]).split('\n').filter(Boolean)
    const files = names.map((name) => [name, name.endsWith('/') ? '' : tar(['-xzOf', archive.path, '--', name])])
    await archive.discard()
    return Object.fromEntries(files)
  }

  describe('a ref', () => {
    let repository: TestRepository
    let first: string
    let second: string
    beforeAll(() => {
      repository = createRepository()
      first = repository.commit({ 'main.tf': '# 1' })
      tag(repository, ['v1.0.0', 'main'])
      tag(repository, ['-a', '-m', 'annotated', 'v1.0.1', 'main'])
      tag(repository, ['-a', '-m', 'of a tag', 'v1.0.2', 'v1.0.1'])
      tag(repository, ['both', 'main'])
      second = repository.commit({ 'main.tf': '# 2' })
      repository.git(['branch', 'both', 'main'])
      repository.git(['branch', 'feature/x', 'main'])
      repository.git(['branch', 'other/v1.0.0', 'main'])
      repository.git(['update-ref', 'refs/pull/1/head', first])
    })

    test.each([
      ['the default branch', undefined, () => second],
      ['HEAD', 'HEAD', () => second],
      ['a branch', 'main', () => second],
      ['a branch with a slash', 'feature/x', () => second],
      ['a tag', 'v1.0.0', () => first],
      ['the commit of an annotated tag', 'v1.0.1', () => first],
      ['the commit of a tag of a tag', 'v1.0.2', () => first],
      ['the tag when a branch has the same name', 'both', () => first],
      ['the branch when it is named in full', 'refs/heads/both', () => second],
      ['a tag in full', 'refs/tags/v1.0.1', () => first],
      ['a pull request', 'refs/pull/1/head', () => first],
    ])('means %s: %s', async (_name, ref, expected) => {
      const { git, leftovers } = openTestGit()
      expect(await git.resolveRef(sourceOf(repository), ref)).toBe(expected())
      expect(leftovers()).toEqual({ files: [], processes: [] })
    })

    test('that is the beginning of a commit id is looked up in the history', async () => {
      const { git, leftovers } = openTestGit()
      expect(await git.resolveRef(sourceOf(repository), first.slice(0, 8))).toBe(first)
      expect(await git.resolveRef(sourceOf(repository), second.slice(0, 12).toUpperCase())).toBe(second)
      expect(leftovers()).toEqual({ files: [], processes: [] })
    })

    test('that is a complete commit id is answered without asking', async () => {
      const before = server.connectionCount()
      expect(await openTestGit().git.resolveRef(sourceOf(repository), first.toUpperCase())).toBe(first)
      expect(server.connectionCount()).toBe(before)
    })

    test.each(['v9', '0.0', 'refs/heads/v1.0.0', 'fffffff', 'heads'])('%s that nothing has is refused by name', async (ref) => {
      await expect(openTestGit().git.resolveRef(sourceOf(repository), ref)).rejects.toMatchObject({
        code: 'UPSTREAM_REFUSED',
        message: `Cannot find "${ref}" in "${repository.url}": there is no such branch, tag or commit`,
        detail: { reason: 'git_ref_missing' },
      })
    })

    test('that could be an option reaches no server', async () => {
      const before = server.connectionCount()
      await expect(openTestGit().git.resolveRef(sourceOf(repository), '--upload-pack=touch')).rejects.toMatchObject({
        detail: { reason: 'git_ref' },
      })
      expect(server.connectionCount()).toBe(before)
    })

    test('of an empty repository is missing', async () => {
      await expect(openTestGit().git.resolveRef(sourceOf(createRepository()), undefined)).rejects.toMatchObject({
        detail: { reason: 'git_ref_missing' },
      })
    })
  })

  describe('an archive', () => {
    test('has the files of its commit, with what may be run, and names the commit', async () => {
      const { git, leftovers } = openTestGit()
      const repository = createRepository()
      const commit = repository.commit({ 'main.tf': '# one', 'modules/a/run.sh': { executable: '#!/bin/sh' }, '\u00fc.tf': '' })
      repository.commit({ 'main.tf': '# two' })
      const archive = await git.archiveCommit(sourceOf(repository), commit)
      expect(execFileSync('tar', ['-tvzf', archive.path]).toString()).toMatch(/-rwxr.xr.x .* modules\/a\/run\.sh/)
      expect(
        execFileSync('git', ['get-tar-commit-id'], { input: execFileSync('gzip', ['-dc', archive.path]) })
          .toString()
          .trim(),
      ).toBe(commit)
      expect(await filesOf(archive)).toEqual({
        'main.tf': '# one',
        'modules/': '',
        'modules/a/': '',
        'modules/a/run.sh': '#!/bin/sh',
        [Buffer.from('\u00fc.tf')
          .toString('latin1')
          .replace(/[\x80-\xff]/g, (one) => `\\${one.charCodeAt(0).toString(8)}`)]: '',
      })
      expect(leftovers()).toEqual({ files: [], processes: [] })
    })

    // gitattributes(5); what a module holds would otherwise depend on who looks at it.
    test('is what was committed, whatever attributes say', async () => {
      const files: Record<string, TestFile> = {
        '.gitattributes': [
          '[attr]hidden export-ignore',
          'main.tf export-ignore',
          'docs/ hidden',
          'subst.tf export-subst',
          'id.tf ident',
          'eol.tf text eol=crlf',
          'wide.tf working-tree-encoding=UTF-16',
          'lfs.bin filter=lfs diff=lfs merge=lfs -text',
          '* filter=evil',
        ].join('\n'),
        'main.tf': '# main\n',
        'docs/a.md': 'a\n',
        'deep/.gitattributes': '* export-ignore export-subst\n',
        'deep/b.tf': '$Format:%H$\n',
        'subst.tf': '$Format:%H %an$\n',
        'id.tf': '$Id$\n',
        'eol.tf': 'a\nb\n',
        'wide.tf': 'wide\n',
        'lfs.bin': 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n',
        '.lfsconfig': '[lfs]\nurl = https://127.0.0.1:1/\n',
        '.gitconfig': '[filter "evil"]\nsmudge = touch pwned\n',
      }
      const repository = createRepository()
      const commit = repository.commit(files)
      const archive = await openTestGit().git.archiveCommit(sourceOf(repository), commit)
      expect(await filesOf(archive)).toEqual({ ...files, 'docs/': '', 'deep/': '' })
    })

    // reliability.md row 19: hooks, submodules; CVE-2022-24765 and the like: a bare repository inside a repository
    test('runs nothing that is in the commit, and follows no submodule and no link', async () => {
      const marker = `${server.caFile}.pwned`
      const run = `#!/bin/sh\ntouch '${marker}'\n`
      const names = ['post-checkout', 'reference-transaction', 'post-merge', 'fsmonitor-watchman', 'pre-auto-gc']
      const repository = createRepository()
      const other = createRepository()
      const commit = repository.commit({
        ...Object.fromEntries(names.flatMap((name) => [`hooks/${name}`, `.githooks/${name}`].map((path) => [path, { executable: run }]))),
        config: `[core]\n\tbare = true\n\tfsmonitor = "touch '${marker}'"\n\thooksPath = .githooks\n`,
        HEAD: 'ref: refs/heads/main\n',
        'objects/x': '',
        'refs/x': '',
        '.gitmodules': `[submodule "a"]\n\tpath = a\n\turl = ${other.url}\n[submodule "b"]\n\tpath = b\n\turl = ext::touch ${marker}\n`,
        a: { submodule: other.commit({ 'main.tf': '' }) },
        link: { link: '/etc/passwd' },
      })
      server.requests.length = 0
      const archive = await openTestGit().git.archiveCommit(sourceOf(repository), commit)
      const listing = execFileSync('tar', ['-tvzf', archive.path]).toString()
      expect(listing).toMatch(/^d.* a\/$/m)
      expect(listing).toMatch(/^l.* link -> \/etc\/passwd$/m)
      await archive.discard()
      expect(() => execFileSync('ls', [marker], { stdio: 'ignore' })).toThrow()
      expect(server.requests.filter((request) => !request.includes(new URL(repository.url).pathname))).toEqual([])
    })

    test('of a commit that only old history has is found', async () => {
      const repository = createRepository()
      const first = repository.commit({ 'main.tf': '# 1' })
      for (let count = 2; count < 6; count++) repository.commit({ 'main.tf': `# ${count}` })
      expect(await filesOf(await openTestGit().git.archiveCommit(sourceOf(repository), first))).toEqual({ 'main.tf': '# 1' })
    })

    test('of a server that hands out the tips of refs only comes with the history', async () => {
      const repository = createRepository()
      const first = repository.commit({ 'main.tf': '# 1' })
      repository.commit({ 'main.tf': '# 2' })
      // Version 0 of the protocol: nothing is asked for that is not listed.
      server.variables.GIT_PROTOCOL = ''
      try {
        const { git, leftovers } = openTestGit()
        expect(await git.resolveRef(sourceOf(repository), first.slice(0, 7))).toBe(first)
        expect(await filesOf(await git.archiveCommit(sourceOf(repository), first))).toEqual({ 'main.tf': '# 1' })
        await expect(git.archiveCommit(sourceOf(repository), ABSENT)).rejects.toMatchObject({ detail: { reason: 'git_ref_missing' } })
        expect(leftovers()).toEqual({ files: [], processes: [] })
      } finally {
        delete server.variables.GIT_PROTOCOL
      }
    })

    test('of a repository with SHA-256 is made alike', async () => {
      const repository = createRepository('sha256')
      const commit = repository.commit({ 'main.tf': '# 256' })
      const { git } = openTestGit()
      expect(await git.resolveRef(sourceOf(repository), 'main')).toBe(commit)
      expect(await filesOf(await git.archiveCommit(sourceOf(repository), commit))).toEqual({ 'main.tf': '# 256' })
    })

    test.each([
      ['a commit that is not there', () => ABSENT],
      ['a tag', (repository: TestRepository) => repository.git(['rev-parse', 'refs/tags/v1'])],
      ['a tree', (repository: TestRepository) => repository.git(['rev-parse', 'main^{tree}'])],
      ['a file', (repository: TestRepository) => repository.git(['rev-parse', 'main:main.tf'])],
    ])('of %s is refused', async (_name, idOf) => {
      const repository = createRepository()
      repository.commit({ 'main.tf': '' })
      tag(repository, ['-a', '-m', 'annotated', 'v1', 'main'])
      const { git, leftovers } = openTestGit()
      await expect(git.archiveCommit(sourceOf(repository), idOf(repository))).rejects.toMatchObject({
        code: 'UPSTREAM_REFUSED',
        detail: { reason: 'git_ref_missing' },
      })
      expect(leftovers()).toEqual({ files: [], processes: [] })
    })

    test.each(['main', 'abcdef0', '', '-', ABSENT.toUpperCase(), `${ABSENT} `])('%j is no complete commit id', async (commit) => {
      await expect(openTestGit().git.archiveCommit({ url: 'https://example.com/a' }, commit)).rejects.toMatchObject({
        detail: { reason: 'git_ref' },
      })
    })
  })

  test('a repository that is not there, or not for everybody, is refused', async () => {
    await expect(openTestGit().git.resolveRef(sourceOf({ url: `${server.url}/none.git` }), 'main')).rejects.toMatchObject({
      code: 'UPSTREAM_REFUSED',
      message: `Cannot read the Git repository "${server.url}/none.git": there is none that everybody may read`,
      detail: { status: 404 },
    })
  })

  test('a sealed server asks nobody', async () => {
    const before = server.connectionCount()
    const repository = createRepository()
    const { git } = openTestGit({ sealed: true })
    await expect(git.resolveRef(sourceOf(repository), 'main')).rejects.toMatchObject({ code: 'UPSTREAMS_SEALED' })
    await expect(git.archiveCommit(sourceOf(repository), ABSENT)).rejects.toMatchObject({ code: 'UPSTREAMS_SEALED' })
    expect(server.connectionCount()).toBe(before)
  })
})
