import { describe, expect, test } from 'vitest'
import { DIALECTS, type Dialect } from '../../../testing/dialects.ts'
import { openTestAccounts, type TestAccounts } from '../../../testing/test-accounts.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const URL = '/api/v1/apikeys'
const probe = { url: '/api/v1/probe' }
const change = (id: string, payload: object, url = URL) => ({ method: 'PUT', url: `${url}/${id}`, payload }) as const
const rotate = (id: string, payload: object = {}) => ({ method: 'POST', url: `/api/v1/apikeys/${id}/rotate`, payload }) as const
const inDays = ({ clock }: Pick<TestAccounts, 'clock'>, days: number) => new Date(clock.now() + days * DAY_MS).toISOString()

interface Created {
  readonly id: string
  readonly key: string
  readonly prefix: string
  readonly expires_at: string | null
}

async function openWithMia(dialect: Dialect) {
  const accounts = await openTestAccounts(dialect)
  const userId = await accounts.addUser('mia', ['providers:write'])
  const session = await accounts.signIn('mia')
  const makeKey = async (payload: object = {}) => {
    const body = { name: 'ci', scopes: ['providers:read'], ...payload }
    return (await accounts.as(session, { method: 'POST', url: URL, payload: body })).json<Created>()
  }
  // Signs in each time: tests let days pass.
  const list = async () =>
    (await accounts.as(await accounts.signIn('mia'), { url: URL })).json<{ items: (Created & { state: string; last_used_at: string })[] }>()
      .items
  return { ...accounts, userId, session, makeKey, list }
}

describe.each(DIALECTS)('changing API keys on %s', (dialect) => {
  test.each([URL, '/api/v1/api-keys'])('%s changes name, scopes, namespaces and end of a key', async (url) => {
    const accounts = await openWithMia(dialect)
    const { as, session, makeKey, audit, list } = accounts
    const { id, key } = await makeKey()
    const wish = { name: 'nightly', scopes: ['providers:write'], namespaces: ['Zeta', 'acme', 'zeta'], expires_at: inDays(accounts, 30) }
    const response = await as(session, change(id, wish, url))
    expect(response.json()).toMatchObject({ ...wish, id, namespaces: ['acme', 'zeta'] })
    expect(await list()).toMatchObject([{ name: 'nightly', namespaces: ['acme', 'zeta'] }])
    expect((await as(key, probe)).json()).toMatchObject({ name: 'mia/nightly', namespaces: ['acme', 'zeta'] })
    expect(await audit()).toContain('api_key.change allowed ci')
  })

  test('what a change leaves out stays', async () => {
    const accounts = await openWithMia(dialect)
    const { as, session, makeKey } = accounts
    const { id, expires_at } = await makeKey({ namespaces: ['acme'], expires_at: inDays(accounts, 30) })
    const response = await as(session, change(id, { name: 'renamed' }))
    expect(response.json()).toMatchObject({ name: 'renamed', scopes: ['providers:read'], namespaces: ['acme'], expires_at })
  })

  // reliability.md row 25: Gitea CVE-2026-56654, a key that widens its own scope.
  test('nobody gives a key a scope that they do not hold', async () => {
    const { as, session, makeKey, addUser, signIn } = await openWithMia(dialect)
    const { id } = await makeKey()
    await addUser('boss', ['users:manage'])
    for (const token of [session, await signIn('boss')]) {
      expect((await as(token, change(id, { scopes: ['providers:read', 'admin'] }))).json()).toMatchObject({
        status: 403,
        code: 'SCOPE_MISSING',
      })
    }
  })

  test('an API key changes no key of its owner, and neither does another person', async () => {
    const { as, makeKey, addUser, signIn } = await openWithMia(dialect)
    const { id, key } = await makeKey()
    await addUser('tom', ['providers:write'])
    for (const token of [key, await signIn('tom')]) {
      expect((await as(token, change(id, { name: 'mine' }))).json()).toMatchObject({ status: 404, code: 'API_KEY_NOT_FOUND' })
    }
  })

  test('the API key of a user manager only takes away', async () => {
    const accounts = await openWithMia(dialect)
    const { as, makeKey, addUser, signIn } = accounts
    await addUser('boss', ['users:manage', 'providers:write'])
    const payload = { name: 'manager', scopes: ['users:manage', 'providers:write'], expires_at: inDays(accounts, 10) }
    const manager = (await as(await signIn('boss'), { method: 'POST', url: URL, payload })).json<Created>()
    const { id } = await makeKey({ namespaces: ['acme'], expires_at: inDays(accounts, 10) })
    const growths = [
      { scopes: ['providers:write'] },
      { namespaces: null },
      { namespaces: ['other'] },
      { expires_at: inDays(accounts, 11) },
      { expires_at: null },
    ]
    for (const wish of growths) expect((await as(manager.key, change(id, wish))).statusCode, JSON.stringify(wish)).toBe(403)
    expect((await as(manager.key, change(manager.id, { expires_at: null }))).statusCode).toBe(403)
    expect((await as(manager.key, change(id, { expires_at: inDays(accounts, 1) }))).statusCode).toBe(200)
  })

  test('an end in the past and a change of nothing are refused', async () => {
    const { as, session, makeKey } = await openWithMia(dialect)
    const { id } = await makeKey()
    expect((await as(session, change(id, { expires_at: '2020-01-01T00:00:00Z' }))).statusCode).toBe(422)
    expect((await as(session, change(id, {}))).statusCode).toBe(400)
  })

  test('a list tells which keys end soon and which have ended', async () => {
    const accounts = await openWithMia(dialect)
    const { makeKey, list, clock } = accounts
    await makeKey({ expires_at: inDays(accounts, 1) })
    await makeKey({ expires_at: inDays(accounts, 9) })
    await makeKey({ expires_at: inDays(accounts, 30) })
    clock.advance(2 * DAY_MS)
    expect((await list()).map(({ state }) => state).sort()).toEqual(['active', 'expired', 'expiring'])
  })
})

