import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { DIALECTS } from '../../../testing/dialects.ts'
import { type OpenTestApp, openTestApp } from '../../../testing/test-app.ts'
import { type TestClock, testClock } from '../../../testing/test-edge.ts'
import { GITHUB_CLAIMS, GITLAB_CLAIMS, startTestIssuer, type TestIssuer } from '../../../testing/test-issuer.ts'
import { addMember, type TestMember } from '../../../testing/test-tenants.ts'

const SETTINGS = {
  TFR_OUTBOUND_ALLOWED_NETWORKS: '127.0.0.1/32',
  TFR_RATE_LIMIT_SIGN_IN_PER_MINUTE: '100000',
  TFR_MULTI_TENANCY_ENABLED: 'true',
}
const RULES = '/api/v1/trust-rules'
const GITHUB = 'https://token.actions.githubusercontent.com'
const PAYLOAD = {
  name: 'release',
  issuer: GITHUB,
  audience: 'https://registry.example.com',
  claims: { repository: 'acme/*', ref: 'refs/heads/main' },
  scopes: ['modules:write'],
}

interface Rule {
  readonly id: string
}

interface Tested {
  readonly verified: boolean | null
  readonly problem: string | null
  readonly matched_rule: string | null
  readonly rules: readonly {
    readonly name: string
    readonly matched: boolean
    readonly checks: readonly { claim: string; matched: boolean }[]
  }[]
}

let issuer: TestIssuer
beforeAll(async () => {
  issuer = await startTestIssuer()
})
afterAll(() => issuer.close())

