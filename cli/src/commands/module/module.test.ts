import { describe, expect, onTestFinished, test } from 'vitest'
import { page, problem, startFakeApi } from '../../testing/fake-api.ts'
import { terraceHome } from '../../testing/run-terrace.ts'

const BASE = '/api/v1/modules/acme/vpc/aws'
const VERSION = {
  id: 'v1',
  version: '1.2.0',
  state: 'published',
  sha256: 'aa',
  size: 12_300,
  commit: null,
  published_at: '2026-03-01T12:30:45.000Z',
  published_by: 'ada',
  deprecation_message: null,
  successor: null,
  deleted_reason: null,
  downloads: 7,
}
const DEPRECATED = { ...VERSION, version: '1.1.0', state: 'deprecated', deprecation_message: 'Leaks', successor: '1.2.0' }
const DELETED = { ...VERSION, version: '1.0.0', state: 'deleted', deleted_reason: 'Wrong' }
const MODULE = {
  namespace: 'acme',
  name: 'vpc',
  system: 'aws',
  description: 'A network',
  source: null,
  deprecated: false,
  deprecation_message: null,
  successor: null,
  created_at: '2026-01-01T00:00:00.000Z',
  latest: '1.2.0',
}
const INPUT = {
  type: 'string',
  description: '',
  default: null,
  required: true,
  sensitive: false,
  nullable: true,
  ephemeral: false,
  validation: [],
}
const DETAIL = {
  module: MODULE,
  version: VERSION,
  readme: '# VPC',
  analysis: {
    root: {
      inputs: [
        { ...INPUT, name: 'cidr', description: 'Range\u001b[2J' },
        { ...INPUT, name: 'key', required: false, default: '"x"', sensitive: true },
      ],
      outputs: [{ name: 'id', description: 'Its id', sensitive: true, ephemeral: false }],
      required_providers: [{ name: 'aws', source: 'registry.terraform.io/hashicorp/aws', version: '>= 5.0', configuration_aliases: [] }],
      required_version: '>= 1.5',
    },
    submodules: [{ path: 'modules/subnet' }],
    examples: [],
    problems: [],
  },
  systems: ['aws'],
  versions: ['1.2.0', '1.1.0'],
}
const SUMMARY = {
  namespace: 'acme',
  name: 'vpc',
  provider: 'aws',
  version: '1.2.0',
  published_at: '2026-03-01T12:30:45Z',
  downloads: 7,
  download_count: 9,
  description: 'A network',
  deprecated: false,
  deprecation_message: null,
}

async function terrace(routes: Parameters<typeof startFakeApi>[1], ...args: string[]) {
  const home = await terraceHome(onTestFinished)
  const { url, requests } = await startFakeApi(onTestFinished, routes)
  return { requests, host: new URL(url).host, ...(await home.run(['module', ...args, '--server', url])) }
}

describe('module list', () => {
  const ROUTES = { 'GET /api/v1/modules/search': page([SUMMARY]) }

  test('is a table by name, or by relevance of what is searched', async () => {
    const all = await terrace(ROUTES, 'list')
    expect(all.stdout.split('\n')[1]?.split(/ {2,}/)).toEqual(['acme/vpc/aws', '1.2.0', '2026-03-01 12:30', '9', 'ok', 'A network'])
    expect(all.requests[0]?.url).toBe('/api/v1/modules/search?sort=name&limit=100&offset=0')
    const some = await terrace(
      ROUTES,
      'list',
      '--search',
      'private net',
      '--namespace',
      'acme',
      '--system',
      'aws',
      '--limit',
      '5',
      '--json',
    )
    expect(some.requests[0]?.url).toBe('/api/v1/modules/search?q=private+net&namespace=acme&system=aws&sort=relevance&limit=5&offset=0')
    expect(JSON.parse(some.stdout)).toEqual({ schema_version: 1, items: [SUMMARY], total: 1 })
  })

  test.each([
    [null, 'deprecated'],
    ['Use net', 'deprecated: Use net'],
  ])('tells what is deprecated: %s', async (deprecation_message, text) => {
    const routes = { 'GET /api/v1/modules/search': page([{ ...SUMMARY, deprecated: true, deprecation_message }]) }
    expect((await terrace(routes, 'list', '--plain')).stdout).toContain(`\t9\t${text}\tA network\n`)
  })

  test('knows its orders', async () => {
    expect(await terrace(ROUTES, 'list', '--sort', 'age')).toMatchObject({
      code: 2,
      stderr: 'Cannot sort by "age": the orders are relevance, name, downloads, date\n',
    })
  })
})

