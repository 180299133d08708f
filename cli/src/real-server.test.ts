import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { type Outcome, type TerraceHome, terraceHome } from './testing/run-terrace.ts'
import { storedZip } from './testing/stored-zip.ts'

const LAUNCHER = join(import.meta.dirname, '../bin/terrace.mjs')

/** A port that nobody listens on now. */
async function findFreePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as { port: number }
  probe.close()
  await once(probe, 'close')
  return port
}

/** `terrace serve` in the home's folder. @returns its https address and the one-time set-up token. */
async function serve({ folder }: TerraceHome): Promise<{ url: string; setupToken: string }> {
  const port = await findFreePort()
  const env = {
    PATH: process.env.PATH ?? '',
    HOME: folder,
    TFR_SERVER_HOST: '127.0.0.1',
    TFR_SERVER_PORT: '0',
    TFR_SERVER_LOCAL_TLS_PORT: String(port),
    TFR_AUTH_BCRYPT_COST: '10',
  }
  const server = spawn(process.execPath, [LAUNCHER, 'serve'], { cwd: folder, env, stdio: 'pipe' })
  onTestFinished(async () => {
    server.kill('SIGKILL')
    if (server.exitCode === null && server.signalCode === null) await once(server, 'exit')
  })
  let output = ''
  const setupToken = await new Promise<string>((resolve, reject) => {
    const read = (chunk: Buffer): void => {
      output += chunk
      const token = /set-up token ([a-z0-9-]{20,})/.exec(output)?.[1]
      if (token !== undefined && /"msg":"ready"/.test(output)) resolve(token)
    }
    server.stdout.on('data', read)
    server.stderr.on('data', read)
    server.on('exit', () => reject(new Error(`The server has ended:\n${output}`)))
  })
  return { url: `https://localhost:${port}`, setupToken }
}

/** A new server, and a command line that is signed in as its administrator and must succeed. */
async function openRegistry() {
  const home = await terraceHome(onTestFinished)
  const { url, setupToken } = await serve(home)
  const run = async (...args: string[]): Promise<Outcome> => {
    const outcome = await home.run(args, { env: { TERRACE_SERVER: url } })
    expect(outcome, `terrace ${args.join(' ')}`).toMatchObject({ code: 0 })
    return outcome
  }
  await writeFile(join(home.folder, 'token'), `${setupToken}\n`)
  await writeFile(join(home.folder, 'password'), 'correct horse battery\n')
  await run('setup', '--token-file', 'token', '--username', 'ada', '--password-file', 'password')
  return { home, url, run }
}

test('from an empty folder to a published provider and back, over https with the local authority', async () => {
  const { home, url, run } = await openRegistry()
  await run('login', '--username', 'ada', '--password-file', 'password')
  expect(JSON.parse((await run('whoami', '--json')).stdout)).toMatchObject({ name: 'ada', kind: 'session', server: url })

  const { stdout: key } = await run('key', 'create', 'ci', '--scope', 'providers:write', '--scope', 'mirrors:read', '--expires', '1d')
  await writeFile(join(home.folder, 'api-key'), key)
  await mkdir(join(home.folder, 'dist'))
  await writeFile(
    join(home.folder, 'dist/terraform-provider-widget_1.2.0_linux_amd64.zip'),
    storedZip('terraform-provider-widget_v1.2.0', '#!/bin/sh\n'),
  )
  const publish = ['provider', 'publish', 'dist', '--namespace', 'acme', '--token-file', 'api-key', '--plain']
  expect((await run(...publish)).stdout).toMatch(/\/acme\/widget\t1\.2\.0\tlinux_amd64\tzh:[0-9a-f]{64}\tcreated\n$/)
  expect((await run(...publish)).stdout).toMatch(/\tunchanged\n$/)

  await run('provider', 'deprecate', 'acme/widget@1.2.0', '--message', 'Use 1.3')
  const list = ['provider', 'list', 'acme/widget', '--json']
  expect(JSON.parse((await run(...list)).stdout).items).toMatchObject([
    { version: '1.2.0', deprecated: true, deprecation_message: 'Use 1.3' },
  ])
  await run('provider', 'delete', 'acme/widget@1.2.0', '--force')
  expect(JSON.parse((await run(...list)).stdout).items).toEqual([])

  const [{ id }] = JSON.parse((await run('key', 'list', '--json')).stdout).items
  await run('key', 'edit', id, '--name', 'release', '--namespace', 'acme', '--expires', '2d')
  const { stdout: rotated } = await run('key', 'rotate', id, '--grace', '1h')
  const keys = JSON.parse((await run('key', 'list', '--json')).stdout).items
  expect(keys).toMatchObject([
    { name: 'release', prefix: rotated.slice(0, 10), namespaces: ['acme'] },
    { id, state: 'expiring' },
  ])
  await run('key', 'revoke', id, '--force')
  expect(await home.run(publish, { env: { TERRACE_SERVER: url } })).toMatchObject({
    code: 4,
    stderr: expect.stringContaining('Check the API key'),
  })

  await writeFile(join(home.folder, 'bad.hcl'), 'provider "acme/widget" {\n  versions = [\n')
  const load = await home.run(['mirror', 'load', 'bad.hcl'], { env: { TERRACE_SERVER: url } })
  expect(load).toMatchObject({ code: 1, stderr: expect.stringMatching(/^Cannot read definition "bad\.hcl" at line [23], column \d+: /) })

  const audit = (await run('audit', 'list', '--action', 'provider_version.', '--plain')).stdout
  expect(audit.split('\n').map((line) => line.split('\t').slice(2, 5).join(' '))).toEqual([
    'provider_version.delete allowed acme/widget 1.2.0',
    'provider_version.change allowed acme/widget 1.2.0',
    'provider_version.publish allowed acme/widget 1.2.0',
    '',
  ])
  const records = (await run('audit', 'export')).stdout.trimEnd().split('\n')
  // Refused requests are written down within a second, so there may be one more by now.
  const [, checked] = /^ok\t(\d+)\n$/.exec((await run('audit', 'verify', '--plain')).stdout) ?? []
  expect(Number(checked)).toBeGreaterThanOrEqual(records.length)

  await run('logout')
  expect(await home.run(['whoami'], { env: { TERRACE_SERVER: url } })).toMatchObject({ code: 4 })
}, 60_000)