describe.each(DIALECTS)('trust rules on %s', (dialect) => {
  let app: OpenTestApp
  let clock: TestClock
  let ada: TestMember
  let bob: TestMember
  beforeAll(async () => {
    clock = testClock(Date.now())
    app = await openTestApp(dialect, SETTINGS, { clock })
    ada = await addMember(app, { organization: 'acme', username: 'ada', role: 'admin' })
    bob = await addMember(app, { organization: 'other', username: 'bob', role: 'admin' })
  })
  afterAll(() => app.close())
  beforeEach(async () => {
    await app.deps.database.db.deleteFrom('trustRules').execute()
  })

  const create = (changes: object = {}, by: TestMember = ada) =>
    by.request({ method: 'POST', url: RULES, payload: { ...PAYLOAD, organization: 'acme', ...changes } })
  const added = async (changes: object = {}, by?: TestMember) => {
    const response = await create(changes, by)
    expect(response.statusCode, response.body).toBe(201)
    return response.json<Rule>()
  }
  const rulesOf = async (member: TestMember) =>
    (await member.request({ url: '/api/v1/trust-rules' })).json<{ items: Rule[]; total: number }>()
  const tryOut = async (payload: object, by: TestMember = ada) =>
    (await by.request({ method: 'POST', url: '/api/v1/trust-rules/test', payload })).json<Tested>()

  test('an administrator of an organisation makes, sees, changes and deletes its rules', async () => {
    const rule = await added({ namespaces: ['Acme'] })
    const view = {
      ...PAYLOAD,
      id: rule.id,
      organization: { id: ada.organizationId, name: 'acme' },
      namespaces: ['acme'],
      life_minutes: 15,
      enabled: true,
      created_at: new Date(clock.now()).toISOString(),
      created_by: 'ada/test',
    }
    expect(rule).toEqual(view)
    const url = `/api/v1/trust-rules/${rule.id}`
    expect([(await ada.request({ url })).json(), await rulesOf(ada)]).toEqual([view, { items: [view], total: 1, limit: 50, offset: 0 }])
    const changes = { name: 'main', namespaces: null, life_minutes: 60, enabled: false, scopes: ['modules:read'] }
    expect((await ada.request({ method: 'PATCH', url, payload: changes })).json()).toEqual({ ...view, ...changes })
    expect((await ada.request({ method: 'DELETE', url })).statusCode).toBe(204)
    expect(await rulesOf(ada)).toMatchObject({ total: 0 })
    const rows = await app.deps.database.db
      .selectFrom('auditLogs')
      .select('action')
      .where('action', 'like', 'trust_rule.%')
      .orderBy('sequence')
      .execute()
    expect(rows.slice(-3).map(({ action }) => action)).toEqual(['trust_rule.create', 'trust_rule.change', 'trust_rule.delete'])
  })

  // reliability.md row 26: what one may not see answers as what is not there.
  test('rules of another organisation look like none', async () => {
    const rule = await added()
    expect(await rulesOf(bob)).toMatchObject({ total: 0 })
    const headers = { 'x-request-id': 'same' }
    for (const method of ['GET', 'PATCH', 'DELETE'] as const) {
      const ask = (id: string) =>
        bob.request({ method, url: `${RULES}/${id}`, headers, ...(method === 'PATCH' && { payload: { enabled: false } }) })
      const [foreign, unknown] = [await ask(rule.id), await ask('nothing')]
      expect([foreign.statusCode, foreign.body.replace(rule.id, 'nothing')], method).toEqual([404, unknown.body])
    }
    expect((await create({}, bob)).json()).toMatchObject({ status: 404, code: 'ORGANIZATION_NOT_FOUND' })
    expect((await tryOut({ claims: {} }, bob)).rules).toEqual([])
  })

  test('members without the scope, and keys for some namespaces only, decide nothing', async () => {
    const reader = await addMember(app, { organization: 'acme', username: `reader-${dialect}`, role: 'viewer' })
    expect((await create({}, reader)).statusCode).toBe(403)
    const narrow = await addMember(app, { organization: 'acme', username: `narrow-${dialect}`, role: 'admin', namespaces: ['acme'] })
    expect((await create({}, narrow)).statusCode).toBe(404)
    expect((await app.request({ url: RULES })).statusCode).toBe(401)
  })

  test('a rule that breaks a rule is refused', async () => {
    expect((await create({ claims: { ref: 'refs/heads/main' } })).json()).toMatchObject({ status: 422, code: 'RULE_BROKEN' })
    expect((await create({ issuer: 'http://id.example.com' })).statusCode).toBe(422)
    expect((await create({ scopes: ['root'] })).statusCode).toBe(422)
    const malformed = [
      { life_minutes: 61 },
      { life_minutes: 0 },
      { claims: {} },
      { audience: '' },
      { name: ' ' },
      { namespaces: [] },
      { extra: 1 },
    ]
    for (const changes of malformed) expect((await create(changes)).statusCode, JSON.stringify(changes)).toBe(400)
    const { id } = await added()
    const widen = { method: 'PATCH', url: `${RULES}/${id}`, payload: { claims: { repository: '*' } } } as const
    expect((await ada.request(widen)).statusCode).toBe(422)
  })

  test('a name is taken once in an organisation', async () => {
    await added()
    const { id } = await added({ name: 'second' })
    expect((await create()).json()).toMatchObject({ status: 409, code: 'TRUST_RULE_EXISTS' })
    const rename = { method: 'PATCH', url: `${RULES}/${id}`, payload: { name: 'release' } } as const
    expect((await ada.request(rename)).json()).toMatchObject({ status: 409, code: 'TRUST_RULE_EXISTS' })
    await added({ organization: 'other' }, bob)
  })

  test('a test tells which rule fits and what keeps the others from fitting', async () => {
    await added({ name: 'tags', claims: { repository: 'acme/*', ref: 'refs/tags/*' } })
    const main = await added()
    const tested = await tryOut({ claims: { ...GITHUB_CLAIMS, iss: GITHUB, aud: PAYLOAD.audience } })
    expect(tested).toMatchObject({ verified: null, problem: null, matched_rule: main.id })
    expect(tested.rules[0]).toEqual({
      id: expect.any(String),
      name: 'tags',
      organization: 'acme',
      enabled: true,
      matched: false,
      checks: [
        { claim: 'iss', expected: GITHUB, found: GITHUB, matched: true },
        { claim: 'aud', expected: PAYLOAD.audience, found: PAYLOAD.audience, matched: true },
        { claim: 'repository', expected: 'acme/*', found: 'acme/widget', matched: true },
        { claim: 'ref', expected: 'refs/tags/*', found: 'refs/heads/main', matched: false },
      ],
    })
    const other = await tryOut({ claims: GITLAB_CLAIMS })
    expect(other).toMatchObject({ matched_rule: null, problem: 'no enabled rule fits' })
    expect(other.rules[0]?.checks).toContainEqual({ claim: 'repository', expected: 'acme/*', found: null, matched: false })
  })

  test('a test of a token checks its signature and does not use it up', async () => {
    const rule = await added({ issuer: issuer.issuer, audience: 'terrace' })
    const token = await issuer.sign(GITHUB_CLAIMS, { at: clock.now() })
    for (let time = 0; time < 2; time += 1)
      expect(await tryOut({ token })).toMatchObject({ verified: true, problem: null, matched_rule: rule.id })
    const forged = `${token.slice(0, -8)}AAAAAAAA`
    expect(await tryOut({ token: forged })).toMatchObject({
      verified: false,
      matched_rule: null,
      problem: expect.stringContaining('signed'),
    })
    const exchange = { method: 'POST', url: '/api/v1/auth/token-exchange', payload: { token } } as const
    expect((await app.request(exchange)).statusCode).toBe(200)
    expect(await tryOut({ token })).toMatchObject({ verified: true, problem: 'the token was used before' })
    expect((await ada.request({ method: 'POST', url: `${RULES}/test`, payload: { token: 'none' } })).statusCode).toBe(401)
    expect((await ada.request({ method: 'POST', url: `${RULES}/test`, payload: {} })).statusCode).toBe(400)
  })

  test('an issuer that no rule of the caller names is not asked', async () => {
    const stranger = await startTestIssuer()
    await added({ issuer: stranger.issuer, audience: 'terrace' })
    const token = await stranger.sign(GITHUB_CLAIMS, { at: clock.now() })
    expect(await tryOut({ token }, bob)).toMatchObject({ verified: false, matched_rule: null })
    expect(stranger.requestCount()).toBe(0)
    await stranger.close()
  })

  test('when rules of several organisations fit, the pipeline says for which it works', async () => {
    await added({ issuer: issuer.issuer, audience: 'terrace' })
    await added({ issuer: issuer.issuer, audience: 'terrace', organization: 'other' }, bob)
    const token = await issuer.sign(GITHUB_CLAIMS, { at: clock.now() })
    const exchange = (organization?: string) =>
      app.request({ method: 'POST', url: '/api/v1/auth/token-exchange', payload: { token, organization } })
    expect((await exchange()).json()).toMatchObject({ status: 401, context: { reason: 'ambiguous' } })
    expect((await exchange('nobody')).json()).toMatchObject({ status: 401, context: { reason: 'no_rule' } })
    const { key, ...answer } = (await exchange('Other')).json<{ key: string; organization: string }>()
    expect(answer).toMatchObject({ organization: 'other' })
    const me = await app.request({ url: '/api/v1/auth/me', headers: { authorization: `Bearer ${key}` } })
    expect(me.json()).toMatchObject({ scopes: [] })
  })
})
