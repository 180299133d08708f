import { expect, test } from 'vitest'
import { readToken } from '../../../base/http/credential.ts'
import { openTestAccounts } from '../../../testing/test-accounts.ts'
import { createSessionTokens } from './session-tokens.ts'

const PROBE = { url: '/api/v1/probe' }
const HOUR_MS = 3_600_000

// reliability.md row 22.
test.each([5000, 1_000_000])('a token of %i characters is refused before anybody verifies it', async (length) => {
  const { request } = await openTestAccounts('sqlite')
  const token = `e.${'A'.repeat(length)}.s`
  expect(readToken(token)).toEqual({ kind: 'malformed' })
  for (const headers of [{ authorization: `Bearer ${token}` }, { cookie: `terrace_session=${token}` }])
    expect((await request({ ...PROBE, headers })).json()).toMatchObject({ code: 'TOKEN_INVALID' })
})

test('a token with a right signature opens nothing without its session, nor for another user than the session is of', async () => {
  const { deps, addUser, signIn, as, clock, database } = await openTestAccounts('sqlite')
  const mia = await addUser('mia', ['providers:read'])
  const ada = await addUser('ada', ['admin'])
  await signIn('mia')
  const { id: sessionId } = await database.db.selectFrom('sessions').select('id').executeTakeFirstOrThrow()
  const tokens = createSessionTokens({ jwtKey: deps.secrets.jwtKey, clock })
  const life = { issuedAt: clock.now(), expiresAt: clock.now() + 8 * HOUR_MS }
  const statusOf = async (claims: { userId: string; sessionId: string }) => (await as(await tokens.sign(claims, life), PROBE)).statusCode
  expect(await statusOf({ userId: mia, sessionId })).toBe(200)
  expect(await statusOf({ userId: ada, sessionId })).toBe(401)
  expect(await statusOf({ userId: mia, sessionId: 'none' })).toBe(401)
})

test('a token outlives its session by nothing, whatever its own expiry says', async () => {
  const { deps, addUser, signIn, as, clock, database } = await openTestAccounts('sqlite')
  const userId = await addUser('mia', ['providers:read'])
  await signIn('mia')
  const { id: sessionId } = await database.db.selectFrom('sessions').select('id').executeTakeFirstOrThrow()
  const tokens = createSessionTokens({ jwtKey: deps.secrets.jwtKey, clock })
  const token = await tokens.sign({ userId, sessionId }, { issuedAt: clock.now(), expiresAt: clock.now() + 100 * HOUR_MS })
  clock.advance(8 * HOUR_MS - 1)
  expect((await as(token, PROBE)).statusCode).toBe(200)
  clock.advance(1)
  expect((await as(token, PROBE)).statusCode).toBe(401)
})
