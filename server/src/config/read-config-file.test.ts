import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ConfigError } from './config-error.ts'
import { readConfigFile } from './read-config-file.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'terrace-config-file-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function read(name: string, text: string | Uint8Array) {
  await writeFile(join(folder, name), text)
  const { values, problems } = await readConfigFile(join(folder, name))
  return { values: Object.fromEntries([...values].map(([key, { value }]) => [key, value])), problems }
}

async function refusal(name: string, text: string | Uint8Array): Promise<string[]> {
  const error = await read(name, text).catch((thrown: unknown) => thrown)
  if (!(error instanceof ConfigError)) throw new TypeError(`"${name}" was read`)
  return error.problems.map(({ problem }) => problem)
}

const HCL = `
data_dir = "/var/lib/terrace" # one line
server {
  port            = 9090
  behind_proxy    = true
  trusted_proxies = ["10.0.0.0/8"]
}
storage "local" {
  path = "/srv/packages"
}
providers {
  trusted_keys {
    scope = "registry.terraform.io/hashicorp"
    file  = "hashicorp.asc"
  }
  trusted_keys {
    scope = "registry.example.com"
    file  = "example.asc"
  }
}
upstream "registry.terraform.io" {
  url     = "https://proxy.example.com"
  ca_file = "ca.pem"
}
upstream "registry.example.com" {}
`

const YAML = `
data_dir: /var/lib/terrace
server: {port: 9090, behind_proxy: true, trusted_proxies: [10.0.0.0/8]}
logging:
storage:
  local: {path: /srv/packages}
providers:
  trusted_keys:
    - {scope: registry.terraform.io/hashicorp, file: hashicorp.asc}
    - {scope: registry.example.com, file: example.asc}
upstream:
  registry.terraform.io: {url: https://proxy.example.com, ca_file: ca.pem}
  registry.example.com: {}
`

const VALUES = {
  data_dir: '/var/lib/terrace',
  'server.port': 9090,
  'server.behind_proxy': true,
  'server.trusted_proxies': ['10.0.0.0/8'],
  'storage.local.path': '/srv/packages',
  'providers.trusted_keys': [
    { scope: 'registry.terraform.io/hashicorp', file: 'hashicorp.asc' },
    { scope: 'registry.example.com', file: 'example.asc' },
  ],
  upstream: { 'registry.terraform.io': { url: 'https://proxy.example.com', ca_file: 'ca.pem' }, 'registry.example.com': {} },
}

describe('formats', () => {
  test.each([
    ['a.hcl', HCL],
    ['a.yaml', YAML],
    ['a.yml', YAML],
  ])('%s gives the settings', async (name, text) => {
    expect(await read(name, text)).toEqual({ values: VALUES, problems: [] })
  })

  test('JSON gives the settings, also with tabs', async () => {
    expect(await read('a.json', '{\n\t"server": {\n\t\t"port": 9090\n\t}\n}')).toEqual({ values: { 'server.port': 9090 }, problems: [] })
  })

  test('an empty YAML file sets nothing', async () => {
    expect(await read('empty.yaml', '# nothing\n')).toEqual({ values: {}, problems: [] })
  })
})

describe('refused files', () => {
  test.each([
    ['a.toml', 'a = 1', /must end in \.hcl, \.yaml, \.yml or \.json/],
    ['list.yaml', '- a\n', /must hold settings by name/],
    ['syntax.hcl', 'server {\n  port = \n}\n', /syntax\.hcl line 2, column 10: Invalid expression/],
    ['syntax.yaml', 'server:\n  port: [1\n', /at line 3, column 1/],
    ['twice.yaml', 'server: {port: 1}\nserver: {port: 2}\n', /Map keys must be unique at line 2/],
    ['syntax.json', '{"server": 1,}', /is not JSON at line 1 column 14/],
    ['expression.hcl', 'server {\n  port = var.port\n}\n', /line 2, column 10: Expression not allowed.*"server\.port"/],
    ['deep.hcl', `a = ${'['.repeat(100_000)}`, /nested too deeply|parsing takes longer/],
    ['latin.yaml', Uint8Array.of(0x61, 0x3a, 0x20, 0xe9), /is not UTF-8 text/],
    ['large.yaml', '#'.repeat(1_048_577), /is larger than 1048576 bytes/],
  ])('%s', async (name, text, problem) => {
    const problems = await refusal(name, text)
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatch(problem)
  })

  test('a missing file is told with the reason', async () => {
    await expect(readConfigFile(join(folder, 'none.yaml'))).rejects.toThrow('cannot be read: ENOENT')
  })

  // reliability.md: nothing that a file says may cost unbounded memory.
  test('aliases that multiply themselves are refused', async () => {
    const levels = Array.from({ length: 9 }, (_, level) => `l${level + 1}: &l${level + 1} [${`*l${level},`.repeat(9)}]`)
    expect(await refusal('bomb.yaml', ['l0: &l0 [x]', ...levels].join('\n'))).toEqual([expect.stringContaining('Excessive alias count')])
  })
})

describe('flaws inside a file', () => {
  test.each([
    ['unknown.yaml', 'sever: {port: 1}', { key: 'sever', problem: 'unknown setting', suggestion: 'server' }],
    ['section.yaml', 'server: 8080', { key: 'server', problem: 'is a section and holds settings by name' }],
    ['null.yaml', 'server: {port: }', { key: 'server.port', problem: 'has no value; give one or remove the line' }],
    ['prototype.json', '{"__proto__": {"port": 1}}', { key: '__proto__', problem: 'unknown setting' }],
    ['constructor.json', '{"constructor": 1}', { key: 'constructor', problem: 'unknown setting' }],
    ['twice.hcl', 'server {\n port = 1\n}\nserver {\n port = 2\n}\n', { key: 'server', problem: 'stands more than once' }],
    ['map.hcl', 'upstream "a.b" {}\nupstream "a.b" {}\n', { key: 'upstream."a.b"', problem: 'stands more than once' }],
  ])('%s', async (name, text, problem) => {
    expect((await read(name, text)).problems).toEqual([{ source: name, ...problem }])
  })
})