describe.each(DIALECTS)('rotating API keys on %s', (dialect) => {
  test('a key is replaced at once: the old one is gone, the new one does the same', async () => {
    const accounts = await openWithMia(dialect)
    const { as, signIn, makeKey, list, audit, clock } = accounts
    const old = await makeKey({ namespaces: ['acme'], expires_at: inDays(accounts, 30) })
    clock.advance(10 * DAY_MS)
    const session = await signIn('mia')
    const response = await as(session, rotate(old.id))
    const fresh = response.json<Created>()
    expect([response.statusCode, (await as(old.key, probe)).statusCode]).toEqual([201, 401])
    expect((await as(fresh.key, probe)).json()).toMatchObject({ name: 'mia/ci', scopes: ['providers:read'], namespaces: ['acme'] })
    expect((await audit()).at(-1)).toBe('api_key.rotate allowed ci')
    expect(await list()).toMatchObject([{ id: fresh.id, expires_at: inDays(accounts, 30), last_used_at: null }])
    expect((await as(session, rotate(old.id))).json()).toMatchObject({ status: 404, code: 'API_KEY_NOT_FOUND' })
  })

  test('with a grace both work until the hours are over', async () => {
    const { as, session, makeKey, clock } = await openWithMia(dialect)
    const old = await makeKey()
    const fresh = (await as(session, rotate(old.id, { grace_hours: 72 }))).json<Created>()
    clock.advance(72 * HOUR_MS - 1)
    expect([(await as(old.key, probe)).statusCode, (await as(fresh.key, probe)).statusCode]).toEqual([200, 200])
    clock.advance(1)
    expect([(await as(old.key, probe)).statusCode, (await as(fresh.key, probe)).statusCode]).toEqual([401, 200])
    expect(fresh.expires_at).toBeNull()
  })

  test('a grace never prolongs the old key', async () => {
    const accounts = await openWithMia(dialect)
    const { as, session, makeKey, clock } = accounts
    const old = await makeKey({ expires_at: inDays(accounts, 1) })
    await as(session, rotate(old.id, { grace_hours: 72 }))
    clock.advance(DAY_MS)
    expect((await as(old.key, probe)).statusCode).toBe(401)
  })

  test('a grace outside of 0 to 72 hours is refused', async () => {
    const { as, session, makeKey } = await openWithMia(dialect)
    const { id } = await makeKey()
    for (const grace of [-1, 73, 0.5, 'one'])
      expect((await as(session, rotate(id, { grace_hours: grace }))).statusCode, String(grace)).toBe(400)
  })

  // Whoever got the new secret of somebody else's key would act as them.
  test('neither a user manager nor the key itself rotates it', async () => {
    const { as, makeKey, addUser, signIn } = await openWithMia(dialect)
    const { id, key } = await makeKey()
    await addUser('boss', ['admin'])
    for (const token of [key, await signIn('boss')]) {
      expect((await as(token, rotate(id))).json()).toMatchObject({ status: 404, code: 'API_KEY_NOT_FOUND' })
    }
  })

  test('of many who rotate a key at the same time one gets a new key', async () => {
    const { as, session, makeKey, list } = await openWithMia(dialect)
    const { id } = await makeKey()
    const answers = await Promise.all(Array.from({ length: 8 }, () => as(session, rotate(id))))
    expect(answers.filter(({ statusCode }) => statusCode === 201)).toHaveLength(1)
    expect(await list()).toHaveLength(1)
  })
})

