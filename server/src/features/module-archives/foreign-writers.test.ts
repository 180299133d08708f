import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openArchiveFolder, tarGz } from '../../testing/module-archive-fixture.ts'
import { longName, paxHeader, type TarEntry } from '../../testing/tar-writer.ts'

const has = (program: string, arg = '--version'): boolean => spawnSync(program, [arg]).status === 0
const folder = openArchiveFolder()
const work = mkdtempSync(join(tmpdir(), 'foreign-writers-'))
afterAll(() => {
  folder.remove()
  rmSync(work, { recursive: true })
})

const FILES = ['README.md', 'main.tf', 'modules/a/main.tf', 'run.sh', `long/${'n'.repeat(120)}/${'m'.repeat(120)}/main.tf`, 'ünï.tf']

beforeAll(() => {
  for (const path of FILES) {
    mkdirSync(join(work, 'src', dirname(path)), { recursive: true })
    writeFileSync(join(work, 'src', path), `# ${path}\n`)
  }
  chmodSync(join(work, 'src/run.sh'), 0o755)
})

const run = (command: string, args: readonly string[], cwd = work): string =>
  execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, LC_ALL: 'C.UTF-8' } })

/** Files that another reader sees, without their top folder. */
const listed = (output: string): string[] =>
  output
    .split('\n')
    .filter((name) => name !== '' && !name.endsWith('/'))
    .map((name) => name.replace(/^\.?\/?(?:src\/)?/, ''))
    .sort()

const own = (entries: readonly { path: string }[]): string[] => entries.map(({ path }) => path).sort()

// reliability.md section 3, row 3: we see what other readers see.
describe.skipIf(!has('tar'))('tar archives of other programs (when skipped: apt-get install tar)', () => {
  test.each([
    ['gnu', ['.']],
    ['gnu', ['src']],
    ['pax', ['src']],
    ['posix', ['src']],
  ])('%s format of %s is read as tar reads it', async (format, paths) => {
    const cwd = paths[0] === '.' ? ['-C', 'src'] : []
    run('tar', [`--format=${format}`, '-czf', 'a.tar.gz', ...cwd, ...paths])
    const { entries, bytes } = await folder.accept(readFileSync(join(work, 'a.tar.gz')))
    expect(own(entries)).toEqual(listed(run('tar', ['--quoting-style=literal', '-tzf', 'a.tar.gz'])))
    writeFileSync(join(work, 'canonical.tar.gz'), bytes)
    expect(listed(run('tar', ['--quoting-style=literal', '-tzf', 'canonical.tar.gz']))).toEqual(own(entries))
  })

  test('a canonical archive unpacks to the same files', async () => {
    run('tar', ['-czf', 'a.tar.gz', 'src'])
    const { bytes } = await folder.accept(readFileSync(join(work, 'a.tar.gz')))
    writeFileSync(join(work, 'canonical.tar.gz'), bytes)
    mkdirSync(join(work, 'unpacked'))
    run('tar', ['-xzf', '../canonical.tar.gz'], join(work, 'unpacked'))
    expect(run('diff', ['-r', 'src', 'unpacked'])).toBe('')
  })

  test('changed headers are refused, or read as tar reads them', async () => {
    const outside = fc.integer({ min: 0, max: 511 }).filter((offset) => offset < 148 || offset >= 156)
    const change = fc.tuple(outside, fc.uint8Array({ minLength: 1, maxLength: 3 }))
    const start = fc.constantFrom<TarEntry[]>(
      [],
      [paxHeader([['path', 'renamed.tf']])],
      [longName('renamed.tf')],
      [paxHeader([['size', '3']])],
    )
    const counts = { accepted: 0, refused: 0 }
    await fc.assert(
      fc.asyncProperty(start, fc.array(change, { maxLength: 2 }), fc.nat(1), async (before, changes, at) => {
        const plain: TarEntry[] = [...before, { name: 'file.tf', content: 'abc', mode: 0o644 }]
        const entries = plain.map((entry, index) => (index === at ? { ...entry, patch: Object.fromEntries(changes) } : entry))
        const archive = tarGz(entries)
        const result = await folder.canonicalise(archive)
        counts['accepted' in result ? 'accepted' : 'refused'] += 1
        if (!('accepted' in result)) return
        writeFileSync(join(work, 'changed.tar.gz'), archive)
        // It complains of owners and times that it cannot read, which do not matter here, and lists the files all the same.
        const { stdout } = spawnSync('tar', ['--quoting-style=literal', '-tzf', 'changed.tar.gz'], { cwd: work, encoding: 'utf8' })
        expect(own(result.accepted.entries)).toEqual(listed(stdout))
      }),
      { numRuns: 500 },
    )
    expect(counts.accepted).toBeGreaterThan(20)
    expect(counts.refused).toBeGreaterThan(20)
  })

  test.each(['v7', 'ustar'])('%s format with short names is read', async (format) => {
    run('tar', [`--format=${format}`, '-czf', 'a.tar.gz', '--exclude=long', 'src'])
    const { entries } = await folder.accept(readFileSync(join(work, 'a.tar.gz')))
    expect(own(entries)).toEqual(listed(run('tar', ['--quoting-style=literal', '-tzf', 'a.tar.gz'])))
  })
})

describe.skipIf(!has('zip', '-v') || !has('unzip', '-v'))('zip archives of Info-ZIP (when skipped: apt-get install zip unzip)', () => {
  test('they are read as unzip reads them, and are the same as tar archives', async () => {
    run('zip', ['-qr', 'a.zip', 'src'])
    run('tar', ['-czf', 'a.tar.gz', 'src'])
    const { entries, sha256 } = await folder.accept(readFileSync(join(work, 'a.zip')))
    expect(own(entries)).toEqual(listed(run('unzip', ['-Z1', 'a.zip'])))
    expect((await folder.accept(readFileSync(join(work, 'a.tar.gz')))).sha256).toBe(sha256)
  })
})

describe.skipIf(!has('git'))('archives of git (when skipped: apt-get install git)', () => {
  test.each(['tar.gz', 'zip'])('%s is read and tells its commit', async (format) => {
    const repository = join(work, `repository-${format}`)
    mkdirSync(repository)
    run('cp', ['-r', '../src/.', '.'], repository)
    const git = (...args: string[]): string => run('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.com', ...args], repository)
    git('init', '-q')
    git('add', '.')
    git('commit', '-qm', 'first')
    git('archive', `--format=${format}`, '--prefix=terraform-aws-a-1.0/', '-o', join(work, `git.${format}`), 'HEAD')
    const { entries, unwrapped, commit } = await folder.accept(readFileSync(join(work, `git.${format}`)))
    expect(own(entries)).toEqual([...FILES].sort())
    expect(unwrapped).toBe('terraform-aws-a-1.0')
    expect(commit).toBe(git('rev-parse', 'HEAD').trim())
  })
})
