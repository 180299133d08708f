import { describe, expect, onTestFinished, test } from 'vitest'
import { page, type Responder, startFakeApi } from '../../testing/fake-api.ts'
import { terraceHome } from '../../testing/run-terrace.ts'

const POLICIES = '/api/v1/admin/mirror-policies'
const APPROVALS = '/api/v1/admin/mirror-approvals'
const POLICY = {
  id: '7',
  name: 'Ask first',
  priority: 50,
  effect: 'require_approval',
  upstream: '*',
  namespace: 'acme',
  type: '*',
  version: null,
  organization: null,
  reason: 'New here',
  enabled: true,
  created_at: '2026-03-01T12:00:00.000Z',
  created_by: 'ada',
}
const APPROVAL = {
  id: '9',
  kind: 'approval',
  address: 'registry.example.com/acme/widget',
  version: '1.0.0',
  state: 'pending',
  reason: 'Needed',
  requested_by: 'bob',
  created_at: '2026-03-01T12:00:00.000Z',
  needed: 2,
  approvals: 1,
  decided_at: null,
  decisions: [],
}
const ANSWER = { decision: 'allowed', allowed: true, rule: 'Ask first', why: ['It was approved'], held_until: null, rules: [] }
const ROUTES = {
  [`GET ${POLICIES}`]: page([POLICY]),
  [`POST ${POLICIES}`]: { status: 201, json: POLICY },
  [`PATCH ${POLICIES}/7`]: { json: POLICY },
  [`DELETE ${POLICIES}/7`]: { status: 204 },
  [`POST ${POLICIES}/test`]: { json: ANSWER },
  [`GET ${APPROVALS}`]: page([APPROVAL]),
  [`POST ${APPROVALS}`]: { status: 201, json: APPROVAL },
  [`POST ${APPROVALS}/override`]: { status: 201, json: { ...APPROVAL, kind: 'cool_down', state: 'approved' } },
  [`POST ${APPROVALS}/9/approve`]: { json: { ...APPROVAL, state: 'approved' } },
  [`POST ${APPROVALS}/9/reject`]: { json: { ...APPROVAL, state: 'rejected' } },
}

async function run(args: readonly string[], routes: Readonly<Record<string, Responder>> = ROUTES) {
  const home = await terraceHome(onTestFinished)
  const { url, requests } = await startFakeApi(onTestFinished, routes)
  const outcome = await home.run(['mirror', ...args], { env: { TERRACE_SERVER: url, TERRACE_TOKEN: 'tfr_key' } })
  const sent = requests
    .filter(({ method }) => method !== 'GET')
    .map(({ method, url: path, body }) => [`${method} ${path}`, body.length === 0 ? undefined : JSON.parse(String(body))])
  return { ...outcome, sent, asked: requests.map(({ url: path }) => path) }
}

