import { describe, expect, test } from 'vitest'
import { DIALECTS, openTestDatabase } from '../../../testing/dialects.ts'
import { openTestAccounts, PASSWORD } from '../../../testing/test-accounts.ts'
import { ensureFirstAdministrator } from '../index.ts'

const DAY_MS = 86_400_000
const ADMIN = { username: 'Root', password: PASSWORD }
const setup = (payload: object) => ({ method: 'POST', url: '/api/v1/setup', payload }) as const
const status = { url: '/api/v1/setup/status' }

describe.each(DIALECTS)('set-up on %s', (dialect) => {
  test('the configured administrator is created once and can do everything', async () => {
    const { deps, signIn, as, audit, log } = await openTestAccounts(dialect, { admin: ADMIN })
    expect(await ensureFirstAdministrator(deps)).toEqual({ setupToken: undefined })
    expect(await ensureFirstAdministrator(deps)).toEqual({ setupToken: undefined })
    const token = await signIn('root')
    expect((await as(token, { url: '/api/v1/audit' })).statusCode).toBe(200)
    expect(await audit()).toEqual(['user.create allowed root', 'session.create allowed root'])
    expect(log.lines.join('')).not.toContain(PASSWORD)
  })

  test('several processes that start at once create one administrator', async () => {
    const { deps, database } = await openTestAccounts(dialect, { admin: ADMIN })
    await Promise.all(Array.from({ length: 4 }, () => ensureFirstAdministrator(deps)))
    expect(await database.db.selectFrom('users').select('username').execute()).toEqual([{ username: 'root' }])
  })

  test('a configured administrator that breaks a rule is refused', async () => {
    const { deps } = await openTestAccounts(dialect)
    const passwords = ['short', 'root root root root', 'aaaaaaaaaaaaaaaa', 'x1y2z3'.repeat(13)].map((password) => ({
      username: 'root',
      password,
    }))
    for (const admin of [...passwords, { username: 'no spaces', password: PASSWORD }]) {
      const started = ensureFirstAdministrator({ ...deps, config: { ...deps.config, admin } })
      await expect(started, JSON.stringify(admin)).rejects.toMatchObject({ code: 'RULE_BROKEN' })
    }
  })

  // reliability.md row 47: no default password, a one-time token, closed after the first administrator.
  test('the token makes the first administrator, once', async () => {
    const { deps, request, as, audit, addUser } = await openTestAccounts(dialect)
    const { setupToken: token } = await ensureFirstAdministrator(deps)
    expect((await request(status)).json()).toEqual({ setup_required: true })
    const response = await request(setup({ token, username: 'mia', password: PASSWORD }))
    expect(response.statusCode).toBe(201)
    const { token: session } = response.json<{ token: string }>()
    expect((await as(session, { url: '/api/v1/probe' })).json()).toMatchObject({ name: 'mia' })
    expect((await request(status)).json()).toEqual({ setup_required: false })
    const again = await request(setup({ token, username: 'eve', password: PASSWORD }))
    expect(again.json()).toMatchObject({ status: 409, code: 'SETUP_DONE' })
    expect(await audit()).toEqual(['user.create allowed mia', 'session.create allowed mia'])
    await addUser('tom', [])
    expect(await ensureFirstAdministrator(deps)).toEqual({ setupToken: undefined })
  })

  test('the token may be typed without dashes and in capitals', async () => {
    const { deps, request } = await openTestAccounts(dialect)
    const { setupToken = '' } = await ensureFirstAdministrator(deps)
    const token = setupToken.replaceAll('-', ' ').toUpperCase()
    expect((await request(setup({ token, username: 'mia', password: PASSWORD }))).statusCode).toBe(201)
  })

  test('of several set-ups at once one succeeds', async () => {
    const { deps, request, database } = await openTestAccounts(dialect)
    const { setupToken: token } = await ensureFirstAdministrator(deps)
    const names = ['a1', 'b2', 'c3', 'd4']
    const answers = await Promise.all(names.map((username) => request(setup({ token, username, password: PASSWORD }))))
    expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([201, 409, 409, 409])
    expect(await database.db.selectFrom('users').select('id').execute()).toHaveLength(1)
  })

  test('a wrong token is refused and written to the audit', async () => {
    const { deps, request, audit } = await openTestAccounts(dialect)
    await ensureFirstAdministrator(deps)
    const response = await request(setup({ token: 'wrong', username: 'mia', password: PASSWORD }))
    expect(response.json()).toMatchObject({ status: 401, code: 'SETUP_TOKEN_INVALID' })
    expect(await audit()).toEqual(['user.create denied first administrator'])
  })

  test('without an issued token the set-up is closed', async () => {
    const { request } = await openTestAccounts(dialect)
    expect((await request(setup({ token: '', username: 'mia', password: PASSWORD }))).statusCode).toBe(401)
  })

  test('the token expires, and the next start issues another one', async () => {
    const { deps, request, clock } = await openTestAccounts(dialect)
    const { setupToken: first } = await ensureFirstAdministrator(deps)
    clock.advance(DAY_MS)
    expect((await request(setup({ token: first, username: 'mia', password: PASSWORD }))).statusCode).toBe(401)
    const { setupToken: second } = await ensureFirstAdministrator(deps)
    expect(second).not.toBe(first)
    expect((await request(setup({ token: second, username: 'mia', password: PASSWORD }))).statusCode).toBe(201)
  })

  test('a second start and other replicas show the same token, and the log has it', async () => {
    const database = await openTestDatabase(dialect)
    const here = await openTestAccounts(dialect, { database })
    const there = await openTestAccounts(dialect, { database })
    there.clock.advance(60_000)
    const { setupToken = 'none' } = await ensureFirstAdministrator(here.deps)
    expect(await ensureFirstAdministrator(there.deps)).toEqual({ setupToken })
    expect(here.log.lines.join('')).toContain(setupToken)
  })

  test('a weak password leaves the token usable', async () => {
    const { deps, request } = await openTestAccounts(dialect)
    const { setupToken: token } = await ensureFirstAdministrator(deps)
    const weak = await request(setup({ token, username: 'mia', password: 'too short' }))
    expect(weak.json()).toMatchObject({ status: 422, code: 'RULE_BROKEN' })
    expect((await request(setup({ token, username: 'mia', password: PASSWORD }))).statusCode).toBe(201)
  })
})
