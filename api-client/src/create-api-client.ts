import createClient, { type Client } from 'openapi-fetch'
import type { paths } from './schema.gen.ts'

/** Typed client of the API, one method per HTTP method. */
export type ApiClient = Client<paths>

export interface ApiClientOptions {
  /** Origin of the server; empty for the one that the page came from. */
  readonly baseUrl: string
  /** Asked before each request; without a token the request goes out anonymously. */
  readonly token?: () => string | undefined
  /** Default: the platform's own. */
  readonly fetch?: (request: Request) => Promise<Response>
}

/**
 * A client on `fetch`, for browsers. A refusal is an answer, not an exception: `{ error }` holds what `isProblem` recognises.
 */
export function createApiClient({ baseUrl, token, fetch }: ApiClientOptions): ApiClient {
  const client = createClient<paths>({ baseUrl, ...(fetch !== undefined && { fetch }) })
  client.use({
    onRequest({ request }) {
      const current = token?.()
      if (current !== undefined) request.headers.set('authorization', `Bearer ${current}`)
      return request
    },
  })
  return client
}