describe('module show', () => {
  const VERSIONS = { json: { items: [VERSION, DEPRECATED, DELETED] } }
  const ROUTES = { [`GET ${BASE}/versions`]: VERSIONS, [`GET ${BASE}`]: { json: DETAIL }, [`GET ${BASE}/1.2.0`]: { json: DETAIL } }

  test('shows inputs, outputs, providers and the state of every version', async () => {
    const { stdout, stderr, code } = await terrace(ROUTES, 'show', 'acme/vpc/aws')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toBe(`module       acme/vpc/aws
version      1.2.0
state        published
description  A network
published    2026-03-01 12:30 by ada
archive      12.3 kB, sha256:aa
downloads    7

INPUTS
cidr  string  required        Range?[2J
key   string  "x", sensitive

OUTPUTS
id  sensitive  Its id

PROVIDERS
terraform                                       >= 1.5
aws        registry.terraform.io/hashicorp/aws  >= 5.0

SUBMODULES
modules/subnet

VERSIONS
1.2.0  published                      2026-03-01 12:30  ada
1.1.0  deprecated: Leaks (use 1.2.0)  2026-03-01 12:30  ada
1.0.0  withdrawn: Wrong               2026-03-01 12:30  ada
`)
  })

  test('tells under --plain what a line is about, and gives all of it under --json', async () => {
    const plain = await terrace(ROUTES, 'show', 'acme/vpc/aws@v1.2', '--plain')
    expect(plain.requests.map(({ url }) => url)).toEqual([`${BASE}/versions`, `${BASE}/1.2.0`])
    expect(plain.stdout).toContain('input\tkey\tstring\t"x", sensitive\t\n')
    expect(plain.stdout).toContain('version\t1.0.0\twithdrawn: Wrong\t')
    const { stdout } = await terrace(ROUTES, 'show', 'acme/vpc/aws', '1.2.0', '--json')
    expect(JSON.parse(stdout)).toEqual({ schema_version: 1, ...DETAIL, versions: VERSIONS.json.items })
  })

  test.each([
    [null, null, 'deprecated'],
    ['Old', 'acme/net/aws', 'deprecated: Old (use acme/net/aws)'],
  ])('tells that the module is deprecated: %s, %s', async (deprecation_message, successor, text) => {
    const module = { ...MODULE, deprecated: true, deprecation_message, successor }
    const { stdout } = await terrace({ ...ROUTES, [`GET ${BASE}`]: { json: { ...DETAIL, module } } }, 'show', 'acme/vpc/aws', '--plain')
    expect(stdout).toContain(`fact\tmodule state\t${text}\n`)
  })

  test('shows the versions of a module of which none is left', async () => {
    const { code, stdout, stderr } = await terrace({ [`GET ${BASE}/versions`]: { json: { items: [DELETED] } } }, 'show', 'acme/vpc/aws')
    expect({ code, stderr }).toEqual({ code: 0, stderr: 'No version of acme/vpc/aws is left: all are withdrawn\n' })
    expect(stdout).toContain('1.0.0  withdrawn: Wrong')
  })

  test.each([
    ['MODULE_NOT_FOUND', 404, 'Run: terrace module list\n'],
    ['MODULE_VERSION_WITHDRAWN', 410, 'was withdrawn'],
  ])('%s is exit code 3', async (code, status, text) => {
    const refusal = problem({ code, status, detail: 'Cannot read module "x": it was withdrawn' })
    const outcome = await terrace({ [`GET ${BASE}/versions`]: refusal }, 'show', 'acme/vpc/aws')
    expect(outcome).toMatchObject({ code: 3, stderr: expect.stringContaining(text) })
  })
})

