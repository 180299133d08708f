import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { page, problem, type Responder, startFakeApi } from '../../testing/fake-api.ts'
import { terraceHome } from '../../testing/run-terrace.ts'

const ID = '01927f3e-8f5a-7c43-9d6e-2b1a0c4d5e6f'
const MIA = {
  id: ID,
  username: 'mia',
  display_name: 'Mia Long',
  email: 'mia@example.com',
  scopes: ['audit:read'],
  roles: [{ organization: 'default', role: 'publisher', scopes: ['modules:write'] }],
  disabled: false,
  created_at: '2026-03-01T12:00:00.000Z',
  last_sign_in_at: null,
}
const AMIA = { ...MIA, id: ID.replace('0', '1'), username: 'amia' }

async function run(routes: Readonly<Record<string, Responder>>, args: readonly string[], input?: string) {
  const home = await terraceHome(onTestFinished)
  const { url, requests } = await startFakeApi(onTestFinished, routes)
  await writeFile(join(home.folder, 'password'), 'seven yellow bicycles\n')
  const outcome = await home.run(['user', ...args], { env: { TERRACE_SERVER: url, TERRACE_TOKEN: 'tfr_key' }, ...(input && { input }) })
  const bodies = requests.map(({ body }) => (body.length === 0 ? undefined : JSON.parse(String(body))))
  return { ...outcome, calls: requests.map(({ method, url: path }) => `${method} ${path}`), bodies }
}

describe('user', () => {
  test('list searches and writes a line for each', async () => {
    const { stdout, calls } = await run({ 'GET /api/v1/users': page([MIA]) }, ['list', '--search', 'mi', '--disabled', '--plain'])
    expect(stdout).toBe(`mia\tMia Long\tmia@example.com\tdefault/publisher\taudit:read\t\tok\t${ID}\n`)
    expect(calls).toEqual(['GET /api/v1/users?q=mi&disabled=true&limit=100&offset=0'])
  })

  test('show finds the very name among those that are like it', async () => {
    const { stdout, calls } = await run({ 'GET /api/v1/users': page([AMIA, MIA]) }, ['show', 'MIA', '--json'])
    expect(JSON.parse(stdout)).toEqual({ schema_version: 1, ...MIA })
    expect(calls).toHaveLength(1)
  })

  test('show takes an id as it is', async () => {
    const { stdout } = await run({ [`GET /api/v1/users/${ID}`]: { json: MIA } }, ['show', ID, '--plain'])
    expect(stdout).toContain('role in default\tpublisher\n')
  })

  test('a name that nobody has ends with exit code 3', async () => {
    const { code, stderr, calls } = await run({ 'GET /api/v1/users': page([AMIA]) }, ['delete', 'mia', '--force'])
    expect({ code, stderr }).toEqual({ code: 3, stderr: 'Cannot delete user "mia": there is no such user\nRun: terrace user list\n' })
    expect(calls).toHaveLength(1)
  })

  test('create sends what is given, and the password from a file only', async () => {
    const flags = ['--email', 'mia@example.com', '--role', 'publisher', '--scope', 'audit:read', '--password-file', 'password']
    const { code, stdout, stderr, bodies } = await run({ 'POST /api/v1/users': { status: 201, json: MIA } }, ['create', 'mia', ...flags])
    expect({ code, stderr }).toEqual({ code: 0, stderr: 'Created user "mia"\n' })
    expect(stdout).not.toContain('bicycles')
    expect(bodies).toEqual([
      { username: 'mia', email: 'mia@example.com', role: 'publisher', scopes: ['audit:read'], password: 'seven yellow bicycles' },
    ])
  })

  test('create without a password says what comes next', async () => {
    const { stderr } = await run({ 'POST /api/v1/users': { status: 201, json: MIA } }, ['create', 'mia'])
    expect(stderr).toContain('terrace user password mia\n')
  })

  test.each([
    [['--email', ''], { email: null }],
    [['--display-name', 'Mia'], { display_name: 'Mia' }],
    [['--scope', 'audit:read', '--scope', 'users:read'], { scopes: ['audit:read', 'users:read'] }],
    [['--no-scopes'], { scopes: [] }],
  ])('edit %j sends %j', async (flags, body) => {
    const routes = { 'GET /api/v1/users': page([MIA]), [`PATCH /api/v1/users/${ID}`]: { json: MIA } }
    const { code, bodies } = await run(routes, ['edit', 'mia', ...flags])
    expect([code, bodies[1]]).toEqual([0, body])
  })

  test.each([
    [['edit', 'mia'], 'nothing to change is given'],
    [['edit', 'mia', '--scope', 'x', '--no-scopes'], 'Cannot use "--scope" together with "--no-scopes"'],
    [['delete', 'mia'], 'there is no terminal to ask on'],
    [['disable', 'mia'], 'there is no terminal to ask on'],
    [['password', 'mia', '--password', 'x'], 'unknown option "--password"'],
    [['create', 'mia', '--ask-password'], 'there is no terminal to ask on'],
  ])('%j is wrong usage, and nothing is sent', async (args, text) => {
    const { code, stderr, calls } = await run({}, args)
    expect({ code, calls }).toEqual({ code: 2, calls: [] })
    expect(stderr).toContain(text)
  })

  test.each([
    [['disable', 'mia', '--force'], { disabled: true }],
    [['enable', 'mia'], { disabled: false }],
  ])('%j sends %j', async (args, body) => {
    const routes = { 'GET /api/v1/users': page([MIA]), [`PATCH /api/v1/users/${ID}`]: { json: MIA } }
    expect((await run(routes, args)).bodies[1]).toEqual(body)
  })

  test('the last administrator is a conflict', async () => {
    const refused = problem({ code: 'LAST_ADMINISTRATOR', status: 409, detail: 'Cannot delete user "mia": nobody else', hint: 'Make one' })
    const { code, stderr } = await run({ [`DELETE /api/v1/users/${ID}`]: refused, 'GET /api/v1/users': page([MIA]) }, [
      'delete',
      'mia',
      '--force',
    ])
    expect({ code, stderr }).toEqual({ code: 5, stderr: expect.stringContaining('nobody else\nMake one\n') })
  })

  test('password of somebody else is set, and it is told what ends', async () => {
    const done = { json: { sessions_revoked: 1, api_keys_kept: 2 } }
    const routes = { 'GET /api/v1/users': page([MIA]), [`PUT /api/v1/users/${ID}/password`]: done }
    const { stderr, bodies } = await run(routes, ['password', 'mia', '--password-stdin'], 'seven yellow bicycles\n')
    expect(bodies[1]).toEqual({ new_password: 'seven yellow bicycles' })
    expect(stderr).toBe('Changed the password; 1 session ended, 2 API keys stay valid\n')
  })

  test('the own password needs the current one', async () => {
    const routes = { 'PUT /api/v1/auth/password': { json: { sessions_revoked: 1, api_keys_kept: 0 } } }
    const args = ['password', '--current-password-file', 'password', '--password-stdin']
    const { bodies } = await run(routes, args, 'eight yellow bicycles\n')
    expect(bodies).toEqual([{ current_password: 'seven yellow bicycles', new_password: 'eight yellow bicycles' }])
  })
})
