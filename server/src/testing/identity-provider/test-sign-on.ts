import type { LightMyRequestResponse } from 'fastify'
import type { TestApp } from '../test-app.ts'
import { signInAtProvider } from './test-browser.ts'

/** Address of the server under test, as browsers and providers know it. */
export const REGISTRY_URL = 'https://registry.example.com'

/** Redirect URI of a provider of the server under test. */
export const redirectUriOf = (name: string): string => `${REGISTRY_URL}/api/v1/auth/sso/${name}/callback`

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
