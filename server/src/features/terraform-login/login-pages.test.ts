import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readReturnPath } from '../../base/http/return-path.ts'
import { ADMIN, codeIn, playLogin } from '../../testing/terraform-login.ts'
import { type OpenTestApp, openTestApp } from '../../testing/test-app.ts'

const SETTINGS = { TFR_SERVER_PUBLIC_URL: 'http://registry.example.com', TFR_RATE_LIMIT_ENABLED: 'false' }
const DECISION = { access: 'read', decision: 'allow' }
const FORM = 'application/x-www-form-urlencoded'

describe('pages of terraform login', () => {
  let app: OpenTestApp
  beforeAll(async () => {
    app = await openTestApp('sqlite', SETTINGS)
  })
  afterAll(() => app.close())

  const countCodes = async (): Promise<number> => {
    const rows = await app.deps.database.db.selectFrom('loginCodes').select('codeHash').execute()
    return rows.length
  }

  // reliability.md row 34
  test.each([
    ['without a token', undefined],
    ['with a wrong token', 'x'.repeat(43)],
  ])('consent %s is refused', async (_name, token) => {
    const login = playLogin(app)
    const page = await login.signIn()
    const before = await countCodes()
    const answer = await login.browser.submit(page, '/oauth/authorize', { ...DECISION, csrf_token: token })
    expect([answer.status, answer.headers.location]).toEqual([403, undefined])
    expect(answer.body).toContain('Allow cookies for this registry')
    expect(await countCodes()).toBe(before)
  })

  test('a token of another session gives no consent', async () => {
    const [mine, foreign] = [playLogin(app), playLogin(app)]
    const page = await mine.signIn()
    await foreign.signIn()
    expect((await foreign.browser.submit(page, '/oauth/authorize', DECISION)).status).toBe(403)
  })

  // reliability.md row 34: else somebody could be signed in as somebody else, and Terraform with them.
  test('a sign-in form of another browser is refused before the password is looked at', async () => {
    const [mine, foreign] = [playLogin(app), playLogin(app)]
    const page = await foreign.browser.open(foreign.path())
    const without = await mine.browser.submit(page, '/oauth/sign-in', { ...ADMIN, decision: 'sign_in' })
    await mine.browser.open(mine.path())
    const other = await mine.browser.submit(page, '/oauth/sign-in', { ...ADMIN, decision: 'sign_in' })
    expect([without.status, other.status]).toEqual([403, 403])
    expect([...mine.browser.cookies.keys()]).toEqual(['terrace_sign_in'])
  })

  test.each([
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { origin: 'https://evil.example' },
    { origin: 'null' },
  ])('consent with %j is refused', async (headers) => {
    const login = playLogin(app)
    const page = await login.signIn()
    const cookie = [...login.browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const token = /name="csrf_token" value="([^"]+)"/.exec(page.body)?.[1] ?? ''
    const payload = String(new URLSearchParams({ ...login.parameters, ...DECISION, csrf_token: token }))
    const post = (extra: object) =>
      app.request({ method: 'POST', url: '/oauth/authorize', headers: { cookie, 'content-type': FORM, ...extra }, payload })
    expect((await post(headers)).statusCode).toBe(403)
    expect((await post({ 'sec-fetch-site': 'same-origin' })).statusCode).toBe(303)
  })

  test('whose session ends while the page is open signs in again, and the CLI waits', async () => {
    const login = playLogin(app)
    const page = await login.signIn()
    await app.deps.database.db.updateTable('sessions').set({ revokedAt: 1 }).execute()
    const again = await login.browser.submit(page, '/oauth/authorize', DECISION)
    expect([again.status, again.headers.location]).toEqual([200, undefined])
    expect(again.body).toContain('Your session has ended')
    await login.browser.submit(again, '/oauth/sign-in', { ...ADMIN, decision: 'sign_in' })
    const consent = await login.browser.open(login.path())
    const allowed = await login.browser.submit(consent, '/oauth/authorize', DECISION)
    expect((await login.exchange(codeIn(allowed))).statusCode).toBe(200)
  })

  test('a wrong password is told on the form, with the user name and without the password', async () => {
    const login = playLogin(app)
    const typed = { username: '"><b>mia', password: 'hunter2hunter2' }
    const page = await login.browser.submit(await login.browser.open(login.path()), '/oauth/sign-in', { ...typed, decision: 'sign_in' })
    expect([page.status, page.body]).toEqual([403, expect.stringContaining('User name or password is wrong.')])
    expect(page.body).toContain('value="&quot;&gt;&lt;b&gt;mia"')
    expect(page.body).not.toContain(typed.password)
  })

  test('somebody who is signed in can sign in as somebody else', async () => {
    const login = playLogin(app)
    const consent = await login.signIn()
    const [, href = ''] = /href="([^"]+)"/.exec(consent.body) ?? []
    expect((await login.browser.open(href.replaceAll('&amp;', '&'))).body).toContain('<h1>Sign in to')
  })

  // reliability.md row 34: an API key in the cookie is no person in front of a browser.
  test('a cookie that holds an API key is nobody', async () => {
    const created = await app.asAdmin({ method: 'POST', url: '/api/v1/apikeys', payload: { name: 'x', scopes: ['admin'] } })
    const headers = { cookie: `terrace_session=${created.json().key}` }
    expect((await app.request({ url: playLogin(app).path(), headers })).body).toContain('<h1>Sign in to')
  })

  test('pages are kept by nobody, run nothing and sit in no frame', async () => {
    const login = playLogin(app)
    for (const page of [await login.browser.open(login.path()), await login.signIn(), await login.browser.open('/oauth/authorize')]) {
      expect(page.headers).toMatchObject({ 'cache-control': 'no-store', 'x-frame-options': 'DENY', 'referrer-policy': 'same-origin' })
      const policy = page.headers['content-security-policy'] ?? ''
      expect(policy).toMatch(/^default-src 'none'; style-src 'sha256-[^']+'; form-action 'self'/)
      expect(policy).toContain("frame-ancestors 'none'")
      expect(page.body).not.toMatch(/<script|<iframe|\son\w+=|javascript:|\sstyle=/i)
    }
  })

  test('a form may end at the listener of the CLI and nowhere else', async () => {
    const { browser, path } = playLogin(app)
    const policy = (await browser.open(path())).headers['content-security-policy']
    expect(policy).toContain("form-action 'self' http://localhost:10003; base-uri")
  })

  test('markup in a parameter stays text', async () => {
    const login = playLogin(app)
    const page = await login.browser.open(login.path({ state: '"><script>alert(1)</script>' }))
    expect(page.body).toContain('value="&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"')
  })

  test.each([
    ['/oauth/authorize', 'a=1&a=2', 'text/html; charset=utf-8'],
    ['/oauth/token', 'code=1&code=2', 'text/plain; charset=utf-8'],
  ])('%s refuses a form that names a field twice', async (url, payload, contentType) => {
    const response = await app.request({ method: 'POST', url, headers: { 'content-type': FORM }, payload })
    expect([response.statusCode, response.headers['content-type']]).toEqual([400, contentType])
  })

  test('cookies are out of reach of scripts, and over https of every neighbour', async () => {
    const { 'set-cookie': plain } = (await app.request(playLogin(app).path())).headers
    expect(plain).toMatch(/^terrace_sign_in=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax$/)
    const secure = await openTestApp('sqlite', { TFR_SERVER_PUBLIC_URL: 'https://registry.example.com' })
    const { 'set-cookie': cookie } = (await secure.request(playLogin(secure).path())).headers
    await secure.close()
    expect(cookie).toMatch(/^__Host-terrace_sign_in=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Secure$/)
  })
})

