import { describe, expect, onTestFinished, test } from 'vitest'
import { page, problem, type Responder, startFakeApi } from '../../testing/fake-api.ts'
import { terraceHome } from '../../testing/run-terrace.ts'

const ID = '01927f3e-8f5a-7c43-9d6e-2b1a0c4d5e6f'
const BASE = '/api/v1/organizations'
const ACME = {
  id: ID,
  name: 'acme',
  display_name: 'Acme Ltd',
  members: 2,
  namespaces: 1,
  created_at: '2026-03-01T12:00:00.000Z',
  created_by: 'ada',
}
const MIA = {
  user_id: ID,
  username: 'mia',
  display_name: null,
  disabled: false,
  role: { id: 'r1', name: 'publisher', scopes: ['modules:write'] },
  granted_by: null,
  created_at: '2026-03-01T12:00:00.000Z',
}
const ROLE = {
  id: 'r2',
  name: 'release',
  description: 'Releases',
  scopes: ['modules:write'],
  system: false,
  created_at: '2026-03-01T12:00:00.000Z',
}
const VIEWER = { ...ROLE, id: 'r3', name: 'viewer', system: true }

async function run(routes: Readonly<Record<string, Responder>>, args: readonly string[]) {
  const home = await terraceHome(onTestFinished)
  const { url, requests } = await startFakeApi(onTestFinished, routes)
  const outcome = await home.run(args, { env: { TERRACE_SERVER: url, TERRACE_TOKEN: 'tfr_key' } })
  const sent = requests.map(({ method, url: path, body }) => [
    `${method} ${path}`,
    body.length === 0 ? undefined : JSON.parse(String(body)),
  ])
  return { ...outcome, sent }
}

describe('org', () => {
  test('list and show', async () => {
    const routes = { [`GET ${BASE}`]: page([ACME]), [`GET ${BASE}/acme`]: { json: ACME } }
    expect((await run(routes, ['org', 'list', '--plain'])).stdout).toBe('acme\tAcme Ltd\t2\t1\n')
    expect((await run(routes, ['org', 'show', 'acme', '--plain'])).stdout).toContain('created\t2026-03-01 12:00 by ada\n')
  })

  test('create names the next step, and tells why one tenant is all', async () => {
    const args = ['org', 'create', 'acme', '--display-name', 'Acme Ltd']
    const { sent, stderr } = await run({ [`POST ${BASE}`]: { status: 201, json: ACME } }, args)
    expect(sent).toEqual([[`POST ${BASE}`, { name: 'acme', display_name: 'Acme Ltd' }]])
    expect(stderr).toContain('terrace org member add acme USER --role admin')
    const refused = problem({ code: 'MULTI_TENANCY_OFF', status: 409, detail: 'Cannot create', hint: 'Set "multi_tenancy.enabled"' })
    expect(await run({ [`POST ${BASE}`]: refused }, args)).toMatchObject({
      code: 5,
      stderr: expect.stringContaining('multi_tenancy.enabled'),
    })
  })

  test('edit and delete', async () => {
    const routes = {
      [`PATCH ${BASE}/acme`]: { status: 204 },
      [`GET ${BASE}/acme`]: { json: ACME },
      [`DELETE ${BASE}/acme`]: { status: 204 },
    }
    expect((await run(routes, ['org', 'edit', 'acme', 'Acme & Sons'])).sent[0]).toEqual([
      `PATCH ${BASE}/acme`,
      { display_name: 'Acme & Sons' },
    ])
    expect(await run(routes, ['org', 'delete', 'acme'])).toMatchObject({ code: 2, sent: [] })
    expect(await run(routes, ['org', 'delete', 'acme', '--force'])).toMatchObject({ code: 0, stderr: 'Deleted organisation "acme"\n' })
  })
})

