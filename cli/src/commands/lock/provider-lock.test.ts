import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { problem, type Responder, startFakeApi } from '../../testing/fake-api.ts'
import { terraceHome } from '../../testing/run-terrace.ts'

const LOCK = '.terraform.lock.hcl'
const TEXT = '# a lock file\n\nprovider "registry.terraform.io/acme/widget" {\n}\n'
const WIDGET = {
  address: 'registry.terraform.io/acme/widget',
  version: '1.1.0',
  constraints: '',
  hashes: ['h1:a', 'zh:b'],
  missing: [{ platform: 'windows_amd64', why: 'not_held' }],
  previous_version: null,
  added_hashes: 2,
}
const COMPLETE = { ...WIDGET, missing: [] }

const answerOf = (change: object = {}): Responder => ({
  json: { providers: [WIDGET], kept: [], module_calls: [], lock_file: TEXT, ...change },
})

async function start(answer: Responder, files: Readonly<Record<string, string>> = { 'main.tf': 'terraform {}\n' }) {
  const home = await terraceHome(onTestFinished)
  const { url, requests } = await startFakeApi(onTestFinished, { 'POST /api/v1/lock': answer })
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(home.folder, path)), { recursive: true })
    await writeFile(join(home.folder, path), text)
  }
  return {
    run: (...args: string[]) => home.run(['provider', 'lock', ...args, '--server', url]),
    lockFile: (folder = '.') => readFile(join(home.folder, folder, LOCK), 'utf8').catch(() => undefined),
    names: (folder: string) => readdir(join(home.folder, folder)),
    sent: () => JSON.parse(requests[0]?.body.toString() ?? '{}') as { files: { path: string }[] },
  }
}

test('writes the file to standard output and nothing to the disk; what is missing is a warning', async () => {
  const { run, lockFile, sent } = await start(answerOf())
  const { code, stdout, stderr } = await run()
  expect({ code, stdout }).toEqual({ code: 0, stdout: TEXT })
  expect(stderr).toContain('+ registry.terraform.io/acme/widget 1.1.0, 2 hashes\n')
  expect(stderr).toContain('registry.terraform.io/acme/widget 1.1.0 has no h1: for windows_amd64: its package is not loaded\n')
  expect(stderr).toContain('Nothing is written; add --write')
  expect(await lockFile()).toBeUndefined()
  expect(sent()).toEqual({ files: [{ path: 'main.tf', text: 'terraform {}\n' }] })
})

test('--write puts it in its place; what is sent has the old one, the platforms and the wish', async () => {
  const files = { 'live/main.tf': '', [`live/${LOCK}`]: 'old' }
  const { run, sent, names, lockFile } = await start(answerOf({ providers: [COMPLETE] }), files)
  const outcome = await run('live', '--write', '--upgrade', '--tofu', '--platform', 'linux_amd64', '--platform', 'windows_amd64')
  expect(outcome).toMatchObject({ code: 0, stdout: '', stderr: expect.stringContaining(`${LOCK} is written`) })
  expect(sent()).toMatchObject({ lock_file: 'old', platforms: ['linux_amd64', 'windows_amd64'], program: 'tofu', upgrade: true })
  expect(await lockFile('live')).toBe(TEXT)
  expect((await names('live')).sort()).toEqual([LOCK, 'main.tf'])
})

test('a file that needs no change is not touched', async () => {
  const { run, lockFile } = await start(answerOf({ providers: [COMPLETE] }), { 'main.tf': '', [LOCK]: TEXT })
  expect(await run('--write')).toMatchObject({ code: 0, stderr: expect.stringContaining('needs no change') })
  expect(await lockFile()).toBe(TEXT)
})

test('a platform that was named and has no hash fails, and nothing is written', async () => {
  const { run, lockFile } = await start(answerOf())
  const { code, stdout, stderr } = await run('--write', '--platform', 'windows_amd64')
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).toContain('Cannot lock for "windows_amd64": hashes are missing\n  registry.terraform.io/acme/widget 1.1.0 has no h1:')
  expect(await lockFile()).toBeUndefined()
})

