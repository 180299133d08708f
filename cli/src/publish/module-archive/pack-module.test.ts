import { execFile } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { packModule } from './pack-module.ts'
import { readModuleFolder } from './read-module-folder.ts'

const run = promisify(execFile)

/** A folder with files; a value that begins with `->` makes a link. */
async function moduleWith(files: Readonly<Record<string, string>>): Promise<string> {
  const parent = await mkdtemp(join(tmpdir(), 'terrace-module-'))
  onTestFinished(() => rm(parent, { recursive: true, force: true }))
  const folder = join(parent, 'module')
  await writeFile(join(parent, 'secret'), 'secret')
  for (const [path, content] of Object.entries({ 'main.tf': '', ...files })) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    if (content.startsWith('->')) await symlink(content.slice(2), join(folder, path))
    else await writeFile(join(folder, path), content)
  }
  return folder
}

async function pathsOf(folder: string): Promise<string[]> {
  return (await readModuleFolder(folder)).files.map(({ path }) => path)
}

describe('the files of a module', () => {
  test('are all but .git and .terraform, at any depth, whatever .terraformignore takes back', async () => {
    const folder = await moduleWith({
      '.git/config': '',
      '.gitignore': '',
      '.terraform/modules/x/main.tf': '',
      'modules/a/main.tf': '',
      'modules/a/.terraform/providers/x': '',
      'modules/b/.git': 'gitdir: elsewhere',
      '.terraformignore': '!.git\n!.terraform/modules/',
    })
    expect(await pathsOf(folder)).toEqual(['.gitignore', '.terraformignore', 'main.tf', 'modules/a/main.tf'])
    const { leftOut, leftOutCount } = await readModuleFolder(folder)
    expect({ leftOut, leftOutCount }).toEqual({
      leftOut: ['.git/', '.terraform/', 'modules/a/.terraform/', 'modules/b/.git'],
      leftOutCount: 4,
    })
  })

  test('are those that .terraformignore leaves, also inside a folder that it leaves out', async () => {
    const folder = await moduleWith({
      'docs/a.md': '',
      'docs/keep.md': '',
      'x.zip': '',
      '.terraformignore': 'docs/\n*.zip\n!docs/keep.md\n',
    })
    const { files, leftOut } = await readModuleFolder(folder)
    expect(files.map(({ path }) => path)).toEqual(['.terraformignore', 'docs/keep.md', 'main.tf'])
    expect(leftOut).toEqual(['docs/a.md', 'x.zip'])
  })

  test('have copies in place of links that stay inside', async () => {
    const folder = await moduleWith({
      'modules/a/main.tf': 'A',
      'examples/a/main.tf': '->../../modules/a/main.tf',
      'examples/b': '->../modules/a',
    })
    const { files } = await readModuleFolder(folder)
    expect(files.map(({ path, size }) => [path, size])).toEqual([
      ['examples/a/main.tf', 1],
      ['examples/b/main.tf', 1],
      ['main.tf', 0],
      ['modules/a/main.tf', 1],
    ])
  })

  test.each([
    ['../secret', '"x" is a link that leads out of the folder'],
    ['..', '"x" is a link that leads out of the folder'],
    ['/', '"x" is a link that leads out of the folder'],
    ['nowhere', '"x" is a link that leads nowhere'],
    ['x', '"x" is a link that leads nowhere'],
    ['.', '"x" is a link that leads back to a folder it is in'],
  ])('may have no link to %s, unless it is left out', async (target, message) => {
    const folder = await moduleWith({ x: `->${target}` })
    await expect(readModuleFolder(folder)).rejects.toThrow(message)
    await writeFile(join(folder, '.terraformignore'), '/x')
    expect(await pathsOf(folder)).toEqual(['.terraformignore', 'main.tf'])
  })

  test('a link out of the folder through a second one is found', async () => {
    const folder = await moduleWith({ 'a/x': '->../b', b: '->../secret', '.terraformignore': '/b' })
    await expect(readModuleFolder(folder)).rejects.toThrow('"a/x" is a link that leads out of the folder')
  })

  test.skipIf(process.platform === 'win32')('a pipe is refused, not waited for', async () => {
    const folder = await moduleWith({})
    await run('mkfifo', [join(folder, 'pipe')])
    await expect(readModuleFolder(folder)).rejects.toThrow('"pipe" is neither a file nor a folder')
  })

  test('a folder without configuration is refused, and what was left out is named', async () => {
    const folder = await moduleWith({ 'README.md': '', '.hidden.tf': '', '.terraformignore': '*.tf' })
    await expect(readModuleFolder(folder)).rejects.toMatchObject({
      message: `Cannot publish "${folder}": there is no .tf or .tofu file in it`,
      hint: 'Left out: .hidden.tf, main.tf; check .terraformignore',
    })
  })

  test('a folder that is not there is wrong usage', async () => {
    await expect(readModuleFolder('no-such-folder')).rejects.toMatchObject({
      exitCode: 2,
      message: 'Cannot read "no-such-folder": there is no such file',
    })
  })
})