// protocol.md 5.2: errors that are met after the request was recognised.
test.each([
  ['allow', 'login_codes'],
  ['refuse', 'audit_logs'],
])('the decision to %s ends the CLI cleanly also when it cannot be stored', async (decision, table) => {
  const app = await openTestApp('sqlite', SETTINGS)
  const login = playLogin(app)
  const page = await login.signIn()
  await sql`drop table ${sql.table(table)}`.execute(app.deps.database.db)
  const answer = await login.browser.submit(page, '/oauth/authorize', { ...DECISION, decision })
  expect(answer.status).toBe(303)
  const refusal = { error: 'access_denied', error_description: expect.stringContaining('could not store') }
  expect((await login.exchange(codeIn(answer))).json()).toEqual(refusal)
  await app.close()
})

test('without local accounts the page has no password form', async () => {
  const app = await openTestApp('sqlite', SETTINGS, {
    change: (deps) => ({ ...deps, config: { ...deps.config, auth: { ...deps.config.auth, localAccounts: false } } }),
  })
  const { browser, path } = playLogin(app)
  expect((await browser.open(path())).body).not.toContain('type="password"')
  await app.close()
})

test('a sign-on method leads back to the question of the CLI', async () => {
  const app = await openTestApp('sqlite', {
    ...SETTINGS,
    TFR_AUTH_AZURE_AD_ENABLED: 'true',
    TFR_AUTH_AZURE_AD_TENANT_ID: '11111111-2222-3333-4444-555555555555',
    TFR_AUTH_AZURE_AD_CLIENT_ID: 'terrace',
    TFR_AUTH_AZURE_AD_CLIENT_SECRET: 'a value as the portal makes it',
  })
  const { browser, path, parameters } = playLogin(app)
  const [, href = ''] = /<a class="button" href="([^"]+)"/.exec((await browser.open(path())).body) ?? []
  const address = new URL(href.replaceAll('&amp;', '&'), 'http://registry.example.com')
  expect(address.pathname).toBe('/api/v1/auth/sso/azure-ad/start')
  const returnTo = new URL(readReturnPath(address.searchParams.get('return_to')), 'http://registry.example.com')
  expect([returnTo.pathname, Object.fromEntries(returnTo.searchParams)]).toEqual(['/oauth/authorize', parameters])
  await app.close()
})

test('who tries too many passwords is told to wait, in a page', async () => {
  const app = await openTestApp('sqlite', { ...SETTINGS, TFR_RATE_LIMIT_ENABLED: 'true', TFR_RATE_LIMIT_SIGN_IN_PER_MINUTE: '1' })
  const { browser, path } = playLogin(app)
  const page = await browser.open(path())
  const tries = [await browser.submit(page, '/oauth/sign-in', ADMIN), await browser.submit(page, '/oauth/sign-in', ADMIN)]
  expect(tries.map(({ status }) => status)).toEqual([303, 429])
  expect(tries[1]?.body).toContain('<h1>Too many requests</h1>')
  await app.close()
})

test('a login that is switched off has no pages', async () => {
  const app = await openTestApp('sqlite', { ...SETTINGS, TFR_AUTH_TERRAFORM_LOGIN: 'false' })
  const { browser, path } = playLogin(app)
  expect((await browser.open(path())).status).toBe(404)
  await app.close()
})

test('a token without an end is made where the setting says so', async () => {
  const app = await openTestApp('sqlite', { ...SETTINGS, TFR_AUTH_LOGIN_TOKEN_DAYS: '0' })
  const login = playLogin(app)
  await login.exchange(await login.allow())
  expect((await app.asAdmin({ url: '/api/v1/apikeys' })).json()).toMatchObject({ items: [{ expires_at: null }] })
  await app.close()
})
