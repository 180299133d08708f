import { request } from 'undici'

/** Cookies of one site. */
class CookieJar {
  readonly #cookies = new Map<string, string>()

  take(headers: string | string[] | undefined): void {
    for (const header of [headers ?? []].flat()) {
      const [pair = ''] = header.split(';')
      const [name = '', ...value] = pair.split('=')
      if (value.join('=') === '' || /expires=Thu, 01 Jan 1970/i.test(header)) this.#cookies.delete(name)
      else this.#cookies.set(name, value.join('='))
    }
  }

  get header(): string {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  }
}

const MAX_STEPS = 20

interface Step {
  readonly url: URL
  /** Fields to send; without them the page is opened. */
  readonly form?: URLSearchParams
}

/**
 * Goes through the pages of an identity provider as a person does: fills in the sign-in form, agrees, and stops where the browser
 * is sent back. Answers that address.
 */
export async function signInAtProvider(authorizationUrl: string, login: string): Promise<URL> {
  const { origin } = new URL(authorizationUrl)
  const jar = new CookieJar()
  let step: Step = { url: new URL(authorizationUrl) }
  for (let count = 0; count < MAX_STEPS; count++) {
    const { status, location, text } = await take(step, jar)
    if (location !== undefined && location.origin !== origin) return location
    if (location === undefined && status !== 200) throw new Error(`The provider answered ${status}: ${textOf(text)}`)
    step = location === undefined ? fillIn(text, step.url, login) : { url: location }
  }
  throw new Error('The provider never sends the browser back')
}

async function take({ url, form }: Step, jar: CookieJar) {
  const sent = form === undefined ? {} : { method: 'POST' as const, body: form.toString() }
  const type = form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }
  const { statusCode, headers, body } = await request(url, { ...sent, headers: { cookie: jar.header, accept: 'text/html', ...type } })
  jar.take(headers['set-cookie'])
  const { location } = headers
  return { status: statusCode, location: location === undefined ? undefined : new URL(String(location), url), text: await body.text() }
}

const textOf = (page: string): string =>
  page
    .replaceAll(/<style>.*?<\/style>|<[^>]+>/gs, ' ')
    .replaceAll(/\s+/g, ' ')
    .slice(0, 500)

function fillIn(page: string, url: URL, login: string): Step {
  const action = /<form[^>]+action="([^"]+)"/.exec(page)?.[1]
  if (action === undefined) throw new Error(`A page without a form: ${page.slice(0, 500)}`)
  const form = new URLSearchParams()
  for (const [input] of page.matchAll(/<input[^>]*type="hidden"[^>]*>/g)) {
    form.set(/name="([^"]*)"/.exec(input)?.[1] ?? '', /value="([^"]*)"/.exec(input)?.[1] ?? '')
  }
  if (page.includes('name="login"')) form.set('login', login)
  if (page.includes('name="password"')) form.set('password', 'any')
  return { url: new URL(action, url), form }
}
