import { createHmac } from 'node:crypto'
import { exportSPKI, generateKeyPair, importJWK, SignJWT, UnsecuredJWT } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { DIALECTS } from '../../testing/dialects.ts'
import { type OpenTestApp, openTestApp } from '../../testing/test-app.ts'
import { type TestClock, testClock } from '../../testing/test-edge.ts'
import { AZURE_CLAIMS, GITHUB_CLAIMS, GITLAB_CLAIMS, startTestIssuer, type TestIssuer } from '../../testing/test-issuer.ts'
import { sweepUsedTokens } from './index.ts'

const SETTINGS = { TFR_OUTBOUND_ALLOWED_NETWORKS: '127.0.0.1/32', TFR_RATE_LIMIT_SIGN_IN_PER_MINUTE: '100000' }
const EXCHANGE = '/api/v1/auth/token-exchange'
const RULES = '/api/v1/trust-rules'
const MINUTE_MS = 60_000

interface Exchanged {
  readonly key: string
  readonly expires_at: string
}

interface Rule {
  readonly id: string
}

let issuer: TestIssuer
beforeAll(async () => {
  issuer = await startTestIssuer()
})
afterAll(() => issuer.close())

test('many pipelines behind one address have a budget of their own', async () => {
  const limits = { TFR_RATE_LIMIT_SIGN_IN_PER_MINUTE: '1', TFR_RATE_LIMIT_TOKEN_EXCHANGE_PER_MINUTE: '30' }
  const app = await openTestApp('sqlite', { ...SETTINGS, ...limits })
  const exchange = async () => (await app.request({ method: 'POST', url: EXCHANGE, payload: { token: 'a.b.c' } })).statusCode
  const statuses = []
  for (let tries = 0; tries < 31; tries += 1) statuses.push(await exchange())
  expect(statuses.filter((status) => status !== 401)).toEqual([429])
  expect(statuses.at(-1)).toBe(429)
  await app.close()
})

