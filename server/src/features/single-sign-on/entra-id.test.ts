import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestIdentityProvider, type TestIdentityProvider } from '../../testing/identity-provider/test-identity-provider.ts'
import { auditOf, openSignOnApp, redirectUriOf, sessionCookieOf, signOn } from '../../testing/identity-provider/test-sign-on.ts'
import type { OpenTestApp } from '../../testing/test-app.ts'

const TENANT = '72f988bf-86f1-41af-91ab-2d7cd011db47'
const CLIENT = { clientId: 'application', clientSecret: 'abc8Q~0123456789.value' }

let provider: TestIdentityProvider
let app: OpenTestApp

beforeAll(async () => {
  provider = await startTestIdentityProvider({ ...CLIENT, redirectUri: redirectUriOf('azure-ad'), issuerPath: `/${TENANT}/v2.0` })
  app = await openSignOnApp('sqlite', [], {
    env: {
      TFR_AUTH_AZURE_AD_ENABLED: 'true',
      TFR_AUTH_AZURE_AD_TENANT_ID: TENANT,
      TFR_AUTH_AZURE_AD_CLIENT_ID: CLIENT.clientId,
      TFR_AUTH_AZURE_AD_CLIENT_SECRET: CLIENT.clientSecret,
      TFR_AUTH_AZURE_AD_AUTHORITY: new URL(provider.issuer).origin,
      TFR_AUTH_AZURE_AD_CREATE_USERS: 'true',
      TFR_AUTH_AZURE_AD_GROUPS_CLAIM: 'roles',
      TFR_AUTH_AZURE_AD_GROUP_ROLES: JSON.stringify([{ group: 'Registry.Publish', organization: 'default', role: 'publisher' }]),
      TFR_AUTH_AZURE_AD_DEFAULT_ROLE: 'viewer',
    },
  })
})

afterAll(async () => {
  await app.close()
  await provider.close()
})

const entraClaims = (more: object) => (claims: Record<string, unknown>) => ({
  ...claims,
  tid: TENANT,
  preferred_username: 'mia@acme.com',
  ...more,
})

test('Entra ID is offered under its own name', async () => {
  expect((await app.request('/api/v1/auth/methods')).json()).toMatchObject({
    single_sign_on: [{ name: 'azure-ad', title: 'Microsoft', url: '/api/v1/auth/sso/azure-ad/start' }],
  })
})

test('somebody signs in without an e-mail address, with roles by app roles', async () => {
  provider.changeClaims(entraClaims({ oid: 'object-1', roles: ['Registry.Publish'] }))
  const response = await signOn(app, 'azure-ad', 'pairwise-1')
  expect(response.statusCode).toBe(303)
  const me = await app.request({ url: '/api/v1/auth/me', headers: { cookie: sessionCookieOf(response) } })
  expect(me.json()).toMatchObject({ name: 'mia@acme.com', scopes: expect.arrayContaining(['modules:write']) as string[] })
})

test('without a group there is the default role', async () => {
  provider.changeClaims(entraClaims({ oid: 'object-2' }))
  const response = await signOn(app, 'azure-ad', 'pairwise-2')
  const me = await app.request({ url: '/api/v1/auth/me', headers: { cookie: sessionCookieOf(response) } })
  expect(me.json()).toMatchObject({ name: 'mia@acme.com-2', scopes: ['modules:read', 'providers:read', 'mirrors:read'] })
})

test('a person of another tenant is refused', async () => {
  provider.changeClaims(entraClaims({ oid: 'object-1', tid: '00000000-0000-4000-8000-000000000000' }))
  expect((await signOn(app, 'azure-ad', 'pairwise-1')).statusCode).toBe(403)
  expect((await auditOf(app))[0]).toBe('session.create denied azure-ad answer_invalid')
})

test('a person with more groups than fit is refused', async () => {
  provider.changeClaims(entraClaims({ oid: 'object-1', _claim_names: { roles: 'src1' } }))
  const response = await signOn(app, 'azure-ad', 'pairwise-1')
  expect(response.body).toContain('did not list the groups')
})
