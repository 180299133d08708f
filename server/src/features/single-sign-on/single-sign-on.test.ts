import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DIALECTS } from '../../testing/dialects.ts'
import { startTestIdentityProvider, type TestIdentityProvider } from '../../testing/identity-provider/test-identity-provider.ts'
import { REGISTRY_URL, redirectUriOf, sessionCookieOf, signOn } from '../../testing/identity-provider/test-sign-on.ts'
import { type OpenTestApp, openTestApp } from '../../testing/test-app.ts'

const CLIENT = { clientId: 'terrace', clientSecret: 'a secret of the client' }

describe.each(DIALECTS)('single sign-on on %s', (dialect) => {
  let provider: TestIdentityProvider
  let app: OpenTestApp

  beforeAll(async () => {
    provider = await startTestIdentityProvider({ ...CLIENT, redirectUri: redirectUriOf('acme') })
    const settings = {
      name: 'acme',
      title: 'Acme',
      issuer: provider.issuer,
      client_id: CLIENT.clientId,
      client_secret: CLIENT.clientSecret,
      create_users: true,
    }
    app = await openTestApp(dialect, {
      TFR_SERVER_PUBLIC_URL: REGISTRY_URL,
      TFR_OUTBOUND_ALLOWED_NETWORKS: '127.0.0.0/8',
      TFR_AUTH_OIDC: JSON.stringify([settings]),
      TFR_RATE_LIMIT_ENABLED: 'false',
    })
  })

  afterAll(async () => {
    await app.close()
    await provider.close()
  })

  test('somebody signs in and gets a session', async () => {
    provider.people.set('mia', { email: 'mia@acme.com', email_verified: true, name: 'Mia Long', preferred_username: 'mia' })
    const response = await signOn(app, 'acme', 'mia')
    expect(response.body).toBe('')
    expect([response.statusCode, response.headers.location]).toEqual([303, '/after'])
    const me = await app.request({ url: '/api/v1/auth/me', headers: { cookie: sessionCookieOf(response) } })
    expect(me.json()).toMatchObject({ kind: 'session', name: 'mia' })
  })
})