describe.each(DIALECTS)('exchanging identity tokens on %s', (dialect) => {
  let app: OpenTestApp
  let replica: OpenTestApp
  let clock: TestClock
  beforeAll(async () => {
    clock = testClock(Date.now())
    app = await openTestApp(dialect, SETTINGS, { clock })
    replica = await openTestApp(dialect, SETTINGS, { clock, beside: app })
  })
  afterAll(async () => {
    await replica.close()
    await app.close()
  })
  beforeEach(async () => {
    await app.deps.database.db.deleteFrom('trustRules').execute()
  })

  const sign = (claims: Record<string, unknown> = GITHUB_CLAIMS) => issuer.sign(claims, { at: clock.now() })
  const exchange = (token: string, at: OpenTestApp = app) => at.request({ method: 'POST', url: EXCHANGE, payload: { token } })
  const addRule = async (changes: object = {}) => {
    const rule = {
      name: 'release',
      issuer: issuer.issuer,
      audience: 'terrace',
      claims: { sub: GITHUB_CLAIMS.sub },
      scopes: ['modules:write'],
    }
    const response = await app.asAdmin({ method: 'POST', url: RULES, payload: { ...rule, ...changes } })
    expect(response.statusCode, response.body).toBe(201)
    return response.json<Rule>()
  }
  const use = (key: string) => app.request({ url: '/api/v1/auth/me', headers: { authorization: `Bearer ${key}` } })
  const reasonOf = async (token: string) => {
    const response = await exchange(token)
    const { status, code, context } = response.json<{ status: number; code: string; context?: { reason: string } }>()
    return [status, code, context?.reason]
  }
  const refused = (reason: string) => [401, 'IDENTITY_TOKEN_REFUSED', reason]

  test('a pipeline gets a key for what its rule says, and no longer', async () => {
    await addRule({ namespaces: ['Acme'], life_minutes: 20 })
    const response = await exchange(await sign())
    expect(response.statusCode).toBe(200)
    const { key, ...rest } = response.json<Exchanged>()
    const end = new Date(clock.now() + 20 * MINUTE_MS).toISOString()
    expect(rest).toEqual({ expires_at: end, organization: 'default', scopes: ['modules:write'], namespaces: ['acme'] })
    expect((await use(key)).json()).toMatchObject({ kind: 'api_key', user_id: null, scopes: expect.arrayContaining(['modules:write']) })
    const [row] = await app.deps.database.db.selectFrom('apiKeys').selectAll().where('kind', '=', 'ci').execute()
    expect(row).toMatchObject({ userId: null, namespaces: '["acme"]', name: `release: ${GITHUB_CLAIMS.sub}` })
    clock.advance(20 * MINUTE_MS)
    expect((await use(key)).statusCode).toBe(401)
  })

  test('the audit tells issuer and subject, and holds no token', async () => {
    await addRule()
    const token = await sign()
    const { key } = (await exchange(token)).json<Exchanged>()
    const rows = await app.deps.database.db.selectFrom('auditLogs').selectAll().where('action', '=', 'identity_token.exchange').execute()
    expect(JSON.parse(rows.at(-1)?.details ?? '')).toMatchObject({ issuer: issuer.issuer, subject: GITHUB_CLAIMS.sub, rule: 'release' })
    expect(JSON.stringify(rows)).not.toContain(token.split('.')[2])
    expect(JSON.stringify(rows)).not.toContain(key.slice(10))
  })

  test('a refused exchange is in the audit, without the token', async () => {
    const token = await sign()
    expect(await reasonOf(token)).toEqual(refused('signature'))
    const exchanges = () => app.deps.database.db.selectFrom('auditLogs').selectAll().where('action', '=', 'identity_token.exchange')
    const denied = () => exchanges().where('outcome', '=', 'denied').execute()
    // Written right after the answer.
    await expect.poll(denied).toMatchObject([{ actorName: 'anonymous', object: EXCHANGE }])
    expect(JSON.stringify(await denied())).not.toContain(token.split('.')[2])
  })

  test.each([
    ['GitHub', GITHUB_CLAIMS, { repository: 'acme/*', ref: 'refs/heads/main', ref_protected: 'true' }],
    ['GitLab', GITLAB_CLAIMS, { project_path: 'acme/*', ref_type: 'branch', groups_direct: 'tools/*' }],
    ['Azure DevOps', AZURE_CLAIMS, { sub: 'sc://acme/registry/*', def_id: '42' }],
  ])('tokens of %s fit rules about their claims', async (_name, claims, patterns) => {
    await addRule({ claims: patterns })
    expect((await exchange(await sign(claims))).statusCode).toBe(200)
    for (const claim of Object.keys(patterns)) {
      expect(await reasonOf(await sign({ ...claims, [claim]: 'other' })), claim).toEqual(refused('no_rule'))
      if (claim !== 'sub') expect(await reasonOf(await sign({ ...claims, [claim]: undefined })), claim).toEqual(refused('no_rule'))
    }
  })

  test("an audience that is not the rule's, or not only, is refused", async () => {
    await addRule()
    for (const aud of ['other', ['terrace', 'other'], [], undefined, 'terrace ']) {
      expect(await reasonOf(await sign({ ...GITHUB_CLAIMS, aud })), String(aud)).toEqual(refused('no_rule'))
    }
  })

  test('nobody but an issuer that a rule names is asked for keys', async () => {
    await addRule()
    const stranger = await startTestIssuer()
    const token = await stranger.sign(GITHUB_CLAIMS, { at: clock.now() })
    expect([await reasonOf(token), stranger.requestCount()]).toEqual([refused('signature'), 0])
    await stranger.close()
  })

  test('a token that another key has signed is refused', async () => {
    await addRule()
    const { privateKey } = await generateKeyPair('RS256')
    expect(await reasonOf(await issuer.sign(GITHUB_CLAIMS, { at: clock.now(), key: privateKey }))).toEqual(refused('signature'))
  })

  // RFC 8725, section 3.1.
  test('unsigned tokens and those signed with the public key as a secret are refused', async () => {
    await addRule()
    const iat = Math.floor(clock.now() / 1000)
    const claims = { ...GITHUB_CLAIMS, iss: issuer.issuer, aud: 'terrace', jti: 'x', iat, exp: iat + 300 }
    const unsigned = new UnsecuredJWT(claims).encode()
    const pem = await exportSPKI((await importJWK(issuer.publicKey(), 'RS256', { extractable: true })) as CryptoKey)
    const kid = issuer.publicKey().kid ?? ''
    const confused = await new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid }).sign(Buffer.from(pem))
    const head = Buffer.from(JSON.stringify({ alg: 'HS256', kid, jwk: { kty: 'oct', k: 'c2VjcmV0' } })).toString('base64url')
    const body = `${head}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`
    const ownKey = `${body}.${createHmac('sha256', 'secret').update(body).digest('base64url')}`
    for (const token of [unsigned, confused, ownKey, 'a.b.c', 'no token']) expect(await reasonOf(token)).toEqual(refused('signature'))
  })

  test('times that do not fit are refused', async () => {
    await addRule()
    const now = Math.floor(clock.now() / 1000)
    expect(await reasonOf(await sign({ ...GITHUB_CLAIMS, exp: now - 31 }))).toEqual(refused('expired'))
    const others = [{ nbf: now + 31 }, { iat: now + 31 }, { iat: undefined }, { exp: undefined }, { sub: undefined }]
    for (const other of others)
      expect(await reasonOf(await sign({ ...GITHUB_CLAIMS, ...other })), JSON.stringify(other)).toEqual(refused('claims'))
    // However long it says that it lives.
    expect(await reasonOf(await sign({ ...GITHUB_CLAIMS, iat: now - 86_431, exp: now + 1e6 }))).toEqual(refused('expired'))
    expect((await exchange(await sign({ ...GITHUB_CLAIMS, exp: now - 29 }))).statusCode).toBe(200)
  })

  // reliability.md row 24; PyPI TOB-PYPI26-1 and -2: the lock of a token ended before the tolerance for clocks did.
  test('a used token is refused as long as it would be accepted, with the sweeper at work', async () => {
    await addRule()
    const token = await sign()
    expect((await exchange(token)).statusCode).toBe(200)
    expect(await reasonOf(token)).toEqual(refused('used'))
    clock.advance(300_000 - 1000)
    for (let second = 0; second <= 30; second += 5) {
      await sweepUsedTokens(app.deps)
      expect(await reasonOf(token), `exp+${second - 1}`).toEqual(refused('used'))
      clock.advance(5000)
    }
    expect(await reasonOf(token)).toEqual(refused('expired'))
  })

  test('used tokens are forgotten when nobody would accept them any more', async () => {
    await addRule()
    await exchange(await sign())
    clock.advance(2 * 3_600_000)
    await sweepUsedTokens(app.deps)
    expect(await app.deps.database.db.selectFrom('usedIdentityTokens').selectAll().execute()).toEqual([])
  })

  // reliability.md row 24.
  test.each([true, false])('of 50 uses at the same time on two servers one succeeds (with jti: %s)', async (withId) => {
    await addRule()
    const token = await sign({ ...GITHUB_CLAIMS, ...(!withId && { jti: undefined }) })
    const answers = await Promise.all(Array.from({ length: 50 }, (_, index) => exchange(token, index % 2 === 0 ? app : replica)))
    const statuses = answers.map(({ statusCode }) => statusCode)
    expect(statuses.filter((status) => status === 200)).toHaveLength(1)
    expect(statuses.filter((status) => status === 401)).toHaveLength(49)
  })

  test('the same id from two issuers is two tokens', async () => {
    const other = await startTestIssuer('/group')
    await addRule()
    await addRule({ name: 'other', issuer: other.issuer })
    const jti = 'same'
    expect((await exchange(await sign({ ...GITHUB_CLAIMS, jti }))).statusCode).toBe(200)
    expect((await exchange(await other.sign({ ...GITHUB_CLAIMS, jti }, { at: clock.now() }))).statusCode).toBe(200)
    await other.close()
  })

  test('a token that no rule fits is not used up', async () => {
    await addRule({ claims: { sub: 'other' } })
    const token = await sign()
    expect(await reasonOf(token)).toEqual(refused('no_rule'))
    await addRule({ name: 'second' })
    expect((await exchange(token)).statusCode).toBe(200)
  })

  test('a new key of the issuer is found without a wait', async () => {
    await addRule()
    await exchange(await sign())
    await issuer.rotateKeys()
    clock.advance(6000)
    expect((await exchange(await sign())).statusCode).toBe(200)
  })

  test('a document of another issuer is not believed', async () => {
    const other = await startTestIssuer()
    other.changeDiscovery((document) => ({ ...document, issuer: 'https://elsewhere.example.com' }))
    await addRule({ issuer: other.issuer })
    expect((await exchange(await other.sign(GITHUB_CLAIMS, { at: clock.now() }))).json()).toMatchObject({
      status: 502,
      code: 'UPSTREAM_REFUSED',
    })
    await other.close()
  })

  // reliability.md row 27.
  test.each(['disabled', 'narrowed', 'deleted'])('keys of a rule that is %s end at once', async (change) => {
    const { id } = await addRule()
    const { key } = (await exchange(await sign())).json<Exchanged>()
    expect((await use(key)).statusCode).toBe(200)
    const url = `${RULES}/${id}`
    if (change === 'deleted') expect((await app.asAdmin({ method: 'DELETE', url })).statusCode).toBe(204)
    const payload = change === 'disabled' ? { enabled: false } : { namespaces: ['other'] }
    if (change !== 'deleted') expect((await app.asAdmin({ method: 'PATCH', url, payload })).statusCode).toBe(200)
    expect((await use(key)).statusCode).toBe(401)
    if (change !== 'disabled') return
    expect(await reasonOf(await sign())).toEqual(refused('signature'))
    await app.asAdmin({ method: 'PATCH', url, payload: { enabled: true } })
    expect((await use(key)).statusCode).toBe(401)
    expect((await exchange(await sign())).statusCode).toBe(200)
  })

  test('the key of a pipeline makes no further key and no rule', async () => {
    await addRule({ scopes: ['users:manage', 'modules:write'] })
    const { key } = (await exchange(await sign())).json<Exchanged>()
    const headers = { authorization: `Bearer ${key}` }
    const payload = { name: 'x', scopes: ['modules:write'] }
    expect((await app.request({ method: 'POST', url: '/api/v1/apikeys', headers, payload })).statusCode).toBe(403)
    const [row] = await app.deps.database.db
      .selectFrom('apiKeys')
      .select('id')
      .where('kind', '=', 'ci')
      .where('revokedAt', 'is', null)
      .execute()
    const own = `/api/v1/apikeys/${row?.id}`
    expect((await app.request({ method: 'PUT', url: own, headers, payload: { expires_at: null } })).statusCode).toBe(422)
    expect((await app.request({ method: 'POST', url: `${own}/rotate`, headers, payload: {} })).statusCode).toBe(404)
  })
})
