import { createHmac, timingSafeEqual } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { RegistryError } from '../errors.ts'
import { publicBaseUrl } from './public-base-url.ts'

/** Header of the token, in lower case. */
const CSRF_HEADER = 'x-csrf-token'

const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])
const OWN_SITES: ReadonlySet<string> = new Set(['same-origin', 'none'])

/**
 * The CSRF token of a session: who has only the cookie, as a foreign page's request does, cannot know it. HMAC-SHA-256 of the
 * session id in base64url; nothing to store, the same on every replica.
 */
export function csrfTokenOf(csrfKey: Uint8Array, sessionId: string): string {
  return createHmac('sha256', csrfKey).update(sessionId).digest('base64url')
}

function isRightToken(given: unknown, right: string): boolean {
  if (typeof given !== 'string' || given.length !== right.length) return false
  const bytes = Buffer.from(given)
  return bytes.length === right.length && timingSafeEqual(bytes, Buffer.from(right))
}

/** Addresses that our own pages have: the public one, and the one that this request was sent to. */
function isOwnOrigin(request: FastifyRequest, origin: string): boolean {
  return origin === publicBaseUrl(request) || origin === `${request.protocol}://${request.headers.host}`
}

/** What the browser says about the page that sends; old ones say nothing, and the token alone decides. */
function comesFromOwnPage(request: FastifyRequest): boolean {
  const { origin, 'sec-fetch-site': site } = request.headers
  const fromOwnSite = site === undefined || (typeof site === 'string' && OWN_SITES.has(site))
  return fromOwnSite && (origin === undefined || isOwnOrigin(request, origin))
}

/**
 * For requests that hand out a cookie, which have no session yet: a foreign page could sign somebody in as somebody else.
 *
 * @throws {RegistryError} CSRF_FAILED when the browser says that the page is not ours.
 */
export function requireOwnPage(request: FastifyRequest): void {
  if (!comesFromOwnPage(request)) throw foreignPage()
}

/**
 * The refusal of a change that a foreign page may have sent in the name of a signed-in person; `undefined` for one of our own and
 * for requests that change nothing. `token` comes from the header, or from the field of a form.
 * Source: reliability.md row 34
 */
export function refuseForeignPage(
  request: FastifyRequest,
  { right, token = request.headers[CSRF_HEADER] }: { readonly right: string; readonly token?: unknown },
): RegistryError | undefined {
  if (SAFE_METHODS.has(request.method)) return undefined
  if (!comesFromOwnPage(request)) return foreignPage()
  if (isRightToken(token, right)) return undefined
  return csrfFailed('its CSRF token is missing or wrong', 'Send the "csrf_token" of GET /api/v1/auth/me as "X-CSRF-Token"')
}

function foreignPage(): RegistryError {
  return csrfFailed('it comes from a page of another address', 'Use the address that "server.public_url" names')
}

function csrfFailed(state: string, hint: string): RegistryError {
  return new RegistryError('CSRF_FAILED', `Cannot answer the request: ${state}`, { hint })
}
