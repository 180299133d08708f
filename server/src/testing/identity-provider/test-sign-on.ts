import type { LightMyRequestResponse } from 'fastify'
import type { Dialect } from '../dialects.ts'
import { type OpenTestApp, openTestApp, type TestApp, type TestAppOptions } from '../test-app.ts'
import { signInAtProvider } from './test-browser.ts'

/** Address of the server under test, as browsers and providers know it. */
export const REGISTRY_URL = 'https://registry.example.com'

/** Redirect URI of a provider of the server under test. */
export const redirectUriOf = (name: string): string => `${REGISTRY_URL}/api/v1/auth/sso/${name}/callback`

/** The client that every provider of a test knows. */
export const TEST_CLIENT = { clientId: 'terrace', clientSecret: 'a secret of the client' }

/** A server whose people sign in at these providers; settings beside issuer and client are the test's. */
export function openSignOnApp(
  dialect: Dialect,
  providers: readonly (Readonly<Record<string, unknown>> & { readonly name: string; readonly issuer: string })[],
  { env = {}, ...options }: TestAppOptions & { readonly env?: Readonly<Record<string, string>> } = {},
): Promise<OpenTestApp> {
  const { clientId, clientSecret } = TEST_CLIENT
  const settings = providers.map((provider) => ({ client_id: clientId, client_secret: clientSecret, create_users: true, ...provider }))
  const ours = {
    TFR_SERVER_PUBLIC_URL: REGISTRY_URL,
    TFR_OUTBOUND_ALLOWED_NETWORKS: '127.0.0.0/8',
    TFR_OUTBOUND_API_TIMEOUT_SECONDS: '5',
    TFR_AUTH_OIDC: JSON.stringify(settings),
    TFR_RATE_LIMIT_ENABLED: 'false',
  }
  return openTestApp(dialect, { ...ours, ...env }, options)
}

/** Audit of a server, newest first: `action outcome object reason`. */
export async function auditOf({ deps }: TestApp): Promise<string[]> {
  const rows = await deps.database.db.selectFrom('auditLogs').selectAll().orderBy('id', 'desc').execute()
  return rows.map(({ action, outcome, object, details }) => {
    const { reason, code } = JSON.parse(details) as { reason?: string; code?: string }
    return [action, outcome, object, reason ?? code].filter(Boolean).join(' ')
  })
}

/** A browser that was sent to a provider. */
export interface StartedSignOn {
  readonly authorizationUrl: string
  readonly cookie: string
}

/** Begins to sign in. */
export async function startAt(app: TestApp, name: string, { cookie = '', returnTo = '/after' } = {}): Promise<StartedSignOn> {
  const query = new URLSearchParams({ return_to: returnTo })
  const response = await app.request({ url: `/api/v1/auth/sso/${name}/start?${query}`, headers: { cookie } })
  if (response.statusCode !== 302) throw new Error(`Starting answered ${response.statusCode}: ${response.body}`)
  return { authorizationUrl: String(response.headers.location), cookie: String(response.headers['set-cookie']).split(';')[0] ?? '' }
}

/** Comes back with an answer. */
export function comeBack(app: TestApp, answer: URL, cookie: string): Promise<LightMyRequestResponse> {
  return app.request({ url: `${answer.pathname}${answer.search}`, headers: { cookie } })
}

/** The whole way: begin, sign in at the provider, come back. */
export async function signOn(app: TestApp, name: string, login: string): Promise<LightMyRequestResponse> {
  const { authorizationUrl, cookie } = await startAt(app, name)
  return comeBack(app, await signInAtProvider(authorizationUrl, login), cookie)
}

/** The session cookie of an answer, for the next request. */
export function sessionCookieOf(response: LightMyRequestResponse): string {
  const cookies = [response.headers['set-cookie'] ?? []].flat()
  return cookies.find((cookie) => cookie.includes('terrace_session'))?.split(';')[0] ?? ''
}
