import { createHash, randomUUID } from 'node:crypto'
import type { LightMyRequestResponse } from 'fastify'
import { type BrowserAnswer, createLoginBrowser, type LoginBrowser } from './login-browser.ts'
import type { TestApp } from './test-app.ts'

/** The administrator of every test app. */
export const ADMIN = { username: 'admin', password: 'correct horse battery' } as const

/** One run of `terraform login`, played by a test. */
export interface PlayedLogin {
  readonly browser: LoginBrowser
  readonly verifier: string
  readonly parameters: Readonly<Record<string, string>>
  /** Address of the page, with parameters changed or left out. */
  path(changes?: Readonly<Record<string, string | undefined>>): string
  /** Opens the page and signs in; answers the page that asks for consent. */
  signIn(): Promise<BrowserAnswer>
  /** Signs in and allows; answers the code. */
  allow(access?: string): Promise<string>
  /** What the CLI does with the code. */
  exchange(code: string, changes?: Readonly<Record<string, string | undefined>>): Promise<LightMyRequestResponse>
}

/** The code in the address to which a browser is sent. */
export const codeIn = ({ headers }: BrowserAnswer): string => new URL(headers.location ?? '').searchParams.get('code') ?? ''

const form = (fields: Readonly<Record<string, string | undefined>>): string =>
  String(new URLSearchParams(Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))))

/** A login that has just begun, as Terraform 1.11 does it (protocol.md 5.2). */
export function playLogin({ request }: Pick<TestApp, 'request'>): PlayedLogin {
  const verifier = `${randomUUID()}.123456789`
  const parameters = {
    client_id: 'terraform-cli',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    redirect_uri: 'http://localhost:10003/login',
    response_type: 'code',
    state: randomUUID(),
  }
  const browser = createLoginBrowser(async ({ method, path, headers, body }) => {
    const response = await request({ method, url: path, headers, ...(body !== undefined && { payload: body }) })
    const cookies = [response.headers['set-cookie'] ?? []].flat()
    return { status: response.statusCode, headers: response.headers as Record<string, string>, cookies, body: response.body }
  })
  const path: PlayedLogin['path'] = (changes = {}) => `/oauth/authorize?${form({ ...parameters, ...changes })}`
  const signIn = async (): Promise<BrowserAnswer> => {
    await browser.submit(await browser.open(path()), '/oauth/sign-in', { ...ADMIN, decision: 'sign_in' })
    return await browser.open(path())
  }
  return {
    browser,
    verifier,
    parameters,
    path,
    signIn,
    allow: async (access = 'read') => codeIn(await browser.submit(await signIn(), '/oauth/authorize', { access, decision: 'allow' })),
    exchange(code, changes = {}) {
      const { client_id, redirect_uri } = parameters
      const fields = { client_id, code, code_verifier: verifier, grant_type: 'authorization_code', redirect_uri, ...changes }
      const headers = { 'content-type': 'application/x-www-form-urlencoded' }
      return request({ method: 'POST', url: '/oauth/token', headers, payload: form(fields) })
    },
  }
}
