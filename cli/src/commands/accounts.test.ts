import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { problem, type Responder, startFakeApi } from '../testing/fake-api.ts'
import { type TerraceHome, terraceHome } from '../testing/run-terrace.ts'

const SESSION = { token: 'session-token', expires_at: '2030-01-01T08:00:00.000Z' }
const ME: Responder = ({ headers }) =>
  headers.authorization === 'Bearer session-token'
    ? {
        json: {
          kind: 'session',
          user_id: '1',
          name: 'ada',
          scopes: ['providers:write'],
          organizations: [{ name: 'default', role: 'publisher' }],
        },
      }
    : problem({ code: 'TOKEN_REQUIRED', status: 401, detail: 'Cannot answer the request: it has no credential' })

const ROUTES = { 'POST /api/v1/auth/login': { json: SESSION }, 'GET /api/v1/auth/me': ME, 'POST /api/v1/auth/logout': { status: 204 } }

/** A home whose file `password` holds one. */
async function homeWithPassword(): Promise<TerraceHome> {
  const home = await terraceHome(onTestFinished)
  await writeFile(join(home.folder, 'password'), 'correct horse battery\n')
  return home
}

const credentialsOf = async ({ folder }: TerraceHome) => JSON.parse(await readFile(join(folder, 'config/terrace/credentials.json'), 'utf8'))

describe('login', () => {
  test('keeps the token for its owner only, and the next command uses it', async () => {
    const home = await homeWithPassword()
    const { url, requests } = await startFakeApi(onTestFinished, ROUTES)
    const login = await home.run(['login', url, '--username', 'ada', '--password-file', 'password'])
    expect(login).toMatchObject({ code: 0, stdout: '' })
    expect(login.stderr).toBe(`Signed in to ${url} as "ada" until 2030-01-01 08:00 UTC\nSee what you may do with: terrace whoami\n`)
    expect(JSON.parse(String(requests[0]?.body))).toEqual({ username: 'ada', password: 'correct horse battery' })
    expect((await stat(join(home.folder, 'config/terrace/credentials.json'))).mode & 0o777).toBe(0o600)
    expect((await stat(join(home.folder, 'config/terrace'))).mode & 0o777).toBe(0o700)
    const whoami = await home.run(['whoami', '--plain'])
    expect(whoami.stdout).toBe(
      `name\tada\nserver\t${url}\ncredential\tsession of "terrace login"\nscopes\tproviders:write\nrole in default\tpublisher\n`,
    )
  })

  test('shows no token, not even under --json --verbose', async () => {
    const home = await homeWithPassword()
    const { url } = await startFakeApi(onTestFinished, ROUTES)
    const { stdout, stderr } = await home.run(['login', url, '--username', 'ada', '--password-file', 'password', '--json', '-v'])
    expect(JSON.parse(stdout)).toEqual({ schema_version: 1, server: url, username: 'ada', expires_at: SESSION.expires_at })
    expect(stdout + stderr).not.toMatch(/session-token|correct horse/)
  })

  test('takes the password from standard input', async () => {
    const home = await terraceHome(onTestFinished)
    const { url, requests } = await startFakeApi(onTestFinished, ROUTES)
    const { code } = await home.run(['login', url, '--username', 'ada', '--password-stdin'], { input: 'with "quotes" and ümläut\r\n' })
    expect(code).toBe(0)
    expect(JSON.parse(String(requests[0]?.body)).password).toBe('with "quotes" and ümläut')
  })

  test.each([
    [['--username', 'ada'], 'Cannot ask for "Password": there is no terminal to ask on\nUse --password-file or --password-stdin\n'],
    [['--password-file', 'password'], 'Cannot ask for "User name": there is no terminal to ask on\nUse --username\n'],
    [['--username', 'ada', '--password-file', 'gone'], 'Cannot read the password from "gone": there is no such file\n'],
    [
      ['--username', 'ada', '--password-file', 'password', '--password-stdin'],
      'Cannot use "--password-file" together with "--password-stdin"\n',
    ],
  ])('%j without a terminal is wrong usage, and nothing is sent', async (flags, message) => {
    const home = await homeWithPassword()
    const { url, requests } = await startFakeApi(onTestFinished, ROUTES)
    expect(await home.run(['login', url, ...flags])).toMatchObject({ code: 2, stdout: '', stderr: message })
    expect(requests).toEqual([])
  })

  test('a password as the value of a flag is not even possible', async () => {
    const home = await terraceHome(onTestFinished)
    const { code, stderr } = await home.run(['login', 'https://h', '--password', 'secret'])
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('unknown option "--password"') })
  })
})

