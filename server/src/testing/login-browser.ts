/** An answer as a browser sees it. */
export interface BrowserAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** Values of `Set-Cookie`. */
  readonly cookies: readonly string[]
  readonly body: string
}

/** What the browser sends; `path` includes the query. */
export interface BrowserRequest {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

/** As much of a browser as signing in needs: it keeps cookies and sends forms. It follows no redirect. */
export interface LoginBrowser {
  readonly cookies: Map<string, string>
  open(path: string): Promise<BrowserAnswer>
  /** Sends the form of a page: its hidden fields, and what the person entered. A field of `undefined` is left out. */
  submit(page: BrowserAnswer, action: string, entered: Readonly<Record<string, string | undefined>>): Promise<BrowserAnswer>
}

const ENTITIES: Readonly<Record<string, string>> = { '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'" }

/** Hidden fields of the forms of a page. */
export function hiddenFields(html: string): Record<string, string> {
  const fields = [...html.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)">/g)]
  const plain = (text = '') => text.replaceAll(/&(?:amp|lt|gt|quot|#39);/g, (entity) => ENTITIES[entity] ?? '')
  return Object.fromEntries(fields.map(([, name, value]) => [plain(name), plain(value)]))
}

/** A browser without a cookie. */
export function createLoginBrowser(send: (request: BrowserRequest) => Promise<BrowserAnswer>): LoginBrowser {
  const cookies = new Map<string, string>()
  const exchange = async (request: BrowserRequest): Promise<BrowserAnswer> => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const answer = await send({ ...request, headers: { ...request.headers, ...(cookie !== '' && { cookie }) } })
    for (const line of answer.cookies) {
      const [pair = ''] = line.split(';')
      cookies.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1))
    }
    return answer
  }
  return {
    cookies,
    open: (path) => exchange({ method: 'GET', path, headers: {} }),
    submit(page, action, entered) {
      const fields = Object.entries({ ...hiddenFields(page.body), ...entered }).flatMap(([name, value]) =>
        value === undefined ? [] : [[name, value]],
      )
      const headers = { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin' }
      return exchange({ method: 'POST', path: action, headers, body: String(new URLSearchParams(fields)) })
    },
  }
}
