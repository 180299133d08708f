import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DIALECTS } from '../../testing/dialects.ts'
import { ADMIN, codeIn, playLogin } from '../../testing/terraform-login.ts'
import { type OpenTestApp, openTestApp, testApp } from '../../testing/test-app.ts'
import { type TestClock, testClock } from '../../testing/test-edge.ts'

const SETTINGS = { TFR_SERVER_PUBLIC_URL: 'http://registry.example.com', TFR_RATE_LIMIT_ENABLED: 'false' }
const MINUTE_MS = 60_000
const TOKEN = { access_token: expect.stringMatching(/^tfr_\w{49}$/), token_type: 'bearer' }

describe.each(DIALECTS)('terraform login on %s', (dialect) => {
  let app: OpenTestApp
  let clock: TestClock
  beforeAll(async () => {
    clock = testClock()
    app = await openTestApp(dialect, SETTINGS, { clock })
  })
  afterAll(() => app.close())

  const me = (token: string) => app.request({ url: '/api/v1/auth/me', headers: { authorization: `Bearer ${token}` } })

  // protocol.md L-1, L-2, L-4
  test('a person signs in, allows, and the CLI gets a token', async () => {
    const login = playLogin(app)
    const signInPage = await login.browser.open(login.path())
    expect([signInPage.status, signInPage.body]).toEqual([200, expect.stringContaining('Sign in to registry.example.com')])
    const signedIn = await login.browser.submit(signInPage, '/oauth/sign-in', { ...ADMIN, decision: 'sign_in' })
    expect([signedIn.status, signedIn.headers.location]).toEqual([
      303,
      expect.stringMatching(/^\/oauth\/authorize\?client_id=terraform-cli&/),
    ])
    const consent = await login.browser.open(signedIn.headers.location ?? '')
    expect(consent.body).toContain('Allow Terraform to use registry.example.com?')
    const allowed = await login.browser.submit(consent, '/oauth/authorize', { access: 'read', decision: 'allow' })
    const location = new URL(allowed.headers.location ?? '')
    expect([allowed.status, location.origin + location.pathname]).toEqual([303, login.parameters.redirect_uri])
    expect(location.searchParams.get('state')).toBe(login.parameters.state)
    const response = await login.exchange(codeIn(allowed))
    expect([response.statusCode, response.json(), response.headers['cache-control']]).toEqual([200, TOKEN, 'no-store'])
    expect((await me(response.json().access_token)).json()).toMatchObject({ scopes: ['modules:read', 'providers:read'] })
  })

  // protocol.md L-7
  test('the token is an API key of its owner, on the list, for a year, and revocable', async () => {
    const login = playLogin(app)
    const { access_token: token } = (await login.exchange(await login.allow())).json()
    const { items } = (await app.asAdmin({ url: '/api/v1/apikeys' })).json()
    const key = items.find(({ prefix }: { prefix: string }) => token.startsWith(prefix))
    const day = new Date(clock.now()).toISOString().slice(0, 10)
    const expiresAt = new Date(clock.now() + 365 * 24 * 60 * MINUTE_MS).toISOString()
    expect(key).toMatchObject({ name: `terraform login on registry.example.com ${day}`, expires_at: expiresAt })
    expect((await app.asAdmin({ method: 'DELETE', url: `/api/v1/apikeys/${key.id}` })).statusCode).toBe(204)
    expect((await me(token)).statusCode).toBe(401)
  })

  test.each([
    ['read', ['modules:read', 'providers:read']],
    ['publish', ['modules:read', 'modules:write', 'providers:read', 'providers:write']],
  ])('the choice "%s" gives just these scopes', async (access, scopes) => {
    const login = playLogin(app)
    const { access_token: token } = (await login.exchange(await login.allow(access))).json()
    expect((await me(token)).json().scopes).toEqual(scopes)
  })

  test('a choice that was not offered is refused', async () => {
    const login = playLogin(app)
    const response = await login.exchange(await login.allow('root'))
    expect([response.statusCode, response.json().error]).toEqual([400, 'access_denied'])
  })

  // protocol.md L-3, E08e
  test.each([
    ['/oauth/authorize', 'refuse', 'You refused the login'],
    ['/oauth/sign-in', 'cancel', 'You cancelled the login'],
  ])('%s answers a refusal with a code that the token endpoint turns down', async (url, decision, description) => {
    const login = playLogin(app)
    const page = decision === 'refuse' ? await login.signIn() : await login.browser.open(login.path())
    const refused = await login.browser.submit(page, url, { decision })
    const location = new URL(refused.headers.location ?? '')
    expect([...location.searchParams.keys()]).toEqual(['code', 'state'])
    expect(location.searchParams.get('state')).toBe(login.parameters.state)
    const response = await login.exchange(codeIn(refused))
    expect([response.statusCode, response.json()]).toEqual([400, { error: 'access_denied', error_description: description }])
  })

  // reliability.md row 23: never an open redirect.
  test.each([
    { client_id: 'other' },
    { client_id: undefined },
    { state: undefined },
    { redirect_uri: undefined },
    { redirect_uri: 'https://evil.example/login' },
    { redirect_uri: 'http://localhost:10003/other' },
    { redirect_uri: 'http://localhost:10003/login?x=1' },
    { redirect_uri: 'http://localhost:10003/login#x' },
    { redirect_uri: 'http://localhost:10003/login\n' },
    { redirect_uri: 'http://localhost:9999/login' },
    { redirect_uri: 'http://localhost:10011/login' },
    { redirect_uri: 'http://localhost/login' },
    { redirect_uri: 'https://localhost:10003/login' },
    { redirect_uri: 'http://localhost:10003@evil.example/login' },
    { redirect_uri: 'http://localhost.evil.example:10003/login' },
    { redirect_uri: 'http://evil.example\\@localhost:10003/login' },
    { redirect_uri: '//localhost:10003/login' },
    { redirect_uri: 'javascript:alert(1)' },
  ])('%j is answered with a page, never with a redirect', async (change) => {
    const login = playLogin(app)
    const page = await login.browser.open(login.path(change))
    expect([page.status, page.headers.location, page.headers['content-type']]).toEqual([400, undefined, 'text/html; charset=utf-8'])
    const consent = await login.signIn()
    const posted = await login.browser.submit(consent, '/oauth/authorize', { access: 'read', decision: 'allow', ...change })
    expect([posted.status, posted.headers.location]).toEqual([400, undefined])
  })

  test.each(['http://localhost:10000/login', 'http://127.0.0.1:10009/login'])('%s is a listener of the CLI', async (uri) => {
    const login = playLogin(app)
    expect((await login.browser.open(login.path({ redirect_uri: uri }))).status).toBe(200)
  })

  // reliability.md row 23: PKCE cannot be left out.
  test.each([
    { response_type: 'token' },
    { code_challenge: undefined },
    { code_challenge: 'short' },
    { code_challenge_method: 'plain' },
    { code_challenge_method: undefined },
  ])('a recognised request with %j ends the CLI cleanly', async (change) => {
    const login = playLogin(app)
    const answered = await login.browser.open(login.path(change))
    expect(answered.status).toBe(303)
    expect((await login.exchange(codeIn(answered))).json()).toMatchObject({ error: 'access_denied' })
    const posted = await login.browser.submit(await login.signIn(), '/oauth/authorize', { decision: 'allow', access: 'read', ...change })
    expect((await login.exchange(codeIn(posted))).json()).toMatchObject({ error: 'access_denied' })
  })

  // protocol.md L-4, L-5
  test.each<[string, Record<string, string | undefined>]>([
    ['the code_verifier does not match', { code_verifier: 'x'.repeat(46) }],
    ['there is no code_verifier', { code_verifier: undefined }],
    ['redirect_uri differs', { redirect_uri: 'http://localhost:10004/login' }],
  ])('a code is used up without a token when %s', async (_name, change) => {
    const login = playLogin(app)
    const code = await login.allow()
    const wrong = await login.exchange(code, change)
    expect([wrong.statusCode, wrong.json().error]).toEqual([400, 'invalid_grant'])
    expect((await login.exchange(code)).json()).toMatchObject({ error: 'invalid_grant' })
  })

  test.each<[Record<string, string | undefined>, string]>([
    [{ grant_type: 'password' }, 'unsupported_grant_type'],
    [{ client_id: 'other' }, 'invalid_client'],
    [{ code: 'unknown' }, 'invalid_grant'],
    [{ code: undefined }, 'invalid_grant'],
  ])('%j answers %s', async (change, error) => {
    const response = await playLogin(app).exchange('none', change)
    expect([response.statusCode, response.json()]).toEqual([
      400,
      { error, error_description: expect.stringMatching(/^[\x20\x21\x23-\x5b\x5d-\x7e]+$/) },
    ])
  })

  test('a code lives a minute, and so does a refusal about that long', async () => {
    const [late, refused] = [playLogin(app), playLogin(app)]
    const code = await late.allow()
    const refusal = codeIn(await refused.browser.submit(await refused.signIn(), '/oauth/authorize', { decision: 'refuse' }))
    clock.advance(MINUTE_MS)
    expect((await late.exchange(code)).json()).toMatchObject({
      error: 'invalid_grant',
      error_description: expect.stringContaining('expired'),
    })
    clock.advance(MINUTE_MS)
    expect((await refused.exchange(refusal)).json()).toMatchObject({ error: 'invalid_grant' })
  })

  test.each([
    { what: 'signs out', method: 'POST', url: '/api/v1/auth/logout' },
    { what: 'ends a session', method: 'DELETE', url: '/api/v1/auth/sessions/ID' },
    {
      what: 'changes the password',
      method: 'PUT',
      url: '/api/v1/auth/password',
      payload: { current_password: ADMIN.password, new_password: 'another horse battery' },
    },
  ] as const)('an unused code ends when its owner $what', async ({ method, url, ...body }) => {
    const own = await testApp(dialect, SETTINGS)
    const login = playLogin(own)
    const code = await login.allow()
    const session = await own.request({ method: 'POST', url: '/api/v1/auth/login', payload: ADMIN })
    const headers = { authorization: `Bearer ${session.json<{ token: string }>().token}` }
    const { items } = (await own.request({ url: '/api/v1/auth/sessions', headers })).json<{ items: { id: string }[] }>()
    const ended = await own.request({ method, url: url.replace('ID', items[0]?.id ?? ''), headers, ...body })
    expect(ended.statusCode, ended.body).toBeLessThan(300)
    const outcome = (await login.exchange(code)).json()
    expect(outcome).toMatchObject({ error: 'invalid_grant', error_description: expect.stringContaining('expired') })
  })

  // RFC 6749, section 4.1.2
  test('a second use of a code revokes the token that the first one got', async () => {
    const login = playLogin(app)
    const code = await login.allow()
    const { access_token: token } = (await login.exchange(code)).json()
    expect((await me(token)).statusCode).toBe(200)
    expect((await login.exchange(code)).json()).toMatchObject({ error: 'invalid_grant' })
    expect((await me(token)).statusCode).toBe(401)
  })

  test('fifty uses at the same time give one token', async () => {
    const login = playLogin(app)
    const code = await login.allow()
    const answers = await Promise.all(Array.from({ length: 50 }, () => login.exchange(code)))
    expect(answers.filter(({ statusCode }) => statusCode === 200)).toHaveLength(1)
    expect(answers.filter((answer) => answer.json().error === 'invalid_grant')).toHaveLength(49)
  })

  test('what one server has answered another one exchanges', async () => {
    const other = await openTestApp(dialect, SETTINGS, { beside: app, clock })
    const [allowed, refused] = [playLogin(app), playLogin(app)]
    const code = await allowed.allow()
    const refusal = codeIn(await refused.browser.submit(await refused.signIn(), '/oauth/authorize', { decision: 'refuse' }))
    expect((await playLogin(other).exchange(code, { code_verifier: allowed.verifier })).json()).toEqual(TOKEN)
    expect((await playLogin(other).exchange(refusal)).json()).toMatchObject({ error: 'access_denied' })
    await other.close()
  })

  test('a code of somebody who was disabled meanwhile gives nothing', async () => {
    const login = playLogin(app)
    const code = await login.allow()
    const { db } = app.deps.database
    await db.updateTable('users').set({ disabledAt: 1 }).execute()
    const response = await login.exchange(code)
    await db.updateTable('users').set({ disabledAt: null }).execute()
    expect(response.json()).toMatchObject({ error: 'invalid_grant' })
  })

  test('nothing stored is a code, a token or a verifier', async () => {
    const login = playLogin(app)
    const code = await login.allow()
    const { access_token: token } = (await login.exchange(code)).json()
    const { db } = app.deps.database
    const rows = await Promise.all([
      db.selectFrom('loginCodes').selectAll().execute(),
      db.selectFrom('apiKeys').selectAll().execute(),
      db.selectFrom('auditLogs').selectAll().execute(),
    ])
    for (const secret of [code, token, login.verifier]) expect(JSON.stringify(rows)).not.toContain(secret)
  })

  test('codes of yesterday are forgotten', async () => {
    const code = await playLogin(app).allow()
    clock.advance(25 * 60 * MINUTE_MS)
    await playLogin(app).allow()
    const { count } = await app.deps.database.db
      .selectFrom('loginCodes')
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow()
    expect([count, code]).toEqual([1, expect.any(String)])
  })

  test('a code that somebody tries in vain is in the audit', async () => {
    const login = playLogin(app)
    const code = await login.allow()
    await playLogin(app).exchange(code)
    await login.exchange(code)
    const denied = await app.deps.database.db.selectFrom('auditLogs').selectAll().where('outcome', '=', 'denied').orderBy('id').execute()
    expect(denied.slice(-2)).toMatchObject([
      { action: 'api_key.create', object: 'admin', details: expect.stringContaining('code_verifier') },
      { action: 'api_key.create', object: 'admin', details: expect.stringContaining('used before') },
    ])
    expect(JSON.stringify(denied)).not.toContain(code)
  })

  test('codes that nobody was given are one record a minute and address', async () => {
    const later = testClock()
    const own = await testApp(dialect, SETTINGS, { clock: later })
    for (let tries = 0; tries < 5; tries += 1) await playLogin(own).exchange(`made-up-${tries}`)
    const rows = () =>
      own.deps.database.db
        .selectFrom('auditLogs')
        .select(['action', 'object', 'details'])
        .where('outcome', '=', 'denied')
        .orderBy('id')
        .execute()
    const first = { action: 'api_key.create', object: '/oauth/token', details: JSON.stringify({ code: 'TOKEN_INVALID' }) }
    await expect.poll(rows).toEqual([first])
    later.advance(MINUTE_MS + 1)
    await playLogin(own).exchange('made-up')
    await expect
      .poll(rows, { timeout: 5_000 })
      .toEqual([first, { ...first, details: JSON.stringify({ code: 'TOKEN_INVALID', repeats: 4 }) }])
  })

  test('who allowed, refused and got a token is in the audit', async () => {
    const [allowed, refused] = [playLogin(app), playLogin(app)]
    await allowed.exchange(await allowed.allow())
    await refused.browser.submit(await refused.signIn(), '/oauth/authorize', { decision: 'refuse' })
    const rows = await app.deps.database.db.selectFrom('auditLogs').select(['action', 'actorName']).orderBy('id').execute()
    const actions = rows.map(({ action, actorName }) => `${action} ${actorName}`).filter((line) => !line.startsWith('session'))
    expect(actions.slice(-3)).toEqual(['terraform_login.allow admin', 'api_key.create admin', 'terraform_login.refuse admin'])
  })
})