// `script` gives a pseudo-terminal; its flags differ elsewhere.
describe.skipIf(process.platform !== 'linux')('login on a terminal', () => {
  test('asks for what is missing and shows no password', async () => {
    const home = await terraceHome(onTestFinished)
    const { url, requests } = await startFakeApi(onTestFinished, ROUTES)
    const { code, stdout } = await home.runOnTerminal(['login', url], {
      answers: [
        ['User name: ', 'ada\r'],
        ['Password: ', 'hunter2 hunter2\r'],
      ],
    })
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('Signed in to') })
    expect(stdout).not.toContain('hunter2')
    expect(JSON.parse(String(requests[0]?.body))).toEqual({ username: 'ada', password: 'hunter2 hunter2' })
  })

  test('asks nothing under --no-input', async () => {
    const home = await terraceHome(onTestFinished)
    const { url } = await startFakeApi(onTestFinished, ROUTES)
    const { code, stdout } = await home.runOnTerminal(['login', url, '--no-input'])
    expect({ code, stdout }).toEqual({ code: 2, stdout: expect.stringContaining('Cannot ask for "User name": "--no-input" was given') })
  })

  test('ends at once when a hidden question is interrupted', async () => {
    const home = await terraceHome(onTestFinished)
    const { url, requests } = await startFakeApi(onTestFinished, ROUTES)
    const { code } = await home.runOnTerminal(['login', url, '--username', 'ada'], { answers: [['Password: ', '\u0003']] })
    expect(code).toBe(130)
    expect(requests).toEqual([])
  })
})

describe('the stored token', () => {
  test('goes to no other server', async () => {
    const home = await homeWithPassword()
    const [mine, other] = [await startFakeApi(onTestFinished, ROUTES), await startFakeApi(onTestFinished, ROUTES)]
    await home.run(['login', mine.url, '--username', 'ada', '--password-file', 'password'])
    const { code } = await home.run(['whoami', '--server', other.url])
    expect(code).toBe(4)
    expect(other.requests[0]?.headers.authorization).toBeUndefined()
  })

  test.each([
    ['--token-file', ['--token-file', 'key'], {}, 'from-file'],
    ['--token-stdin', ['--token-stdin'], {}, 'from-stdin'],
    ['TERRACE_TOKEN', [], { TERRACE_TOKEN: 'from-variable' }, 'from-variable'],
    ['--token-file before TERRACE_TOKEN', ['--token-file', 'key'], { TERRACE_TOKEN: 'from-variable' }, 'from-file'],
  ])('comes after %s', async (...[, flags, env, token]) => {
    const home = await homeWithPassword()
    await writeFile(join(home.folder, 'key'), 'from-file\n')
    const { url, requests } = await startFakeApi(onTestFinished, ROUTES)
    await home.run(['login', url, '--username', 'ada', '--password-file', 'password'])
    await home.run(['whoami', ...flags], { env: env as Record<string, string>, input: 'from-stdin\n' })
    expect(requests.at(-1)?.headers.authorization).toBe(`Bearer ${token}`)
  })
})

describe('logout', () => {
  test('revokes the session and forgets it', async () => {
    const home = await homeWithPassword()
    const { url, requests } = await startFakeApi(onTestFinished, ROUTES)
    await home.run(['login', url, '--username', 'ada', '--password-file', 'password'])
    // A key in a variable is not what signing out is about.
    const { code, stderr } = await home.run(['logout'], { env: { TERRACE_TOKEN: 'tfr_key' } })
    expect({ code, stderr }).toEqual({ code: 0, stderr: `Signed out from ${url}\n` })
    expect(requests.at(-1)).toMatchObject({ url: '/api/v1/auth/logout', headers: { authorization: 'Bearer session-token' } })
    expect(await credentialsOf(home)).toEqual({ version: 1, current: null, servers: {} })
  })

  test.each([
    ['which has ended already', problem({ code: 'TOKEN_INVALID', status: 401, detail: 'Cannot answer the request: wrong' }), 0],
    ['of which the server cannot be told', problem({ code: 'NOT_READY', status: 503, detail: 'Cannot answer the request: stopping' }), 6],
  ])('forgets a session %s', async (_name, reply, expected) => {
    const home = await homeWithPassword()
    const { url } = await startFakeApi(onTestFinished, { ...ROUTES, 'POST /api/v1/auth/logout': reply })
    await home.run(['login', url, '--username', 'ada', '--password-file', 'password'])
    expect((await home.run(['logout'])).code).toBe(expected)
    expect((await credentialsOf(home)).servers).toEqual({})
  })
})

