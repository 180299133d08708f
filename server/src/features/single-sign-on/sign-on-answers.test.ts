import { createHmac } from 'node:crypto'
import { generateKeyPair, SignJWT } from 'jose'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { DIALECTS } from '../../testing/dialects.ts'
import { signInAtProvider } from '../../testing/identity-provider/test-browser.ts'
import { startTestIdentityProvider, type TestIdentityProvider } from '../../testing/identity-provider/test-identity-provider.ts'
import {
  auditOf,
  comeBack,
  openSignOnApp,
  redirectUriOf,
  sessionCookieOf,
  signOn,
  startAt,
  TEST_CLIENT,
} from '../../testing/identity-provider/test-sign-on.ts'
import type { OpenTestApp } from '../../testing/test-app.ts'
import { testClock, testLog } from '../../testing/test-edge.ts'

const MINUTE_MS = 60_000
type Claims = Record<string, unknown>

const unsigned = (header: object) => (claims: Claims) => {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part(header)}.${part(claims)}`
}

// reliability.md rows 22 to 24.
describe.each(DIALECTS)('answers of identity providers on %s', (dialect) => {
  let provider: TestIdentityProvider
  let other: TestIdentityProvider
  let app: OpenTestApp
  const clock = testClock(Date.now())
  const log = testLog()

  beforeAll(async () => {
    provider = await startTestIdentityProvider({ ...TEST_CLIENT, redirectUri: redirectUriOf('acme') })
    other = await startTestIdentityProvider({ ...TEST_CLIENT, redirectUri: redirectUriOf('other') })
    for (const { people } of [provider, other])
      people.set('mia', { email: 'mia@acme.com', email_verified: true, preferred_username: 'mia' })
    const issuers = [
      { name: 'acme', issuer: provider.issuer },
      { name: 'other', issuer: other.issuer },
    ]
    app = await openSignOnApp(dialect, issuers, { clock, change: (deps) => ({ ...deps, logger: log.logger }) })
  })

  afterEach(() => {
    provider.changeClaims(undefined)
    provider.signOtherwise(undefined)
  })

  afterAll(async () => {
    await app.close()
    await Promise.all([provider.close(), other.close()])
  })

  const reasonOf = async () => (await auditOf(app))[0]?.split(' ').at(-1)
  const expectRefusal = async (response: Awaited<ReturnType<typeof signOn>>, reason: string) => {
    expect([response.statusCode, sessionCookieOf(response)]).toEqual([403, ''])
    expect(response.headers['content-type']).toContain('text/html')
    expect(await reasonOf()).toBe(reason)
  }

  test('the request carries PKCE with S256, a nonce and a state of 256 bits', async () => {
    const url = new URL((await startAt(app, 'acme')).authorizationUrl)
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      response_type: 'code',
      client_id: TEST_CLIENT.clientId,
      redirect_uri: redirectUriOf('acme'),
      code_challenge_method: 'S256',
      scope: 'openid profile email',
    })
    for (const name of ['state', 'nonce', 'code_challenge']) expect(url.searchParams.get(name)).toMatch(/^[\w-]{43}/)
  })

  test('an answer counts once, also when it comes many times at once', async () => {
    const { authorizationUrl, cookie } = await startAt(app, 'acme')
    const answer = await signInAtProvider(authorizationUrl, 'mia')
    const responses = await Promise.all(Array.from({ length: 10 }, () => comeBack(app, answer, cookie)))
    expect(responses.filter(({ statusCode }) => statusCode === 303)).toHaveLength(1)
    await expectRefusal(await comeBack(app, answer, cookie), 'attempt_used')
  })

  test('an answer does not count in another browser, nor in one without a cookie', async () => {
    const [mine, theirs] = [await startAt(app, 'acme'), await startAt(app, 'acme')]
    const answer = await signInAtProvider(theirs.authorizationUrl, 'mia')
    await expectRefusal(await comeBack(app, answer, mine.cookie), 'other_browser')
    await expectRefusal(await comeBack(app, answer, ''), 'other_browser')
    await expectRefusal(await comeBack(app, answer, `${theirs.cookie}; ${mine.cookie}`), 'other_browser')
    expect((await comeBack(app, answer, theirs.cookie)).statusCode).toBe(303)
  })

  test('two tabs of one browser may sign in at once', async () => {
    const first = await startAt(app, 'acme')
    const second = await startAt(app, 'acme', { cookie: first.cookie })
    expect(second.cookie).toBe(first.cookie)
    for (const { authorizationUrl } of [second, first]) {
      expect((await comeBack(app, await signInAtProvider(authorizationUrl, 'mia'), first.cookie)).statusCode).toBe(303)
    }
  })

  test('an answer that comes after ten minutes is refused', async () => {
    const { authorizationUrl, cookie } = await startAt(app, 'acme')
    const answer = await signInAtProvider(authorizationUrl, 'mia')
    clock.advance(10 * MINUTE_MS)
    await expectRefusal(await comeBack(app, answer, cookie), 'attempt_expired')
  })

  test('a made-up state is refused, even with a right proof', async () => {
    const { cookie } = await startAt(app, 'acme')
    const random = 'a'.repeat(43)
    const proof = createHmac('sha256', cookie.split('=')[1] ?? '')
      .update(random)
      .digest('base64url')
    const answer = new URL(`${redirectUriOf('acme')}?code=x&state=${random}.${proof}`)
    await expectRefusal(await comeBack(app, answer, cookie), 'attempt_unknown')
    for (const state of ['', 'x', `${random}.${random}`, 'x'.repeat(200)]) {
      await expectRefusal(await comeBack(app, new URL(`${redirectUriOf('acme')}?code=x&state=${state}`), cookie), 'other_browser')
    }
  })

  test('the answer of one provider does not pass at the address of another', async () => {
    const { authorizationUrl, cookie } = await startAt(app, 'acme')
    const answer = await signInAtProvider(authorizationUrl, 'mia')
    const misled = new URL(`${redirectUriOf('other')}${answer.search}`)
    await expectRefusal(await comeBack(app, misled, cookie), 'other_provider')
    await expectRefusal(await comeBack(app, answer, cookie), 'attempt_used')
  })

  // RFC 9207.
  test.each(['other', 'none'])('an answer that names %s as its issuer is refused', async (issuer) => {
    const { authorizationUrl, cookie } = await startAt(app, 'acme')
    const answer = await signInAtProvider(authorizationUrl, 'mia')
    expect(answer.searchParams.get('iss')).toBe(provider.issuer)
    if (issuer === 'none') answer.searchParams.delete('iss')
    else answer.searchParams.set('iss', other.issuer)
    const before = provider.countRequests('/token')
    await expectRefusal(await comeBack(app, answer, cookie), 'answer_invalid')
    expect(provider.countRequests('/token')).toBe(before)
  })

  test('a code of another sign-in is refused', async () => {
    const [first, second] = [await startAt(app, 'acme'), await startAt(app, 'acme')]
    const answer = await signInAtProvider(first.authorizationUrl, 'mia')
    const injected = await signInAtProvider(second.authorizationUrl, 'mia')
    answer.searchParams.set('code', injected.searchParams.get('code') ?? '')
    await expectRefusal(await comeBack(app, answer, first.cookie), 'answer_invalid')
  })

  test('an ID token that the test signs anew with the same claims is accepted', async () => {
    provider.changeClaims((claims) => claims)
    expect((await signOn(app, 'acme', 'mia')).statusCode).toBe(303)
  })

  test.each<[string, (claims: Claims) => Claims]>([
    ['another audience', (claims) => ({ ...claims, aud: 'another-client' })],
    ['several audiences and another party', (claims) => ({ ...claims, aud: [claims.aud, 'x'], azp: 'x' })],
    ['another authorised party', (claims) => ({ ...claims, azp: 'another-client' })],
    ['another issuer', (claims) => ({ ...claims, iss: 'https://evil.example' })],
    ['another nonce', (claims) => ({ ...claims, nonce: 'x' })],
    ['no nonce', ({ nonce: _nonce, ...claims }) => claims],
    ['a time that has passed', (claims) => ({ ...claims, exp: Number(claims.iat) - 100 })],
    ['no end', ({ exp: _exp, ...claims }) => claims],
    ['a time to come', (claims) => ({ ...claims, nbf: Number(claims.iat) + 100_000 })],
    ['no subject', ({ sub: _sub, ...claims }) => claims],
  ])('an ID token with %s is refused', async (_name, change) => {
    provider.changeClaims(change)
    await expectRefusal(await signOn(app, 'acme', 'mia'), 'answer_invalid')
  })

  test.each<[string, (claims: Claims) => Promise<string>]>([
    ['no signature', async (claims) => `${unsigned({ alg: 'none' })(claims)}.`],
    [
      'a MAC with the client secret',
      (claims) => new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.from(TEST_CLIENT.clientSecret)),
    ],
    [
      'a key that the issuer does not list',
      async (claims) =>
        new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: 'key-0' }).sign((await generateKeyPair('ES256')).privateKey),
    ],
    ['a signature that is none', async (claims) => `${unsigned({ alg: 'ES256' })(claims)}.${'A'.repeat(86)}`],
  ])('an ID token with %s is refused', async (_name, sign) => {
    provider.signOtherwise(sign)
    await expectRefusal(await signOn(app, 'acme', 'mia'), 'answer_invalid')
  })

  test('a key inside the token counts for nothing', async () => {
    const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
    const jwk = { ...(await crypto.subtle.exportKey('jwk', publicKey)), kty: 'EC' }
    provider.signOtherwise((claims) => new SignJWT(claims).setProtectedHeader({ alg: 'ES256', jwk }).sign(privateKey))
    await expectRefusal(await signOn(app, 'acme', 'mia'), 'answer_invalid')
  })

  test('keys that the provider changes are read at once, but not for every token', async () => {
    expect((await signOn(app, 'acme', 'mia')).statusCode).toBe(303)
    clock.advance(6000)
    await provider.rotateKeys()
    expect((await signOn(app, 'acme', 'mia')).statusCode).toBe(303)
    const before = provider.countRequests('/jwks')
    provider.signOtherwise(async (claims) =>
      new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: 'made up' }).sign((await generateKeyPair('ES256')).privateKey),
    )
    for (let round = 0; round < 3; round += 1) await expectRefusal(await signOn(app, 'acme', 'mia'), 'answer_invalid')
    expect(provider.countRequests('/jwks')).toBe(before)
  })

  test('a refusal of the provider is told without its words', async () => {
    const { authorizationUrl, cookie } = await startAt(app, 'acme')
    const query = new URLSearchParams({
      state: new URL(authorizationUrl).searchParams.get('state') ?? '',
      iss: provider.issuer,
      error: 'access_denied',
      error_description: '<b>Call 555-0100 for help</b>',
    })
    const response = await comeBack(app, new URL(`${redirectUriOf('acme')}?${query}`), cookie)
    await expectRefusal(response, 'provider_refused')
    expect(response.body).not.toContain('555-0100')
  })

  // reliability.md row 35; the payloads are those of base/http/return-path.test.ts.
  test.each(['//evil.example', '/\\evil.example', 'https://evil.example', '/%09/evil.example', '/.//evil.example', 'javascript:alert(1)'])(
    'after signing in nobody is sent to %j',
    async (returnTo) => {
      const { authorizationUrl, cookie } = await startAt(app, 'acme', { returnTo })
      const response = await comeBack(app, await signInAtProvider(authorizationUrl, 'mia'), cookie)
      expect([response.statusCode, response.headers.location]).toEqual([303, '/'])
    },
  )

  test('a provider that is not configured is told so', async () => {
    for (const url of ['/api/v1/auth/sso/nobody/start', '/api/v1/auth/sso/nobody/callback?code=x&state=y']) {
      const response = await app.request(url)
      expect(response.statusCode).toBe(404)
      expect(response.body).toContain('SIGN_ON_METHOD_NOT_FOUND')
    }
  })

  // reliability.md row 30.
  test('no token, code or secret reaches log, audit or page', async () => {
    const { authorizationUrl, cookie } = await startAt(app, 'acme')
    const answer = await signInAtProvider(authorizationUrl, 'mia')
    let idToken = ''
    provider.signOtherwise(async (claims) => {
      idToken = `${unsigned({ alg: 'none' })(claims)}.canary`
      return idToken
    })
    const response = await comeBack(app, answer, cookie)
    const rows = JSON.stringify(await app.deps.database.db.selectFrom('auditLogs').selectAll().execute())
    const attempts = JSON.stringify(await app.deps.database.db.selectFrom('signOnAttempts').select('codeVerifier').execute())
    for (const secret of [idToken, answer.searchParams.get('code') ?? '?', TEST_CLIENT.clientSecret, cookie.split('=')[1] ?? '?']) {
      expect(response.body + rows + attempts + log.lines.join('')).not.toContain(secret)
    }
    expect(log.lines.filter((line) => line.includes('Single sign-on failed')).at(-1)).toContain('"provider":"acme","reason":')
  })
})

describe('a provider that cannot be asked', () => {
  test('is told on the page, and the rest of the server goes on', async () => {
    const provider = await startTestIdentityProvider({ ...TEST_CLIENT, redirectUri: redirectUriOf('acme') })
    provider.people.set('mia', { email: 'mia@acme.com', email_verified: true })
    const app = await openSignOnApp('sqlite', [{ name: 'acme', title: 'Acme', issuer: provider.issuer }])
    try {
      const { authorizationUrl, cookie } = await startAt(app, 'acme')
      const answer = await signInAtProvider(authorizationUrl, 'mia')
      await provider.close()
      const response = await comeBack(app, answer, cookie)
      expect(response.statusCode).toBe(504)
      expect(response.body).toContain('Cannot sign in with &quot;Acme&quot;: the identity provider cannot be asked')
      expect((await auditOf(app))[0]).toMatch(/^session\.create error acme /)
      expect((await app.request('/livez')).statusCode).toBe(200)
    } finally {
      await app.close()
    }
  })

  // reliability.md row 7.
  test('is refused in a private network that is not allowed', async () => {
    const app = await openSignOnApp('sqlite', [{ name: 'acme', issuer: 'http://127.0.0.1:9/' }], {
      env: { TFR_OUTBOUND_ALLOWED_NETWORKS: '' },
    })
    try {
      const response = await app.request('/api/v1/auth/sso/acme/start')
      expect(response.statusCode).toBe(502)
      expect(response.body).toContain('outbound.allowed_networks')
    } finally {
      await app.close()
    }
  })
})
