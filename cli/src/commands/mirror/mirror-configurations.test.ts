import { describe, expect, onTestFinished, test } from 'vitest'
import { page, problem, startFakeApi } from '../../testing/fake-api.ts'
import { terraceHome } from '../../testing/run-terrace.ts'

const BASE = '/api/v1/admin/mirrors'
const MIRROR = {
  id: 'm1',
  name: 'aws',
  organization: 'default',
  upstream: 'registry.terraform.io',
  namespaces: ['acme'],
  providers: ['hashicorp/aws'],
  versions: [],
  platforms: ['linux_amd64'],
  keep_newest: 3,
  cool_down_days: 7,
  prereleases: false,
  interval_hours: 24,
  enabled: true,
  next_run_at: '2026-03-01T12:30:00.000Z',
  failures: 0,
  current_job_id: 'j1',
  created_at: '2026-03-01T12:00:00.000Z',
  created_by: 'ada',
}

async function run(routes: Parameters<typeof startFakeApi>[1], ...args: string[]) {
  const home = await terraceHome(onTestFinished)
  const { url, requests } = await startFakeApi(onTestFinished, routes)
  const result = await home.run(['mirror', ...args, '--server', url])
  return { ...result, requests, body: requests[0] && JSON.parse(requests[0].body.toString() || 'null') }
}

const LEFT_OUT = [
  {
    reason: 'constraint',
    providers: 2,
    versions: 12,
    examples: [{ provider: 'hashicorp/aws', versions: ['4.9.0', '4.8.0'], why: 'No version constraint of the mirror matches' }],
  },
]
const LEFT_OUT_LINES = [
  'Left out (constraint): 12 versions of 2 providers',
  '  hashicorp/aws 4.9.0, 4.8.0: No version constraint of the mirror matches',
]

describe('mirror create and edit', () => {
  test('send what the flags name, and nothing else', async () => {
    const flags = [
      '--provider',
      'hashicorp/aws',
      '--namespace',
      'acme',
      '--keep-newest',
      '3',
      '--cool-down',
      '7',
      '--platform',
      'linux_amd64',
    ]
    const { code, body, stdout } = await run({ [`POST ${BASE}`]: { status: 201, json: MIRROR } }, 'create', 'aws', ...flags)
    expect(code).toBe(0)
    expect(body).toEqual({
      name: 'aws',
      upstream: 'registry.terraform.io',
      providers: ['hashicorp/aws'],
      namespaces: ['acme'],
      keep_newest: 3,
      cool_down_days: 7,
      platforms: ['linux_amd64'],
      enabled: true,
    })
    expect(stdout).toContain('acme/*, hashicorp/aws')
  })

  test('a limit is taken back with "all"', async () => {
    const edited = await run({ [`PATCH ${BASE}/aws`]: { json: MIRROR } }, 'edit', 'aws', '--keep-newest', 'all', '--no-prereleases')
    expect([edited.code, edited.body]).toEqual([0, { keep_newest: null, prereleases: false }])
  })

  test.each([
    ['edit', 'aws'],
    ['edit', 'aws', '--every', 'daily'],
    ['create', 'aws', '--keep-newest', '0'],
  ])('%s %s %s %s is refused before anything is sent', async (...args) => {
    const { code, requests } = await run({}, ...args)
    expect([code, requests]).toEqual([2, []])
  })
})

