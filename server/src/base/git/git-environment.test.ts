import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { openTestGit } from '../../testing/git-client.ts'
import { type GitServer, hasGit, startGitServer, type TestRepository } from '../../testing/git-server.ts'

const SYSTEM = '/usr/local/bin:/usr/bin:/bin'

/** Variables that change what git does, or that nobody else may know. */
const CANARIES: Readonly<Record<string, string>> = {
  TFR_DATABASE_URL: 'postgres://canary',
  ENCRYPTION_KEY: 'canary-key',
  AWS_SECRET_ACCESS_KEY: 'canary-secret',
  GIT_SSH_COMMAND: 'touch canary',
  GIT_ASKPASS: '/bin/canary',
  SSH_ASKPASS: '/bin/canary',
  GIT_SSL_NO_VERIFY: 'canary',
  GIT_PROXY_COMMAND: 'canary',
  GIT_EXEC_PATH: '/canary',
  GIT_TEMPLATE_DIR: '/canary',
  GIT_CONFIG_PARAMETERS: "'canary.canary=canary'",
  GIT_TRACE: '/tmp/canary',
  HTTPS_PROXY: 'http://canary.example:1',
  ALL_PROXY: 'http://canary.example:1',
  LD_LIBRARY_PATH: '/canary',
}

describe('the git that is started', () => {
  /** A folder with a program `git` of this text; it goes with the test. */
  function folderWith(script: string): string {
    const folder = mkdtempSync(join(tmpdir(), 'terrace-fake-git-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    writeFileSync(join(folder, 'git'), `#!/bin/sh\n${script}\n`)
    chmodSync(join(folder, 'git'), 0o755)
    return folder
  }

  test('that is not installed is named, with how to get it', async () => {
    const empty = mkdtempSync(join(tmpdir(), 'terrace-no-git-'))
    onTestFinished(() => rmSync(empty, { recursive: true }))
    const { git, leftovers } = openTestGit({ searchPath: empty })
    const missing = {
      code: 'GIT_MISSING',
      message: `Cannot run "git": it is not installed in ${empty}`,
      hint: expect.stringContaining('apt-get install git'),
    }
    await expect(git.findVersion()).rejects.toMatchObject(missing)
    await expect(git.resolveRef({ url: 'https://127.0.0.1/a' }, 'main')).rejects.toMatchObject(missing)
    expect(leftovers()).toEqual({ files: [], processes: [] })
  })

  test.each([
    ['2.25.1', false],
    ['2.36.6', false],
    ['2.37.0', true],
    ['2.100.0', true],
    ['3.0.0.windows.1', true],
  ])('of version %s is new enough: %s', async (version, isEnough) => {
    const { git } = openTestGit({ searchPath: folderWith(`echo git version ${version}`) })
    if (isEnough) expect(await git.findVersion()).toBe(/^[\d.]+\d/.exec(version)?.[0])
    else await expect(git.findVersion()).rejects.toMatchObject({ code: 'GIT_MISSING', message: expect.stringContaining(version) })
  })

  test('is looked for again after it was missing', async () => {
    const folder = folderWith('exit 127')
    const { git } = openTestGit({ searchPath: folder })
    await expect(git.findVersion()).rejects.toMatchObject({ code: 'GIT_MISSING' })
    writeFileSync(join(folder, 'git'), '#!/bin/sh\necho git version 2.40.0')
    expect(await git.findVersion()).toBe('2.40.0')
  })

  describe.skipIf(!hasGit)('with a repository (when skipped: apt-get install git)', () => {
    let server: GitServer
    let repository: TestRepository
    let commit: string

    beforeAll(async () => {
      server = await startGitServer()
      repository = server.createRepository('a.git')
      commit = repository.commit({ 'main.tf': '' })
    })
    afterAll(() => server.close())

    /** A folder whose `git` notes variables and arguments in it and then is the real one. */
    function notingGit() {
      const folder = folderWith('')
      const script = [
        '#!/bin/sh',
        `[ "$1" = version ] || { env; printf '%s\\n' "$@"; } > '${folder}/note-'$$`,
        `PATH=${SYSTEM} exec git "$@"`,
      ]
      writeFileSync(join(folder, 'git'), script.join('\n'))
      const notes = () => readdirSync(folder).filter((name) => name.startsWith('note-'))
      return { searchPath: `${folder}:${SYSTEM}`, notes: () => notes().map((name) => readFileSync(join(folder, name), 'utf8')) }
    }

    test('gets no variable of this process', async () => {
      const before = { ...process.env }
      Object.assign(process.env, CANARIES)
      onTestFinished(() => {
        for (const name of Object.keys(CANARIES)) delete process.env[name]
        Object.assign(process.env, before)
      })
      const { searchPath, notes } = notingGit()
      const { git } = openTestGit({ searchPath })
      const source = { url: repository.url, caFile: server.caFile }
      expect(await git.resolveRef(source, 'main')).toBe(commit)
      await (await git.archiveCommit(source, commit)).discard()
      const noted = notes()
      expect(noted.length).toBeGreaterThanOrEqual(3)
      expect(noted.join('')).not.toContain('canary')
      // The shell adds the last three.
      const names = new Set(noted.flatMap((note) => [...note.matchAll(/^([A-Z_]+?)(?:_\d+)?=/gm)].map((match) => match[1])))
      expect([...names].filter((name) => name?.startsWith('GIT_') !== true).sort()).toEqual(
        expect.arrayContaining(['HOME', 'LC_ALL', 'PATH', 'TMPDIR', 'XDG_CONFIG_HOME']),
      )
      const known = ['HOME', 'LC_ALL', 'PATH', 'TMPDIR', 'XDG_CONFIG_HOME', 'OLDPWD', 'PWD', 'SHLVL', '_']
      expect([...names].filter((name) => name?.startsWith('GIT_') !== true && !known.includes(name ?? ''))).toEqual([])
    })

    test('reads no settings of the person who runs it', async () => {
      const home = mkdtempSync(join(tmpdir(), 'terrace-git-home-'))
      const before = process.env.HOME
      onTestFinished(() => {
        process.env.HOME = before
        rmSync(home, { recursive: true })
      })
      process.env.HOME = home
      writeFileSync(
        join(home, '.gitconfig'),
        '[url "https://127.0.0.1:1/"]\n\tinsteadOf = https://localhost\n[http]\n\tproxy = http://127.0.0.1:1\n',
      )
      writeFileSync(join(home, '.netrc'), 'machine localhost login user password canary\n')
      const { git } = openTestGit()
      server.requests.length = 0
      expect(await git.resolveRef({ url: repository.url, caFile: server.caFile }, 'main')).toBe(commit)
    })

    test('has neither ref nor URL nor password among its arguments that could be an option', async () => {
      const { searchPath, notes } = notingGit()
      const { git } = openTestGit({ searchPath })
      await expect(git.resolveRef({ url: repository.url, caFile: server.caFile }, 'a=--b')).rejects.toMatchObject({
        detail: { reason: 'git_ref_missing' },
      })
      const [note = ''] = notes()
      expect(note.split('\n')).toContain('refs/tags/a=--b')
      expect(note.split('\n')).not.toContain('a=--b')
    })
  })
})
