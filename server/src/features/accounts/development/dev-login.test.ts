import { execFileSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { DIALECTS } from '../../../testing/dialects.ts'
import { openTestAccounts } from '../../../testing/test-accounts.ts'

const devLogin = (payload: object) => ({ method: 'POST', url: '/api/v1/auth/dev-login', payload }) as const
const PROBE = { url: '/api/v1/probe' }

// reliability.md row 47.
test('without dev_mode there is no development sign-in', async () => {
  const { request } = await openTestAccounts('sqlite')
  expect((await request(devLogin({ username: 'mia' }))).json()).toMatchObject({ status: 404, code: 'ROUTE_NOT_FOUND' })
  expect((await request('/api/v1/auth/methods')).json()).toMatchObject({ development: false })
})

test('the published package has no development sign-in', () => {
  const listed = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: new URL('../../../..', import.meta.url),
    stdio: 'pipe',
  })
  const paths = (JSON.parse(listed.toString()) as { files: { path: string }[] }[]).flatMap(({ files }) => files.map(({ path }) => path))
  expect(paths).toContain('src/features/accounts/account-routes.ts')
  expect(paths.filter((path) => path.includes('development') || path.includes('dev-login'))).toEqual([])
})

describe.each(DIALECTS)('development sign-in on %s', (dialect) => {
  test('lets anybody in as a user, with what the user may do', async () => {
    const { request, addUser, as } = await openTestAccounts(dialect, { devMode: true })
    await addUser('mia', ['providers:read'])
    const { token } = (await request({ method: 'POST', url: '/api/v1/auth/dev-login', payload: { username: ' Mia' } })).json<{
      token: string
    }>()
    expect((await as(token, PROBE)).json()).toMatchObject({ name: 'mia', scopes: ['providers:read'] })
  })

  test('makes an administrator of a new name, without a password', async () => {
    const { request, as, audit, database } = await openTestAccounts(dialect, { devMode: true })
    const { token } = (await request(devLogin({ username: 'ada' }))).json<{ token: string }>()
    expect((await as(token, PROBE)).statusCode).toBe(200)
    expect(await audit()).toEqual(['user.create allowed ada', 'session.create allowed ada'])
    expect(await database.db.selectFrom('users').select(['scopes', 'passwordHash']).execute()).toEqual([
      { scopes: '["admin"]', passwordHash: null },
    ])
  })

  test('gives a cookie on demand', async () => {
    const { request } = await openTestAccounts(dialect, { devMode: true })
    const response = await request(devLogin({ username: 'ada', cookie: true }))
    expect([response.json(), response.headers['set-cookie']]).toEqual([
      expect.objectContaining({ csrf_token: expect.any(String) }),
      expect.stringMatching(/^terrace_session=ey/),
    ])
  })

  test('keeps disabled users and impossible names out', async () => {
    const { request, addUser } = await openTestAccounts(dialect, { devMode: true })
    await addUser('tom', ['admin'], { disabled: true })
    expect((await request(devLogin({ username: 'tom' }))).json()).toMatchObject({ code: 'SIGN_IN_REFUSED' })
    expect((await request(devLogin({ username: 'a b' }))).json()).toMatchObject({ code: 'RULE_BROKEN' })
    expect((await request(devLogin({}))).statusCode).toBe(400)
  })

  test('says loudly that it is there, at the start, at each use and to the sign-in page', async () => {
    const { request, log } = await openTestAccounts(dialect, { devMode: true })
    expect((await request('/api/v1/auth/methods')).json()).toMatchObject({ development: true })
    await request(devLogin({ username: 'ada' }))
    const warnings = log.lines
      .map((line) => JSON.parse(line) as { level: unknown; msg: string })
      .filter(({ msg }) => msg.includes('DEV_MODE'))
    expect(warnings.map(({ msg }) => msg)).toEqual([
      expect.stringContaining('DEV_MODE is on: anybody who reaches this server'),
      'Signed in without a password, because DEV_MODE is on',
    ])
  })
})
