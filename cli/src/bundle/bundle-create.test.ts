import { createHash, randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openRealRegistry, type RealRegistry } from '../testing/real-registry.ts'
import { storedZip } from '../testing/stored-zip.ts'

const OWN = 'terrace.example.net'
const cleanUps: (() => Promise<void>)[] = []
let registry: RealRegistry
/** One for each test: what is there is kept. */
let folders = 0

beforeAll(async () => {
  registry = await openRealRegistry((work) => cleanUps.push(work), { TFR_SERVER_PUBLIC_URL: `https://${OWN}` })
  for (const version of ['1.0.0', '1.1.0']) await publishProvider(version)
  await publishModule('inner', requires('acme/widget', '< 1.1'))
  await publishModule('outer', `module "inner" {\n  source  = "${OWN}/acme/inner/aws"\n  version = "~> 1.0"\n}\n`)
  await put('lock.hcl', `provider "${OWN}/acme/widget" {\n  version = "1.1.0"\n}\n`)
  await put('live/main.tf', `module "outer" {\n  source = "${OWN}/acme/outer/aws"\n}\n`)
  await put('definition.hcl', `provider "${OWN}/acme/widget" {\n  versions = [">= 1.0"]\n  platforms = ["linux_amd64"]\n}\n`)
}, 60_000)
afterAll(async () => {
  for (const work of cleanUps.reverse()) await work()
})

const requires = (source: string, version: string) =>
  `terraform {\n  required_providers {\n    one = {\n      source = "${OWN}/${source}"\n      version = "${version}"\n    }\n  }\n}\n`

async function put(path: string, content: string | Buffer): Promise<void> {
  const full = join(registry.home.folder, path)
  await mkdir(join(full, '..'), { recursive: true })
  await writeFile(full, content)
}

async function publishProvider(version: string): Promise<void> {
  for (const platform of ['linux_amd64', 'darwin_arm64']) {
    const content = `#!/bin/sh\n# ${platform} ${randomBytes(500_000).toString('hex')}\n`
    await put(
      `dist-${version}/terraform-provider-widget_${version}_${platform}.zip`,
      storedZip(`terraform-provider-widget_v${version}`, content),
    )
  }
  await registry.succeed('provider', 'publish', `dist-${version}`, '--namespace', 'acme')
}

async function publishModule(name: string, text: string): Promise<void> {
  await put(`${name}/main.tf`, text)
  await registry.succeed('module', 'publish', name, '--to', `acme/${name}/aws`, '--version', '1.0.0')
}

async function create(...args: string[]) {
  folders += 1
  const out = `out-${folders}`
  const outcome = await registry.succeed('bundle', 'create', 'site', '--out', out, '--json', ...args)
  return { out, stderr: outcome.stderr, json: JSON.parse(outcome.stdout) }
}

const at = (...path: string[]) => join(registry.home.folder, ...path)
const digestOf = async (path: string) =>
  createHash('sha256')
    .update(await readFile(path))
    .digest('hex')
const partsIn = async (out: string) => (await readdir(at(out))).filter((file) => file.includes('.tfbundle.')).sort()
const downloads = () => registry.requests.filter(({ path }) => path.startsWith('/files/'))

test.each([
  { from: 'a lock file', args: ['--lock-file', 'lock.hcl'], has: { objects: 4, packages: 2, modules: 0 } },
  {
    from: 'a lock file for one platform',
    args: ['--lock-file', 'lock.hcl', '--platform', 'linux_amd64'],
    has: { objects: 3, packages: 1, modules: 0 },
  },
  { from: 'a configuration with the modules that it calls', args: ['--config', 'live'], has: { objects: 6, packages: 2, modules: 2 } },
  { from: 'a definition file', args: ['--definition', 'definition.hcl'], has: { objects: 6, packages: 2, modules: 0 } },
])('a bundle from $from is whole, and proves who made it', async ({ args, has }) => {
  const { out, json } = await create(...args)
  expect(json).toMatchObject({ name: 'site', objects: has.objects, elsewhere: 0, missing: [] })
  const verify = await registry.home.run(['bundle', 'verify', `${out}/site.manifest.json`, '--key', json.signing_key, '--json'])
  expect(verify).toMatchObject({ code: 0, stderr: '' })
  expect(JSON.parse(verify.stdout)).toMatchObject({ ok: true, origin_proven: true, problems: [], ...has })
})

test('a mirror that holds nothing yet is told with what to do', async () => {
  await registry.succeed('mirror', 'create', 'null', '--upstream', 'registry.terraform.io', '--provider', 'hashicorp/null')
  const outcome = await registry.run('bundle', 'create', 'site', '--mirror', 'null', '--out', 'none')
  expect(outcome).toMatchObject({ code: 1, stdout: '' })
  expect(outcome.stderr).toContain(
    'registry.terraform.io/hashicorp/null: no version that fits the mirror is held. Run it first: terrace mirror sync null --wait',
  )
  await expect(stat(at('none'))).rejects.toMatchObject({ code: 'ENOENT' })
})