describe('module diff', () => {
  const NOTHING = { added: [], removed: [], changed: [] }
  const PART = { inputs: NOTHING, outputs: NOTHING, providers: NOTHING, resources: NOTHING, module_calls: NOTHING }
  const CHANGE = { name: 'x', from: null, to: null, breaking: false, why: 'new' }
  const REQUIRED = { ...CHANGE, name: 'cidr', aspect: 'default', from: '"a"', breaking: true, why: 'it is required now' }
  const DIFF = {
    ...PART,
    outputs: { ...NOTHING, added: [CHANGE] },
    submodules: {
      ...NOTHING,
      removed: [{ ...CHANGE, name: 'modules/a', breaking: true, why: 'gone' }],
      changed: [
        { ...CHANGE, name: 'modules/b', breaking: true, diff: { ...PART, inputs: { ...NOTHING, changed: [REQUIRED] }, breaking: true } },
      ],
    },
    breaking: true,
  }
  const diff = (json: unknown, ...flags: string[]) =>
    terrace({ [`GET ${BASE}/diff`]: { json } }, 'diff', 'acme/vpc/aws', 'v1.2', '2.0.0', ...flags)

  test('lists what breaks callers first, submodules included', async () => {
    const { code, stdout, stderr, requests } = await diff(DIFF, '--plain')
    expect(requests[0]?.url).toBe(`${BASE}/diff?from=1.2.0&to=2.0.0`)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '3 changes, 2 of them breaking\n' })
    expect(stdout.split('\n')).toEqual([
      '-\tBREAKING\tsubmodule\tmodules/a\t\t\tgone',
      '~\tBREAKING\tinput default\tmodules/b: cidr\t"a"\t\tit is required now',
      '+\t\toutput\tx\t\t\tnew',
      '',
    ])
  })

  test('is the answer of the API under --json', async () => {
    expect(JSON.parse((await diff(DIFF, '--json')).stdout)).toMatchObject({ from: '1.2.0', to: '2.0.0', ...DIFF })
  })

  test('says when nothing changes', async () => {
    const same = { ...PART, submodules: NOTHING, breaking: false }
    expect(await diff(same)).toMatchObject({ code: 0, stdout: '', stderr: 'For callers nothing changes from 1.2.0 to 2.0.0\n' })
  })

  test('fails under --exit-code when something breaks callers, and only then', async () => {
    expect(await diff(DIFF, '--exit-code')).toMatchObject({
      code: 1,
      stderr: '3 changes, 2 of them breaking\n"acme/vpc/aws 2.0.0" breaks callers of 1.2.0\n',
    })
    expect(await diff({ ...DIFF, breaking: false }, '--exit-code')).toMatchObject({ code: 0 })
  })
})

describe('module deprecate', () => {
  const DONE = { status: 204 }
  const ROUTES = { [`PATCH ${BASE}`]: DONE, [`PATCH ${BASE}/1.2.0`]: DONE }

  test.each([
    [
      ['deprecate', 'acme/vpc/aws', '--message', 'Old', '--successor', 'acme/net/aws'],
      BASE,
      { deprecated: true, message: 'Old', successor: 'acme/net/aws' },
    ],
    [['deprecate', 'acme/vpc/aws', '1.2.0'], `${BASE}/1.2.0`, { deprecated: true }],
    [['undeprecate', 'acme/vpc/aws', 'v1.2.0'], `${BASE}/1.2.0`, { deprecated: false }],
    [['undeprecate', 'acme/vpc/aws'], BASE, { deprecated: false }],
  ])('%j', async (args, url, body) => {
    const { code, stdout, stderr, requests } = await terrace(ROUTES, ...args)
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '', stderr: expect.stringContaining('acme/vpc/aws') })
    expect(requests).toMatchObject([{ method: 'PATCH', url }])
    expect(JSON.parse(String(requests[0]?.body))).toEqual(body)
  })

  test('of a module on another server is refused', async () => {
    const { code, requests } = await terrace(ROUTES, 'deprecate', 'registry.example.com/acme/vpc/aws')
    expect({ code, requests }).toEqual({ code: 2, requests: [] })
  })
})