test('installed modules are sent too, under their folders', async () => {
  const modules = [
    { Key: '', Source: '', Dir: '.' },
    { Key: 'a', Source: './modules/a', Dir: 'modules/a' },
    { Key: 'b', Source: 'acme/b/aws', Dir: '.terraform/modules/b' },
  ]
  const { run, sent } = await start(answerOf({ module_calls: [{ folder: '.', name: 'a', source: './modules/a' }] }), {
    'main.tf': '',
    'modules/a/a.tf': '',
    'modules/unused/x.tf': '',
    '.terraform/modules/b/versions.tf.json': '{}',
    '.terraform/modules/modules.json': JSON.stringify({ Modules: modules }),
  })
  const { stderr } = await run()
  expect(stderr).not.toContain('terraform get')
  expect(sent().files.map(({ path }) => path)).toEqual(['main.tf', 'modules/a/a.tf', '.terraform/modules/b/versions.tf.json'])
})

test('modules that are not installed are told', async () => {
  const { run } = await start(answerOf({ module_calls: [{ folder: '.', name: 'a', source: 'acme/a/aws' }] }))
  expect((await run()).stderr).toContain('1 module called but not installed, so providers of theirs may be missing. Run: terraform get')
})

test('a module that has gone since it was installed stops the command', async () => {
  const modules = JSON.stringify({ Modules: [{ Key: 'a', Source: './a', Dir: 'a' }] })
  const { run } = await start(answerOf(), { 'main.tf': '', '.terraform/modules/modules.json': modules })
  expect(await run()).toMatchObject({ code: 1, stderr: expect.stringContaining('Cannot read module "a"') })
})

test('only what Terraform reads is sent', async () => {
  const { run, sent } = await start(answerOf(), {
    'b.tf.json': '{}',
    'a.tf': '',
    'a.tofu': '',
    'c.tofu': '',
    '.hidden.tf': '',
    'old.tf~': '',
    'x.tfvars': '',
    'sub/x.tf': '',
  })
  await run()
  expect(sent().files.map(({ path }) => path)).toEqual(['a.tf', 'b.tf.json', 'c.tofu'])
})

test('--json has the answer, and whether the file changes', async () => {
  const { run } = await start(answerOf({ kept: [{ address: 'x.example.com/a/b', version: '1.0.0', why: 'not_held' }] }))
  const { stdout, stderr } = await run('--json')
  expect(JSON.parse(stdout)).toMatchObject({ providers: [WIDGET], lock_file: TEXT, changed: true, written: false })
  expect(stderr).toContain('= x.example.com/a/b 1.0.0, as it was: not held here')
})

test.each([
  [{ ...COMPLETE, previous_version: '1.0.0' }, '~ registry.terraform.io/acme/widget 1.0.0 to 1.1.0, 2 hashes\n'],
  [{ ...COMPLETE, previous_version: '1.1.0', added_hashes: 1 }, '~ registry.terraform.io/acme/widget 1.1.0, 1 hash added\n'],
  [{ ...COMPLETE, previous_version: '1.1.0', added_hashes: 0 }, '= registry.terraform.io/acme/widget 1.1.0\n'],
])('tells what has changed', async (provider, line) => {
  const { run } = await start(answerOf({ providers: [provider] }))
  expect((await run()).stderr).toContain(line)
})

test('a folder without a configuration is a wrong call', async () => {
  const { run } = await start(answerOf(), { 'notes.txt': '' })
  for (const args of [[], ['nowhere']]) expect(await run(...args)).toMatchObject({ code: 2 })
})

test('a conflict ends with its own exit code', async () => {
  const detail = 'Cannot lock "a/b/c": it is locked to 1.0.0, which does not match ">= 2.0.0"'
  const { run } = await start(problem({ code: 'LOCK_CONFLICT', status: 409, detail }))
  expect(await run('--write')).toMatchObject({ code: 5, stderr: expect.stringContaining(detail) })
})