test('no part is larger than it may be, and the same selection gives the same parts', async () => {
  const one = await create('--lock-file', 'lock.hcl', '--split', '1.2M')
  const other = await create('--lock-file', 'lock.hcl', '--split', '1.2M')
  const parts = await partsIn(one.out)
  expect(parts).toEqual(['site.tfbundle.001', 'site.tfbundle.002'])
  for (const part of parts) {
    expect((await stat(at(one.out, part))).size).toBeLessThanOrEqual(1_200_000)
    expect(await digestOf(at(one.out, part))).toBe(await digestOf(at(other.out, part)))
  }
})

test('parts unpack into a filesystem mirror', async () => {
  const { out } = await create('--lock-file', 'lock.hcl', '--platform', 'linux_amd64')
  const { execFileSync } = await import('node:child_process')
  const names = execFileSync('tar', ['-tf', at(out, 'site.tfbundle.001')], { encoding: 'utf8' })
    .trim()
    .split('\n')
  const folder = `providers/${OWN}/acme/widget`
  expect(names).toEqual(
    ['SHA256SUMS', 'SHA256SUMS.sig', 'linux_amd64.zip'].map((end) => `${folder}/terraform-provider-widget_1.1.0_${end}`),
  )
})

test('a bundle that is there is not downloaded again, and keeps its manifest', async () => {
  const { out, json } = await create('--lock-file', 'lock.hcl')
  const before = await digestOf(at(out, 'site.manifest.json'))
  registry.requests.length = 0
  const again = JSON.parse((await registry.succeed('bundle', 'create', 'site', '--out', out, '--lock-file', 'lock.hcl', '--json')).stdout)
  expect(again).toMatchObject({ downloaded_bytes: 0, kept_bytes: json.downloaded_bytes })
  expect(downloads()).toEqual([])
  expect(await digestOf(at(out, 'site.manifest.json'))).toBe(before)
})

test('what is damaged is downloaded by itself, and nothing else', async () => {
  const { out } = await create('--lock-file', 'lock.hcl')
  const part = at(out, 'site.tfbundle.001')
  const before = await digestOf(part)
  const bytes = await readFile(part)
  // In the first of two packages, and in what fills up its end.
  bytes[100_000] = (bytes[100_000] ?? 0) ^ 1
  bytes[bytes.length - 1] = 1
  await writeFile(part, bytes)
  await writeFile(at(out, 'site.manifest.json.sig'), 'no signature')
  registry.requests.length = 0
  await registry.succeed('bundle', 'create', 'site', '--out', out, '--lock-file', 'lock.hcl')
  expect(downloads()).toMatchObject([{ path: expect.stringContaining('darwin_arm64'), range: undefined }])
  expect(await digestOf(part)).toBe(before)
  expect(await registry.home.run(['bundle', 'verify', `${out}/site.manifest.json`])).toMatchObject({ code: 0 })
})

test('a part that was lost is downloaded by itself', async () => {
  const { out } = await create('--lock-file', 'lock.hcl', '--split', '1.2M')
  const lost = at(out, 'site.tfbundle.002')
  const before = await digestOf(lost)
  await rm(lost)
  registry.requests.length = 0
  await registry.succeed('bundle', 'create', 'site', '--out', out, '--lock-file', 'lock.hcl', '--split', '1.2M')
  expect(downloads()).toHaveLength(1)
  expect(await digestOf(lost)).toBe(before)
})

// The object in the middle goes on at its byte; those before are not asked for, those behind are asked for once.
test('a command that was killed goes on where it stopped', async () => {
  const whole = await create('--lock-file', 'lock.hcl')
  const out = 'killed'
  const args = ['bundle', 'create', 'site', '--out', out, '--lock-file', 'lock.hcl']
  registry.hold = { path: 'linux_amd64', bytes: 600_000 }
  const killed = await registry.home.run(args, {
    env: { TERRACE_SERVER: registry.url },
    onStart: (child) => void registry.held.then(() => killWhenWritten(child, at(out, 'site.tfbundle.001.partial'))),
  })
  expect(killed.signal).toBe('SIGKILL')
  expect(await readdir(at(out))).toEqual(['site.tfbundle.001.partial'])
  registry.hold = undefined
  registry.requests.length = 0
  const json = JSON.parse((await registry.succeed(...args, '--json')).stdout)
  expect(downloads()).toMatchObject([{ path: expect.stringContaining('linux_amd64'), range: expect.stringMatching(/^bytes=[1-9]\d+-$/) }])
  expect(json.downloaded_bytes + json.kept_bytes).toBe(whole.json.downloaded_bytes)
  expect(await digestOf(at(out, 'site.tfbundle.001'))).toBe(await digestOf(at(whole.out, 'site.tfbundle.001')))
})