describe('the archive', () => {
  async function pack(folder: string): Promise<Buffer> {
    const archive = await packModule(await readModuleFolder(folder), () => {})
    const chunks: Uint8Array[] = []
    for await (const chunk of archive.read()) chunks.push(chunk)
    await archive.close()
    const bytes = Buffer.concat(chunks)
    expect(bytes.length).toBe(archive.size)
    return bytes
  }

  test('gives tar the same files, long and foreign names included', async () => {
    const long = `${'d'.repeat(90)}/${'e'.repeat(90)}/${'f'.repeat(90)}/main.tf`
    const content = 'x'.repeat(700_000)
    const folder = await moduleWith({
      'grün/ü.tf': 'ü',
      [long]: 'long',
      [`${'p'.repeat(120)}/main.tf`]: 'prefix',
      'big.txt': content,
      'run.sh': '',
    })
    await chmod(join(folder, 'run.sh'), 0o755)
    const target = join(folder, '../out')
    await mkdir(target)
    await writeFile(join(folder, '../module.tar.gz'), await pack(folder))
    await run('tar', ['-xzf', join(folder, '../module.tar.gz'), '-C', target], { env: { PATH: process.env.PATH ?? '', LC_ALL: 'C.UTF-8' } })
    const [before, after] = await Promise.all([folder, target].map((path) => readdir(path, { recursive: true })))
    expect(after?.sort()).toEqual(before?.sort())
    expect(await readFile(join(target, 'big.txt'), 'utf8')).toBe(content)
    expect(await readFile(join(target, long), 'utf8')).toBe('long')
    const { stdout } = await run('tar', ['-tvzf', join(folder, '../module.tar.gz')], { env: { PATH: process.env.PATH ?? '', TZ: 'UTC' } })
    expect(stdout).toMatch(/^-rwxr-xr-x 0\/0 +0 1970-01-01 00:00 run\.sh$/m)
  })

  test('of the same files is the same, whatever their times are', async () => {
    const [first, second] = await Promise.all([moduleWith({ 'a.tf': 'a' }), moduleWith({ 'a.tf': 'a' })])
    expect(gunzipSync(await pack(first)).equals(gunzipSync(await pack(second)))).toBe(true)
  })

  test.each([
    ['grown', 9],
    ['shrunk', 1],
  ])('is not made of a file that has %s meanwhile', async (_how, size) => {
    const folder = await moduleWith({ 'main.tf': '12345' })
    const read = await readModuleFolder(folder)
    await truncate(join(folder, 'main.tf'), size)
    await expect(packModule(read, () => {})).rejects.toThrow('Cannot pack "main.tf": the file changed while it was read')
  })

  test('does not follow a link that has taken the place of a file', async () => {
    const folder = await moduleWith({ 'main.tf': 'secret' })
    const read = await readModuleFolder(folder)
    await rm(join(folder, 'main.tf'))
    await symlink('../secret', join(folder, 'main.tf'))
    await expect(packModule(read, () => {})).rejects.toThrow('Cannot pack "main.tf"')
  })

  test('has no name while it is used, so that nothing can be left behind', async () => {
    const folder = await moduleWith({ 'main.tf': '12345' })
    const read = await readModuleFolder(folder)
    const temporary = join(folder, '../temporary')
    await mkdir(temporary)
    vi.stubEnv('TMPDIR', temporary)
    onTestFinished(() => void vi.unstubAllEnvs())
    const archive = await packModule(read, () => {})
    expect([tmpdir(), await readdir(temporary)]).toEqual([temporary, []])
    await archive.close()
  })
})