describe.each(DIALECTS)('last use of API keys on %s', (dialect) => {
  const at = (clock: TestAccounts['clock']) => new Date(clock.now()).toISOString()

  test('a use shows up when the batch is written, and the latest counts', async () => {
    const { as, makeKey, list, deps, clock } = await openWithMia(dialect)
    const { key } = await makeKey()
    await as(key, probe)
    expect((await list())[0]?.last_used_at).toBeNull()
    clock.advance(HOUR_MS)
    await as(key, probe)
    await deps.keyUses.flush()
    expect((await list())[0]?.last_used_at).toBe(at(clock))
  })

  test('what was noted is written when the server stops', async () => {
    const { as, makeKey, list, deps, clock } = await openWithMia(dialect)
    const { key } = await makeKey()
    const running = deps.keyUses.start()
    await as(key, probe)
    await running.stop()
    expect((await list())[0]?.last_used_at).toBe(at(clock))
  })

  test('a refused use does not count', async () => {
    const accounts = await openWithMia(dialect)
    const { as, makeKey, list, deps, clock } = accounts
    const { key } = await makeKey({ expires_at: inDays(accounts, 1) })
    clock.advance(DAY_MS)
    await as(key, probe)
    await deps.keyUses.flush()
    expect((await list())[0]?.last_used_at).toBeNull()
  })

  test('a replica that writes late does not turn the time back', async () => {
    const { as, makeKey, list, deps, database, clock } = await openWithMia(dialect)
    const { id, key } = await makeKey()
    await as(key, probe)
    await database.db
      .updateTable('apiKeys')
      .set({ lastUsedAt: clock.now() + HOUR_MS })
      .where('id', '=', id)
      .execute()
    await deps.keyUses.flush()
    clock.advance(HOUR_MS)
    expect((await list())[0]?.last_used_at).toBe(at(clock))
  })

  test('uses that cannot be written are kept', async () => {
    const { as, makeKey, list, deps, database, clock } = await openWithMia(dialect)
    const { key } = await makeKey()
    await as(key, probe)
    await database.db.schema.alterTable('apiKeys').renameTo('apiKeysAway').execute()
    await deps.keyUses.flush()
    await database.db.schema.alterTable('apiKeysAway').renameTo('apiKeys').execute()
    await deps.keyUses.flush()
    expect((await list())[0]?.last_used_at).toBe(at(clock))
  })
})