/** A part of the object that stands still has come to the disk by then. */
async function killWhenWritten(child: { kill(signal: NodeJS.Signals): boolean }, path: string): Promise<void> {
  await expect.poll(async () => (await stat(path)).size, { timeout: 10_000 }).toBeGreaterThan(1_100_000)
  child.kill('SIGKILL')
}

test('a later bundle leaves out what an earlier one has', async () => {
  await put('both.hcl', `provider "${OWN}/acme/widget" {\n  versions = ["1.0.0", "1.1.0"]\n}\n`)
  const first = await create('--lock-file', 'lock.hcl')
  registry.requests.length = 0
  const second = await create('--definition', 'both.hcl', '--since', `${first.out}/site.manifest.json`)
  expect(second.json).toMatchObject({ objects: 4, elsewhere: 4 })
  expect(downloads()).toHaveLength(2)
  const verify = await registry.home.run(['bundle', 'verify', `${second.out}/site`])
  expect(verify).toMatchObject({ code: 0, stdout: expect.stringMatching(/needs +bundle site, which has 4 objects/) })
})

test('another bundle of the same name is replaced on purpose only', async () => {
  const { out } = await create('--lock-file', 'lock.hcl', '--split', '1.2M')
  const args = ['bundle', 'create', 'site', '--out', out, '--definition', 'definition.hcl']
  expect(await registry.run(...args)).toMatchObject({
    code: 5,
    stderr: expect.stringContaining('another bundle of this name is in the folder'),
  })
  await registry.succeed(...args, '--overwrite')
  expect(await partsIn(out)).toEqual(['site.tfbundle.001'])
  expect(await registry.home.run(['bundle', 'verify', `${out}/site.manifest.json`])).toMatchObject({ code: 0 })
})

test('what is missing stops it, unless that is allowed', async () => {
  await put('more.hcl', `provider "${OWN}/acme/widget" {\n  version = "1.1.0"\n}\nprovider "${OWN}/acme/none" {\n  version = "1.0.0"\n}\n`)
  const refused = await registry.run('bundle', 'create', 'site', '--lock-file', 'more.hcl', '--out', 'more')
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining(`${OWN}/acme/none 1.0.0: no package of it is held`) })
  const { stderr, json } = await create('--lock-file', 'more.hcl', '--allow-missing')
  expect(stderr).toContain(`Warning: ${OWN}/acme/none 1.0.0`)
  expect(json.missing).toHaveLength(1)
})

test.each([
  [['--split', 'much', '--lock-file', 'lock.hcl'], 'Cannot use "--split much": it is no size'],
  [[], 'Cannot create a bundle from nothing'],
  [['--lock-file', 'lock.hcl', '--mirror', 'null'], 'Cannot create a bundle from several sources'],
  [['--lock-file', 'none.hcl'], 'Cannot read lock file "'],
])('%j is a wrong use', async (args, message) => {
  expect(await registry.run('bundle', 'create', 'site', ...args)).toMatchObject({ code: 2, stderr: expect.stringContaining(message) })
})

test('a bundle without a given key is whole, and not from anybody', async () => {
  const { out } = await create('--lock-file', 'lock.hcl')
  const verify = await registry.home.run(['bundle', 'verify', `${out}/site.manifest.json`])
  expect(verify).toMatchObject({ code: 0, stderr: expect.stringContaining('and not who signed it') })
  const other = await registry.home.run(['bundle', 'verify', `${out}/site.manifest.json`, '--key', 'AB'.repeat(20)])
  expect(other).toMatchObject({ code: 1, stderr: expect.stringContaining('Error code: INVALID_SIGNATURE') })
})

test('a bundle that was changed is refused with what is wrong', async () => {
  const { out } = await create('--lock-file', 'lock.hcl', '--split', '1.2M')
  const [first = '', second = ''] = await partsIn(out)
  await writeFile(at(out, first), Buffer.concat([await readFile(at(out, first)), Buffer.from('x')]))
  await writeFile(at(out, second), (await readFile(at(out, second))).fill(0, 700, 720))
  const verify = await registry.home.run(['bundle', 'verify', `${out}/site.manifest.json`])
  expect(verify).toMatchObject({ code: 1 })
  expect(verify.stderr).toContain(`${first}: it has 1 bytes too many`)
  expect(verify.stderr).toMatch(new RegExp(`${second}: providers/.*\\.zip: its SHA-256 is `))
  expect(verify.stderr).toContain('Cannot trust bundle "site": 2 problems')
})