describe('mirror list, show and history', () => {
  test('a list has one line for each, for scripts by tabs', async () => {
    const { stdout } = await run({ [`GET ${BASE}`]: page([MIRROR]) }, 'list', '--plain')
    expect(stdout).toMatch(/^aws\tregistry\.terraform\.io\tacme\/\*,hashicorp\/aws\t24 h\t/)
  })

  test('show tells settings and state', async () => {
    const status = { mirror: { ...MIRROR, failures: 2, enabled: false }, state: 'paused', job: null, versions_seen: 5, versions_brought: 3 }
    const { stdout } = await run({ [`GET ${BASE}/aws/status`]: { json: status } }, 'show', 'aws')
    for (const part of ['paused', '3 brought of 5 seen', '2 runs in a row', 'none yet']) expect(stdout).toContain(part)
  })

  test('history tells counts, errors and what was left out', async () => {
    const errors = [{ code: 'CHECKSUM_MISMATCH', message: 'Cannot verify it', count: 2 }]
    const row = {
      run: 4,
      job_id: 'j4',
      state: 'failed',
      started_because: 'schedule',
      started_by: 'mirror schedule',
      scope: {},
      errors,
      left_out: LEFT_OUT,
    }
    const sums = { started_at: MIRROR.created_at, finished_at: MIRROR.created_at, packages: 3, fetched: 1, failed: 2, bytes: 1000 }
    const { stdout, stderr } = await run({ [`GET ${BASE}/aws/history`]: page([{ ...row, ...sums }]) }, 'history', 'aws')
    expect(stderr.trimEnd().split('\n')).toEqual(LEFT_OUT_LINES)
    for (const part of ['1/3', 'CHECKSUM_MISMATCH × 2', 'constraint × 12', 'j4']) expect(stdout).toContain(part)
  })

  test('versions tell which run brought them', async () => {
    const row = { provider: 'registry.terraform.io/hashicorp/aws', version: '5.31.0', first_seen_at: MIRROR.created_at, published_at: null }
    const brought = {
      ...row,
      brought: true,
      run: 4,
      job_id: 'j4',
      state: 'held',
      packages: 2,
      signed_by: 'ABCD',
      verification_warning: null,
    }
    const args = ['versions', 'aws', '--provider', 'hashicorp/aws', '--brought', '--plain']
    const { stdout, requests } = await run({ [`GET ${BASE}/aws/versions`]: page([brought]) }, ...args)
    expect(stdout).toMatch(/^registry.terraform.io\/hashicorp\/aws\t5\.31\.0\t.*\t4\theld\t2\tABCD\n$/)
    expect(requests[0]?.url).toContain('provider=hashicorp%2Faws&brought=true')
  })

  test('a mirror that is not there leads to the list', async () => {
    const missing = problem({ code: 'MIRROR_NOT_FOUND', status: 404, detail: 'Cannot show mirror "aws": there is no such mirror' })
    const { code, stderr } = await run({ [`GET ${BASE}/aws/status`]: missing }, 'show', 'aws')
    expect(code).toBe(3)
    expect(stderr).toContain('terrace mirror list')
  })
})

describe('mirror plan', () => {
  const plan = {
    versions: [
      {
        provider: 'registry.terraform.io/hashicorp/aws',
        version: '5.31.0',
        bytes: 2_000_000,
        packages: [{ platform: 'linux_amd64', bytes: 2_000_000 }],
      },
    ],
    packages: 1,
    bytes: 2_000_000,
    measured: 0,
    held: 4,
    blocked: [
      { provider: 'registry.terraform.io/hashicorp/aws', version: '5.32.0', reason: 'cool_down', why: 'It is too young', until: null },
    ],
    left_out: LEFT_OUT,
    problems: [{ object: 'x', code: 'PROVIDER_NOT_FOUND', message: 'Cannot list the versions' }],
    free_bytes: 1_000_000,
    fits: false,
  }

  test('writes versions as data, and tells the rest', async () => {
    const { stdout, stderr, body } = await run({ [`POST ${BASE}/aws/plan`]: { json: plan } }, 'plan', 'aws', '--provider', 'hashicorp/aws')
    expect(body).toEqual({ scope: { provider: 'hashicorp/aws' } })
    expect(stdout).toContain('5.31.0')
    for (const part of [
      ...LEFT_OUT_LINES,
      '1 estimated',
      '4 held already',
      '5.32.0: It is too young',
      'Cannot list the versions',
      'does not fit',
    ])
      expect(stderr).toContain(part)
  })
})

describe('mirror sync, pause, resume, cancel and delete', () => {
  test('sync writes the id of the job', async () => {
    const { stdout, body } = await run({ [`POST ${BASE}/aws/sync`]: { status: 202, json: { job_id: 'j1', id: 'j1' } } }, 'sync', 'aws')
    expect([stdout, body]).toEqual(['j1\n', { scope: {} }])
  })

  test.each([
    ['pause', { json: { cancelled: 2 } }, 'stopped 2 items'],
    ['resume', { status: 204 }, 'back in the schedule'],
    ['cancel', { json: { cancelled: 1 } }, 'Stopped 1 item'],
  ])('%s tells what it did', async (verb, reply, text) => {
    const { code, stderr } = await run({ [`POST ${BASE}/aws/${verb}`]: reply }, verb, 'aws')
    expect([code, stderr]).toEqual([0, expect.stringContaining(text)])
  })

  test('delete asks first', async () => {
    const routes = { [`DELETE ${BASE}/aws`]: { status: 204 } }
    expect((await run(routes, 'delete', 'aws', '--no-input')).requests).toEqual([])
    expect((await run(routes, 'delete', 'aws', '--force')).code).toBe(0)
  })
})
