import { expect, onTestFinished, test } from 'vitest'
import { type Responder, startFakeApi } from '../../testing/fake-api.ts'
import { terraceHome } from '../../testing/run-terrace.ts'

const ID = '01927f3e-8f5a-7c43-9d6e-2b1a0c4d5e6f'
const KEY = {
  id: ID,
  name: 'ci',
  kind: 'key',
  prefix: 'tfr_abcdef',
  owner: { id: '1', username: 'ada' },
  organization: null,
  scopes: ['modules:write'],
  namespaces: ['acme'],
  state: 'expiring',
  created_at: '2029-01-01T00:00:00.000Z',
  expires_at: '2030-01-01T08:00:00.000Z',
  last_used_at: null,
}

async function run(routes: Readonly<Record<string, Responder>>, args: readonly string[]) {
  const home = await terraceHome(onTestFinished)
  const { url, requests } = await startFakeApi(onTestFinished, routes)
  const outcome = await home.run([...args, '--server', url], { env: { TERRACE_TOKEN: 'tfr_own' } })
  const body = requests[0] === undefined || requests[0].body.length === 0 ? undefined : JSON.parse(String(requests[0].body))
  return { ...outcome, requests, body }
}

test('key create says for which organisation and namespaces the key is', async () => {
  const args = ['key', 'create', 'ci', '--scope', 'modules:write', '--organization', 'acme', '--namespace', 'a', '--namespace', 'b']
  const { code, stdout, body } = await run({ 'POST /api/v1/apikeys': { status: 201, json: { ...KEY, key: 'tfr_secret' } } }, args)
  expect({ code, stdout, body }).toEqual({
    code: 0,
    stdout: 'tfr_secret\n',
    body: { name: 'ci', scopes: ['modules:write'], organization: 'acme', namespaces: ['a', 'b'] },
  })
})

test('key list shows states, last uses and limits', async () => {
  const pipeline = { ...KEY, id: '2', kind: 'ci', owner: null, namespaces: null, organization: { id: '1', name: 'acme' }, state: 'active' }
  const list = { json: { items: [KEY, pipeline], total: 2, limit: 100, offset: 0 } }
  const { stdout, requests } = await run({ 'GET /api/v1/apikeys': list }, ['key', 'list', '--all', '--plain'])
  expect(stdout.split('\n').map((line) => line.split('\t').slice(4))).toEqual([
    ['expiring', '2030-01-01 08:00', 'never', 'all', 'acme', 'ada'],
    ['active', '2030-01-01 08:00', 'never', 'acme', 'all', 'ci'],
    [],
  ])
  expect(requests[0]?.url).toContain('all=true')
})

test.each([
  [['--name', 'nightly', '--expires', 'never'], { name: 'nightly', expires_at: null }],
  [['--scope', 'modules:read', '--namespace', 'acme'], { scopes: ['modules:read'], namespaces: ['acme'] }],
  [['--all-namespaces'], { namespaces: null }],
])('key edit %j sends what is to change', async (flags, expected) => {
  const { code, body, stdout, stderr } = await run({ [`PUT /api/v1/apikeys/${ID}`]: { json: KEY } }, ['key', 'edit', ID, ...flags])
  expect({ code, body, stdout }).toEqual({ code: 0, body: expected, stdout: '' })
  expect(stderr).toBe('Changed API key "ci": modules:write; it ends on 2030-01-01 08:00 UTC\n')
})

test.each([[[]], [['--namespace', 'a', '--all-namespaces']], [['--expires', 'soon']]])('key edit %j is wrong usage', async (flags) => {
  const { code, requests } = await run({}, ['key', 'edit', ID, ...flags])
  expect({ code, requests }).toEqual({ code: 2, requests: [] })
})

test.each([
  [[], { grace_hours: 0 }, 'the old one is revoked'],
  [['--grace', '24h'], { grace_hours: 24 }, 'the old one works for 24 more hours'],
  [['--grace', '3d', '--expires', 'never'], { grace_hours: 72, expires_at: null }, 'the old one works for 72 more hours'],
])('key rotate %j writes the new key alone to standard output', async (flags, expected, said) => {
  const routes = { [`POST /api/v1/apikeys/${ID}/rotate`]: { status: 201, json: { ...KEY, key: 'tfr_secret' } } }
  const { code, body, stdout, stderr } = await run(routes, ['key', 'rotate', ID, ...flags])
  expect({ code, body, stdout }).toEqual({ code: 0, body: expected, stdout: 'tfr_secret\n' })
  expect(stderr).toContain(said)
})

test.each(['73', '4d', '-1', '1.5', 'day', '1w'])('key rotate --grace %s is wrong usage', async (grace) => {
  const { code, stderr, requests } = await run({}, ['key', 'rotate', ID, `--grace=${grace}`])
  expect({ code, requests }).toEqual({ code: 2, requests: [] })
  expect(stderr).toContain(`Cannot use grace "${grace}"`)
})