describe('org member', () => {
  const MEMBERS = `${BASE}/acme/members`

  test('list shows roles', async () => {
    const { stdout } = await run({ [`GET ${MEMBERS}`]: page([MIA]) }, ['org', 'member', 'list', 'acme', '--plain'])
    expect(stdout).toBe(`mia\t\tpublisher\thand\tok\t${ID}\n`)
  })

  test.each([
    [['mia', '--role', 'publisher'], { user: 'mia', role: 'publisher' }],
    [['mia', '--role', 'viewer', '--new', '--email', 'm@example.com'], { username: 'mia', role: 'viewer', email: 'm@example.com' }],
  ])('add %j sends %j', async (args, body) => {
    const { sent } = await run({ [`POST ${MEMBERS}`]: { status: 201, json: MIA } }, ['org', 'member', 'add', 'acme', ...args])
    expect(sent).toEqual([[`POST ${MEMBERS}`, body]])
  })

  test('set and remove take the user name', async () => {
    const routes = {
      [`GET ${MEMBERS}`]: page([MIA]),
      [`PUT ${MEMBERS}/${ID}`]: { json: MIA },
      [`DELETE ${MEMBERS}/${ID}`]: { status: 204 },
    }
    const set = await run(routes, ['org', 'member', 'set', 'acme', 'Mia', '--role', 'release'])
    expect(set.sent[1]).toEqual([`PUT ${MEMBERS}/${ID}`, { role: 'release' }])
    const remove = await run(routes, ['org', 'member', 'remove', 'acme', ID, '--force'])
    expect(remove.sent).toEqual([[`DELETE ${MEMBERS}/${ID}`, undefined]])
    const nobody = await run(routes, ['org', 'member', 'remove', 'acme', 'noah', '--force'])
    expect(nobody).toMatchObject({ code: 3, stderr: expect.stringContaining('Run: terrace org member list acme') })
  })

  test.each([
    [['org', 'member', 'add', 'acme', 'mia'], 'no role is given'],
    [['org', 'member', 'add', 'acme', 'mia', '--role', 'x', '--email', 'y@z'], 'only for a new user'],
    [
      ['org', 'member', 'lst', 'acme'],
      'Cannot run "terrace org member lst": unknown command "lst". Did you mean "list"?\nRun: terrace org member --help\n',
    ],
    [['org', 'membr'], 'Did you mean "member"?\nRun: terrace org --help\n'],
    [['org', 'member', 'set', 'acme'], 'Cannot run "terrace org member set": missing required argument "user"\n'],
  ])('%j is wrong usage', async (args, text) => {
    const { code, stderr, sent } = await run({}, args)
    expect({ code, sent }).toEqual({ code: 2, sent: [] })
    expect(stderr).toContain(text)
  })

  test('a noun of two words shows its commands', async () => {
    const home = await terraceHome(onTestFinished)
    const { code, stdout } = await home.run(['help', 'org', 'member'])
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/^Say who has which role in an organisation\n/) })
  })
})

describe('org role', () => {
  const ROLES = `${BASE}/acme/role-templates`

  test('list shows the own ones and those of the product', async () => {
    const routes = { [`GET ${ROLES}`]: page([ROLE]), 'GET /api/v1/role-templates': page([VIEWER]) }
    const { stdout } = await run(routes, ['org', 'role', 'list', 'acme', '--plain'])
    expect(stdout.split('\n').map((line) => line.split('\t').slice(0, 2))).toEqual([
      ['release', 'the organisation'],
      ['viewer', 'Terrace'],
      [''],
    ])
    expect((await run(routes, ['org', 'role', 'list'])).sent).toHaveLength(1)
  })

  test('create, edit and delete', async () => {
    const routes = {
      [`POST ${ROLES}`]: { status: 201, json: ROLE },
      [`PATCH ${ROLES}/release`]: { json: ROLE },
      [`DELETE ${ROLES}/release`]: { status: 204 },
    }
    const create = await run(routes, ['org', 'role', 'create', 'acme', 'release', '--scope', 'modules:write', '--description', 'Releases'])
    expect(create.sent).toEqual([[`POST ${ROLES}`, { name: 'release', scopes: ['modules:write'], description: 'Releases' }]])
    const edit = await run(routes, ['org', 'role', 'edit', 'acme', 'release', '--scope', 'modules:read'])
    expect(edit.sent).toEqual([[`PATCH ${ROLES}/release`, { scopes: ['modules:read'] }]])
    expect((await run(routes, ['org', 'role', 'delete', 'acme', 'release', '--force'])).code).toBe(0)
  })

  test.each([
    [['create', 'acme', 'x'], 'no scope is given'],
    [['edit', 'acme', 'x'], 'nothing to change is given'],
  ])('%j is wrong usage', async (args, text) => {
    expect(await run({}, ['org', 'role', ...args])).toMatchObject({ code: 2, sent: [], stderr: expect.stringContaining(text) })
  })
})
