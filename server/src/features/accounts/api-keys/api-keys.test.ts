import { describe, expect, test } from 'vitest'
import { DIALECTS, type Dialect } from '../../../testing/dialects.ts'
import { openTestAccounts } from '../../../testing/test-accounts.ts'
import { createApiKeySecret, isWellFormedApiKey } from './api-key-secrets.ts'

const HOUR_MS = 3_600_000
const probe = { url: '/api/v1/probe' }
const create = (payload: object, url = '/api/v1/apikeys') => ({ method: 'POST', url, payload }) as const
const remove = (id: string, url = '/api/v1/apikeys') => ({ method: 'DELETE', url: `${url}/${id}` }) as const

interface Created {
  readonly id: string
  readonly key: string
  readonly prefix: string
}

/** Accounts with `mia`, who is signed in and may write providers. */
async function openWithMia(dialect: Dialect) {
  const accounts = await openTestAccounts(dialect)
  const userId = await accounts.addUser('mia', ['providers:write'])
  const session = await accounts.signIn('mia')
  const makeKey = async (payload: object = {}) => {
    const body = { name: 'ci', scopes: ['providers:read'], ...payload }
    return (await accounts.as(session, create(body))).json<Created>()
  }
  return { ...accounts, userId, session, makeKey }
}

describe.each(DIALECTS)('API keys on %s', (dialect) => {
  test.each(['/api/v1/apikeys', '/api/v1/api-keys'])('%s creates a key, shows it once and lists it without its secret', async (url) => {
    const { as, session, userId, audit } = await openWithMia(dialect)
    const response = await as(session, create({ name: 'ci', scopes: ['providers:read'], expires_at: '2026-02-01T00:00:00Z' }, url))
    expect(response.statusCode).toBe(201)
    const { key, ...view } = response.json<Created>()
    expect(view).toEqual({
      id: expect.any(String),
      name: 'ci',
      kind: 'key',
      prefix: key.slice(0, 10),
      owner: { id: userId, username: 'mia' },
      organization: null,
      scopes: ['providers:read'],
      namespaces: null,
      state: 'active',
      created_at: '2026-01-02T03:04:05.000Z',
      expires_at: '2026-02-01T00:00:00.000Z',
      last_used_at: null,
    })
    expect((await as(session, { url })).json()).toEqual({ items: [view], total: 1, limit: 50, offset: 0 })
    expect(await audit()).toEqual(['session.create allowed mia', 'api_key.create allowed ci'])
  })

  test('a key signs requests as its owner', async () => {
    const { as, makeKey, userId } = await openWithMia(dialect)
    const { key, id } = await makeKey()
    const actor = { kind: 'api_key', id: userId, name: 'mia/ci', scopes: ['providers:read'], grants: [], credentialId: id }
    expect((await as(key, probe)).json()).toEqual(actor)
  })

  // Terraform sends the password of a .netrc as Basic to the archives of a mirror.
  test('a key is accepted as the password of Basic', async () => {
    const { request, makeKey } = await openWithMia(dialect)
    const { key } = await makeKey()
    const authorization = `Basic ${Buffer.from(`token:${key}`).toString('base64')}`
    expect((await request({ ...probe, headers: { authorization } })).statusCode).toBe(200)
  })

  test('nothing stored is the key', async () => {
    const { makeKey, database } = await openWithMia(dialect)
    const { key } = await makeKey()
    const rows = await database.db.selectFrom('apiKeys').selectAll().execute()
    const audit = await database.db.selectFrom('auditLogs').selectAll().execute()
    expect(JSON.stringify([rows, audit])).not.toContain(key.slice(10))
    expect(rows).toMatchObject([{ prefix: key.slice(0, 10), keyHash: expect.stringMatching(/^[0-9a-f]{64}$/) }])
  })

  test('a wider scope than the owner holds is refused', async () => {
    const { as, session } = await openWithMia(dialect)
    const response = await as(session, create({ name: 'x', scopes: ['admin', 'providers:read'] }))
    expect(response.json()).toMatchObject({ status: 403, code: 'SCOPE_MISSING', context: { scopes: ['admin'] } })
  })

  test('an unknown scope is refused', async () => {
    const { as, session } = await openWithMia(dialect)
    expect((await as(session, create({ name: 'x', scopes: ['root'] }))).json()).toMatchObject({ status: 422, code: 'RULE_BROKEN' })
  })

  // reliability.md row 27.
  test('a key loses what its owner loses', async () => {
    const { as, makeKey, userId, database } = await openWithMia(dialect)
    const { key } = await makeKey()
    const setUser = (values: { scopes?: string; disabledAt?: number }) =>
      database.db.updateTable('users').set(values).where('id', '=', userId).execute()
    await setUser({ scopes: '["modules:read"]' })
    expect((await as(key, probe)).statusCode).toBe(403)
    await setUser({ disabledAt: 1 })
    expect((await as(key, probe)).statusCode).toBe(401)
  })

  // reliability.md row 25: a credential cannot widen or prolong itself.
  test('a key cannot create keys', async () => {
    const { as, makeKey } = await openWithMia(dialect)
    const { key } = await makeKey({ scopes: ['providers:write'] })
    const response = await as(key, create({ name: 'successor', scopes: ['providers:read'] }))
    expect(response.json()).toMatchObject({ status: 403, code: 'SCOPE_MISSING' })
  })

  test('a key ends at its expiry', async () => {
    const { as, makeKey, clock } = await openWithMia(dialect)
    const { key } = await makeKey({ expires_at: new Date(clock.now() + HOUR_MS).toISOString() })
    clock.advance(HOUR_MS - 1)
    expect((await as(key, probe)).statusCode).toBe(200)
    clock.advance(1)
    expect((await as(key, probe)).statusCode).toBe(401)
  })

  test('an expiry in the past is refused', async () => {
    const { as, session } = await openWithMia(dialect)
    const response = await as(session, create({ name: 'x', scopes: ['providers:read'], expires_at: '2020-01-01T00:00:00Z' }))
    expect(response.statusCode).toBe(422)
  })

  test('bodies that break the schema are refused with 400', async () => {
    const { as, session } = await openWithMia(dialect)
    const scopes = ['providers:read']
    const bodies = [
      {},
      { name: '', scopes },
      { name: '   ', scopes },
      { name: 'a\nb', scopes },
      { name: 'x'.repeat(101), scopes },
      { name: 'x', scopes: [] },
      { name: 'x', scopes: 'providers:read' },
      { name: 'x', scopes, expires_at: 'tomorrow' },
      { name: 'x', scopes, owner: 'someone' },
    ]
    for (const body of bodies) expect((await as(session, create(body))).statusCode, JSON.stringify(body)).toBe(400)
  })

  test.each(['/api/v1/apikeys', '/api/v1/api-keys'])('%s revokes a key at once', async (url) => {
    const { as, session, makeKey, audit } = await openWithMia(dialect)
    const { key, id } = await makeKey()
    expect((await as(session, remove(id, url))).statusCode).toBe(204)
    expect((await as(key, probe)).statusCode).toBe(401)
    expect((await as(session, { url })).json()).toMatchObject({ total: 0 })
    expect((await as(session, remove(id, url))).json()).toMatchObject({ status: 404, code: 'API_KEY_NOT_FOUND' })
    expect((await audit()).at(-1)).toBe('api_key.revoke allowed ci')
  })

  // reliability.md row 26: another one's key looks like none.
  test('nobody but its owner, itself and a user manager revokes a key', async () => {
    const { as, session, makeKey, addUser, signIn } = await openWithMia(dialect)
    await addUser('tom', ['providers:write'])
    await addUser('boss', ['users:manage'])
    const [first, second, third] = [await makeKey(), await makeKey(), await makeKey()]
    const headers = { 'x-request-id': 'same' }
    const foreign = await as(await signIn('tom'), { ...remove(first.id), headers })
    const unknown = await as(await signIn('tom'), { ...remove('nothing'), headers })
    expect([foreign.statusCode, foreign.body.replace(first.id, 'nothing')]).toEqual([404, unknown.body])
    expect((await as(second.key, remove(first.id))).statusCode).toBe(404)
    expect((await as(second.key, remove(second.id))).statusCode).toBe(204)
    expect((await as(await signIn('boss'), remove(first.id))).statusCode).toBe(204)
    expect((await as(session, remove(third.id))).statusCode).toBe(204)
  })

  test('a key for certain namespaces revokes no key but itself', async () => {
    const { as, makeKey, addUser, signIn } = await openWithMia(dialect)
    const { id } = await makeKey()
    await addUser('boss', ['admin'])
    const payload = { name: 'bound', scopes: ['users:manage'], namespaces: ['acme'] }
    const bound = (await as(await signIn('boss'), { method: 'POST', url: '/api/v1/apikeys', payload })).json<{ id: string; key: string }>()
    expect((await as(bound.key, remove(id))).json()).toMatchObject({ status: 404, code: 'API_KEY_NOT_FOUND' })
    expect((await as(bound.key, remove(bound.id))).statusCode).toBe(204)
  })

  test('a list holds the own keys; all of them need a scope', async () => {
    const { as, session, makeKey, addUser, signIn } = await openWithMia(dialect)
    await makeKey()
    await addUser('boss', ['admin'])
    const boss = await signIn('boss')
    expect((await as(boss, { url: '/api/v1/apikeys' })).json()).toMatchObject({ total: 0 })
    expect((await as(boss, { url: '/api/v1/apikeys?all=true' })).json()).toMatchObject({
      total: 1,
      items: [{ owner: { username: 'mia' } }],
    })
    expect((await as(session, { url: '/api/v1/apikeys?all=true' })).statusCode).toBe(403)
  })

  test('signing out with a key is refused', async () => {
    const { as, makeKey } = await openWithMia(dialect)
    const { key } = await makeKey()
    const response = await as(key, { method: 'POST', url: '/api/v1/auth/logout' })
    expect(response.json()).toMatchObject({ status: 422, code: 'RULE_BROKEN' })
  })

  // requirements.md C48; protocol.md 8.6: a wrong token is 401 even where none is needed.
  test('a credential that is wrong in any way is refused also where none is needed', async () => {
    const { as } = await openTestAccounts(dialect)
    const secret = createApiKeySecret()
    for (const token of [secret, `${secret.slice(0, -1)}!`, 'tfr_abc', 'hunter2', 'eyJhbGciOiJub25lIn0.e30.x']) {
      expect((await as(token, { url: '/v1/probe' })).statusCode, token).toBe(401)
    }
  })
})

describe('API key secret', () => {
  test('has a prefix, 256 bits and a checksum, and is never the same', () => {
    const secrets = Array.from({ length: 500 }, createApiKeySecret)
    expect(new Set(secrets).size).toBe(500)
    for (const secret of secrets) expect(secret).toMatch(/^tfr_[0-9A-Za-z]{49}$/)
    expect(secrets.every(isWellFormedApiKey)).toBe(true)
  })

  test('a mistyped character is noticed', () => {
    const secret = createApiKeySecret()
    for (let position = 4; position < secret.length; position += 1) {
      const other = secret[position] === 'a' ? 'b' : 'a'
      expect(isWellFormedApiKey(secret.slice(0, position) + other + secret.slice(position + 1)), `position ${position}`).toBe(false)
    }
  })
})