test('from a folder to a published module, to its next version, and to its end', async () => {
  const { home, url, run } = await openRegistry()
  const folder = join(home.folder, 'vpc')
  await mkdir(join(folder, '.terraform'), { recursive: true })
  await writeFile(join(folder, '.terraform/environment'), 'dev')
  await writeFile(join(folder, 'main.tf'), 'variable "cidr" {\n  type    = string\n  default = "10.0.0.0/8"\n}\n')
  const publish = (version: string) => ['module', 'publish', 'vpc', '--to', 'acme/vpc/aws', '--version', version]
  expect((await run(...publish('v1.0.0'))).stdout).toBe(
    `module "vpc" {\n  source  = "${new URL(url).host}/acme/vpc/aws"\n  version = "1.0.0"\n}\n`,
  )
  expect((await run(...publish('1.0.0'))).stderr).toContain('is published already, with the same content; nothing changed')

  await writeFile(join(folder, 'main.tf'), 'variable "cidr" {\n  type = string\n}\n')
  expect(await home.run(publish('1.0.0'), { env: { TERRACE_SERVER: url } })).toMatchObject({
    code: 5,
    stderr: expect.stringMatching(
      /\n {2}published: sha256:[0-9a-f]{64}\n {2}offered: sha256:[0-9a-f]{64}\n.*\nError code: MODULE_VERSION_EXISTS\n/,
    ),
  })
  await run(...publish('2.0.0'))
  expect((await run('module', 'list', '--search', 'cidr', '--plain')).stdout).toMatch(/^acme\/vpc\/aws\t2\.0\.0\t/)
  expect((await run('module', 'show', 'acme/vpc/aws', '1.0.0', '--plain')).stdout).toContain('input\tcidr\tstring\t"10.0.0.0/8"\t\n')
  expect((await run('module', 'diff', 'acme/vpc/aws', '1.0.0', '2.0.0', '--plain')).stdout).toMatch(/^~\tBREAKING\tinput \w+\tcidr\t/)

  await run('module', 'deprecate', 'acme/vpc/aws', '1.0.0', '--message', 'Old', '--successor', '2.0.0')
  expect((await run('module', 'show', 'acme/vpc/aws', '--plain')).stdout).toContain('version\t1.0.0\tdeprecated: Old (use 2.0.0)\t')
  await run('module', 'undeprecate', 'acme/vpc/aws', '1.0.0')
  await run('module', 'yank', 'acme/vpc/aws', '1.0.0', '--reason', 'Wrong', '--force')
  expect(await home.run(['module', 'show', 'acme/vpc/aws', '1.0.0'], { env: { TERRACE_SERVER: url } })).toMatchObject({
    code: 3,
    stderr: expect.stringContaining('it was withdrawn: Wrong'),
  })
}, 60_000)

test('somebody gets a role of their own kind, and loses it again', async () => {
  const { home, url, run } = await openRegistry()
  await writeFile(join(home.folder, 'mia-password'), 'seven yellow bicycles\n')
  await run('org', 'role', 'create', 'default', 'release', '--scope', 'modules:write', '--description', 'Publishes modules')
  await run('org', 'member', 'add', 'default', 'mia', '--role', 'release', '--new', '--password-file', 'mia-password')
  await run('user', 'edit', 'mia', '--email', 'Mia@example.com', '--display-name', 'Mia Long')
  expect(JSON.parse((await run('user', 'show', 'mia', '--json')).stdout)).toMatchObject({
    email: 'mia@example.com',
    roles: [{ organization: 'default', role: 'release' }],
  })
  await run('namespace', 'create', 'network', '--private')
  expect((await run('namespace', 'list', '--plain')).stdout).toBe('network\tdefault\tprivate\tada\n')
  expect((await run('org', 'show', 'default', '--plain')).stdout).toContain('namespaces\t1\n')

  await run('login', '--username', 'mia', '--password-file', 'mia-password')
  expect((await run('whoami', '--plain')).stdout).toContain('role in default\trelease\n')
  const denied = await home.run(['user', 'list'], { env: { TERRACE_SERVER: url } })
  expect(denied).toMatchObject({ code: 4, stderr: expect.stringContaining('users:read') })

  await run('login', '--username', 'ada', '--password-file', 'password')
  const busy = await home.run(['org', 'role', 'delete', 'default', 'release', '--force'], { env: { TERRACE_SERVER: url } })
  expect(busy).toMatchObject({ code: 5, stderr: expect.stringContaining('1 member has it') })
  await run('org', 'member', 'set', 'default', 'mia', '--role', 'viewer')
  await run('org', 'role', 'delete', 'default', 'release', '--force')
  await run('user', 'password', 'mia', '--password-file', 'password')
  await run('user', 'disable', 'mia', '--force')
  expect((await run('user', 'list', '--disabled', '--plain')).stdout).toMatch(/^mia\t/)
  await run('user', 'delete', 'mia', '--force')
  await run('namespace', 'delete', 'network', '--force')
  const last = await home.run(['user', 'delete', 'ada', '--force'], { env: { TERRACE_SERVER: url } })
  expect(last).toMatchObject({ code: 5, stderr: expect.stringContaining('nobody else administers the registry') })
})
