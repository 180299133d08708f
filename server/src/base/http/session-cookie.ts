import type { TLSSocket } from 'node:tls'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { UnixMs } from '../clock.ts'
import { type Credential, readToken } from './credential.ts'
import { publicBaseUrl } from './public-base-url.ts'

const NAME = 'terrace_session'
// Browsers take a name with this prefix only from https, for this very host and for every path: no neighbour can plant one.
const HOST_PREFIX = '__Host-'

/** A session that goes into the cookie. */
export interface CookieSession {
  /** Session token. */
  readonly token: string
  readonly expiresAt: UnixMs
}

/** Whether the browser reaches us over https, at the end of a proxy too. */
export function isHttps(request: FastifyRequest): boolean {
  const { encrypted } = request.raw.socket as TLSSocket
  return encrypted === true || request.protocol === 'https' || publicBaseUrl(request).startsWith('https://')
}

function nameFor(request: FastifyRequest): string {
  return isHttps(request) ? HOST_PREFIX + NAME : NAME
}

/** The values of a cookie; a browser sends several when paths or domains differ. */
function valuesOf(header: string, name: string): string[] {
  return header
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1))
}

/**
 * The session token of the cookie. Whoever sends two has had one planted by a neighbouring host; neither is believed.
 * Source: reliability.md row 34
 */
export function readSessionCookie(request: FastifyRequest): Credential {
  const { cookie } = request.headers
  if (cookie === undefined) return { kind: 'none' }
  const [value = '', ...others] = valuesOf(cookie, nameFor(request))
  if (value === '') return { kind: 'none' }
  return others.length > 0 ? { kind: 'malformed' } : readToken(value)
}

function cookieFor(request: FastifyRequest, value: string, expiresAt: UnixMs): string {
  const attributes = ['Path=/', `Expires=${new Date(expiresAt).toUTCString()}`, 'HttpOnly', 'SameSite=Lax']
  return [`${nameFor(request)}=${value}`, ...attributes, ...(isHttps(request) ? ['Secure'] : [])].join('; ')
}

/**
 * Gives the browser its session, out of reach of scripts, until the session ends. Lax, so that a link from elsewhere opens the
 * page signed in; changes are guarded by the CSRF token as well.
 */
export function setSessionCookie(reply: FastifyReply, { token, expiresAt }: CookieSession): void {
  reply.header('set-cookie', cookieFor(reply.request, token, expiresAt))
}

/** Takes the cookie away. */
export function clearSessionCookie(reply: FastifyReply): void {
  reply.header('set-cookie', cookieFor(reply.request, '', 0))
}

/** Whether the chain took the caller's session from the cookie: whoever sends `Authorization` is judged by that alone. */
export function isCookieSession({ actor, headers }: FastifyRequest): boolean {
  return actor.kind === 'session' && headers.authorization === undefined
}