describe('setup', () => {
  const OPEN = { 'GET /api/v1/setup/status': { json: { setup_required: true } }, 'POST /api/v1/setup': { status: 201, json: SESSION } }

  test('makes the administrator and signs in', async () => {
    const home = await homeWithPassword()
    const { url, requests } = await startFakeApi(onTestFinished, OPEN)
    const args = ['setup', '--server', url, '--token-stdin', '--username', 'ada', '--password-file', 'password']
    const { code, stderr } = await home.run(args, { input: 'abcd-efgh\n' })
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringMatching(/^Made "ada" the first administrator\nSigned in to/) })
    expect(JSON.parse(String(requests.at(-1)?.body))).toEqual({ token: 'abcd-efgh', username: 'ada', password: 'correct horse battery' })
    expect((await credentialsOf(home)).current).toBe(url)
  })

  test('asks for nothing when it is done already', async () => {
    const home = await terraceHome(onTestFinished)
    const { url, requests } = await startFakeApi(onTestFinished, { 'GET /api/v1/setup/status': { json: { setup_required: false } } })
    const { code, stderr } = await home.run(['setup', '--server', url])
    expect({ code, stderr }).toEqual({
      code: 5,
      stderr: `Cannot set up the server: ${url} has an administrator already\nRun: terrace login\n`,
    })
    expect(requests).toHaveLength(1)
  })

  test('one input cannot be two secrets', async () => {
    const home = await terraceHome(onTestFinished)
    const { url } = await startFakeApi(onTestFinished, OPEN)
    const args = ['setup', '--server', url, '--token-stdin', '--username', 'ada', '--password-stdin']
    const { code, stderr } = await home.run(args, { input: 'abcd-efgh\n' })
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: 'Cannot read standard input for "--password-stdin": "--token-stdin" has read it\nUse a file for one of them\n',
    })
  })
})

describe('key', () => {
  const KEY = { id: 'k1', name: 'ci', prefix: 'tfr_abcdef', scopes: ['providers:write'], created_at: SESSION.expires_at }
  const OWNER = { id: '1', username: 'ada' }

  test('create writes the key alone to standard output', async () => {
    const home = await terraceHome(onTestFinished)
    const json = { ...KEY, owner: OWNER, expires_at: '2030-01-31T23:59:59.000Z', key: 'tfr_secret' }
    const { url, requests } = await startFakeApi(onTestFinished, { 'POST /api/v1/apikeys': { status: 201, json } })
    const args = [
      'key',
      'create',
      'ci',
      '--scope',
      'providers:write',
      '--scope',
      'mirrors:read',
      '--expires',
      '2030-01-31',
      '--server',
      url,
    ]
    const { code, stdout, stderr } = await home.run(args)
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'tfr_secret\n' })
    expect(stderr).toContain('Created API key "ci" (id k1) with providers:write; it ends on 2030-01-31 23:59 UTC\n')
    expect(JSON.parse(String(requests[0]?.body))).toEqual({
      name: 'ci',
      scopes: ['providers:write', 'mirrors:read'],
      expires_at: '2030-01-31T23:59:59.000Z',
    })
  })

  test('create without a scope is wrong usage', async () => {
    const home = await terraceHome(onTestFinished)
    const { code, stderr } = await home.run(['key', 'create', 'ci', '--server', 'https://h'])
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('Cannot create API key "ci": no scope is given\n') })
  })

  test('revoke goes on without a question under --force only', async () => {
    const home = await terraceHome(onTestFinished)
    const { url, requests } = await startFakeApi(onTestFinished, { 'DELETE /api/v1/apikeys/k1': { status: 204 } })
    const args = ['key', 'revoke', 'k1', '--server', url]
    expect(await home.run(args)).toMatchObject({ code: 2, stderr: expect.stringContaining('Use --force') })
    expect(requests).toEqual([])
    expect(await home.run([...args, '--force'])).toMatchObject({ code: 0, stderr: 'Revoked API key k1\n' })
  })
})
