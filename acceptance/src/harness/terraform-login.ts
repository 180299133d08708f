import { once } from 'node:events'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { get, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { type BrowserAnswer, createLoginBrowser, type LoginBrowser } from '@terrace/server/testing/login-browser.ts'
import { REGISTRY, type World } from './registry-world.ts'
import { ADMIN } from './terrace-server.ts'
import type { ClientResult, TerraformWorkspace } from './terraform-cli.ts'

/** What a person does with the page that the CLI wants opened. */
export type PersonAtBrowser = (address: URL, browser: LoginBrowser) => Promise<void>

/** A browser that reaches the registry as the clients do: through the front, its reverse proxy. */
function browserOf({ server }: World): LoginBrowser {
  const proxied = { 'x-forwarded-host': REGISTRY, 'x-forwarded-proto': 'https' }
  return createLoginBrowser(async ({ method, path, headers, body }) => {
    const init = { method, headers: { ...headers, ...proxied }, redirect: 'manual', ...(body !== undefined && { body }) } as const
    const response = await fetch(server.url + path, init)
    const { status, headers: answered } = response
    return { status, headers: Object.fromEntries(answered), cookies: answered.getSetCookie(), body: await response.text() }
  })
}

const ADDRESS = /^\s+(https:\/\/\S+code_challenge\S+)[ \t]*\r?\n/m

/** Runs `terraform login`, says yes to its question, and has the person open the address that it prints. */
export async function terraformLogin(world: World, workspace: TerraformWorkspace, person: PersonAtBrowser): Promise<ClientResult> {
  let hasAnswered = false
  let visit: Promise<void> | undefined
  // The CLI waits for ever for a person who does not come back.
  const failed = Promise.withResolvers<never>()
  // Without a program to open a browser the CLI prints the address only.
  const running = workspace.run(['login', REGISTRY], { PATH: join(workspace.home, 'none') }, (output, answer) => {
    if (!hasAnswered && output.includes('Enter a value')) {
      hasAnswered = true
      answer('yes\n')
    }
    const address = ADDRESS.exec(output)?.[1]
    if (address !== undefined) visit ??= person(new URL(address), browserOf(world)).catch(failed.reject)
  })
  const result = await Promise.race([running, failed.promise])
  await visit
  return result
}

/** Signs in as the administrator and answers the page that asks for consent. */
export async function signInAt(address: URL, browser: LoginBrowser): Promise<BrowserAnswer> {
  const path = address.pathname + address.search
  const signedIn = await browser.submit(await browser.open(path), '/oauth/sign-in', { ...ADMIN, decision: 'sign_in' })
  return await browser.open(signedIn.headers.location ?? '')
}

/** Where the browser is sent by the decision on the page of consent. */
export async function decideAt(
  address: URL,
  browser: LoginBrowser,
  entered: { readonly decision: 'allow' | 'refuse'; readonly access?: string },
): Promise<URL> {
  const page = await signInAt(address, browser)
  const { headers } = await browser.submit(page, '/oauth/authorize', { access: 'read', ...entered })
  return new URL(headers.location ?? '')
}

/** Follows a redirect to the CLI, which listens on IPv4 only; answers the status. */
export async function callBack(location: URL): Promise<number> {
  // A connection of its own: an earlier CLI may have listened on the same port.
  const request = get(location.href.replace('//localhost:', '//127.0.0.1:'), { agent: false })
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  response.resume()
  return response.statusCode ?? 0
}

/** The file in which the CLI keeps tokens, and who may read it. */
export function keptCredentials({ home }: TerraformWorkspace): {
  readonly tokens: Readonly<Record<string, string>>
  readonly mode: number
} {
  const path = join(home, '.terraform.d/credentials.tfrc.json')
  if (!existsSync(path)) return { tokens: {}, mode: 0 }
  const { credentials } = JSON.parse(readFileSync(path, 'utf8')) as { credentials: Record<string, { token: string }> }
  const tokens = Object.fromEntries(Object.entries(credentials).map(([host, { token }]) => [host, token]))
  return { tokens, mode: statSync(path).mode & 0o777 }
}