describe('mirror policy', () => {
  test('list shows them in the order of the server', async () => {
    const { stdout } = await run(['policy', 'list', '--plain'])
    expect(stdout).toBe('50\tAsk first\trequire_approval\t*/acme/*\tall\tall\tNew here\n')
  })

  test('create writes the id', async () => {
    const flags = ['--priority', '50', '--effect', 'deny', '--namespace', 'acme', '--version-constraint', '>= 2.0', '--reason', 'New here']
    const { code, stdout, sent } = await run(['policy', 'create', 'Ask first', ...flags])
    expect({ code, stdout }).toEqual({ code: 0, stdout: '7\n' })
    const body = { name: 'Ask first', priority: 50, effect: 'deny', namespace: 'acme', version: '>= 2.0', reason: 'New here' }
    expect(sent).toEqual([[`POST ${POLICIES}`, body]])
  })

  test.each([
    [['edit', 'Ask first', '--disable', '--version-constraint', 'any'], `PATCH ${POLICIES}/7`, { enabled: false, version: null }],
    [['edit', '7', '--priority', '-3', '--organization', 'acme'], `PATCH ${POLICIES}/7`, { priority: -3, organization: 'acme' }],
    [['delete', 'Ask first', '--force'], `DELETE ${POLICIES}/7`, undefined],
  ])('%j sends %s', async (args, request, body) => {
    expect(await run(['policy', ...args])).toMatchObject({ code: 0, sent: [[request, body]] })
  })

  test.each([
    [['create', 'x', '--effect', 'deny'], '--priority and --effect must be given'],
    [['create', 'x', '--priority', 'high', '--effect', 'deny'], 'Cannot use priority "high"'],
    [['create', 'x', '--priority', '1', '--effect', 'maybe'], 'Use one of allow, deny, require_approval'],
    [['edit', '7'], 'nothing to change is given'],
    [['edit', '7', '--enable', '--disable'], 'Cannot use "--enable" together with "--disable"'],
    [['delete', '7'], 'there is no terminal to ask on'],
  ])('%j is wrong usage, and nothing is sent', async (args, text) => {
    expect(await run(['policy', ...args])).toMatchObject({ code: 2, sent: [], stderr: expect.stringContaining(text) })
  })

  test('edit of one that is not there is not found', async () => {
    expect(await run(['policy', 'edit', 'nothing', '--enable'])).toMatchObject({
      code: 3,
      sent: [],
      stderr: expect.stringContaining('Cannot find mirror policy "nothing"'),
    })
  })

  test('test tells the decision and why', async () => {
    const { code, stdout, stderr, sent } = await run(['policy', 'test', 'acme/widget', '1.0.0', '--on-demand'])
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'allowed\n' })
    expect(stderr).toContain('It was approved')
    expect(sent).toEqual([[`POST ${POLICIES}/test`, { address: 'acme/widget', version: '1.0.0', on_demand: true }]])
  })

  test('test fails when it would not be let in, and says what to do', async () => {
    const json = { ...ANSWER, decision: 'needs_approval', allowed: false }
    const { code, stdout, stderr } = await run(['policy', 'test', 'acme/widget'], { [`POST ${POLICIES}/test`]: { json } })
    expect({ code, stdout }).toEqual({ code: 1, stdout: 'needs_approval\n' })
    expect(stderr).toContain('terrace mirror approval request')
  })
})

describe('mirror approval', () => {
  test('list shows who asks for what', async () => {
    const { stdout, asked } = await run(['approval', 'list', '--state', 'pending', '--plain'])
    expect(stdout).toContain('\tapproval\tregistry.example.com/acme/widget\t1.0.0\tpending\t1 of 2\tbob\tNeeded\n')
    expect(asked).toEqual([`${APPROVALS}?state=pending&limit=100&offset=0`])
  })

  test.each([
    {
      args: ['request', 'acme/widget', '--reason', 'Needed'],
      path: '',
      body: { address: 'acme/widget', reason: 'Needed' },
      text: 'is pending (1 of 2',
    },
    {
      args: ['override', 'acme/widget', '1.0.0', '--reason', 'Fix'],
      path: '/override',
      body: { address: 'acme/widget', version: '1.0.0', reason: 'Fix' },
      text: 'is approved',
    },
    { args: ['approve', '9'], path: '/9/approve', body: {}, text: 'is approved' },
    { args: ['reject', '9', '--reason', 'No'], path: '/9/reject', body: { reason: 'No' }, text: 'is rejected' },
  ])('$args sends its body', async ({ args, path, body, text }) => {
    expect(await run(['approval', ...args])).toMatchObject({
      code: 0,
      stdout: '9\n',
      sent: [[`POST ${APPROVALS}${path}`, body]],
      stderr: expect.stringContaining(text),
    })
  })

  test.each([[['request', 'acme/widget']], [['override', 'acme/widget', '1.0.0', '--reason', ' ']]])('%j needs a reason', async (args) => {
    expect(await run(['approval', ...args])).toMatchObject({ code: 2, sent: [], stderr: expect.stringContaining('no reason is given') })
  })
})
