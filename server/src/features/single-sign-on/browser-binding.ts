import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { isHttps } from '../../base/http/session-cookie.ts'

const NAME = 'terrace_sign_on'
const SECRET = /^[\w-]{43}$/
const STATE = /^(?<random>[\w-]{43})\.(?<proof>[\w-]{43})$/
const BYTES = 32

/**
 * A random text that the browser keeps while somebody signs in, by cookie. Every `state` carries a proof of it, so that an answer
 * counts only in the browser that asked, and several tabs may ask at once. Source: RFC 9700, section 4.7.
 */
export function browserSecretOf(request: FastifyRequest): string | undefined {
  const name = `${cookieName(request)}=`
  const values = (request.headers.cookie ?? '').split(';').map((pair) => pair.trim())
  const [secret, ...others] = values.filter((pair) => pair.startsWith(name)).map((pair) => pair.slice(name.length))
  // Whoever sends two has had one planted by a neighbouring host.
  return secret !== undefined && others.length === 0 && SECRET.test(secret) ? secret : undefined
}

/** 256 random bits as text. */
export function randomText(): string {
  return randomBytes(BYTES).toString('base64url')
}

/** Lax: the answer comes by a link from the identity provider. */
export function setBrowserSecret(reply: FastifyReply, secret: string, lifeSeconds: number): void {
  const attributes = ['Path=/', `Max-Age=${lifeSeconds}`, 'HttpOnly', 'SameSite=Lax', ...(isHttps(reply.request) ? ['Secure'] : [])]
  reply.header('set-cookie', [`${cookieName(reply.request)}=${secret}`, ...attributes].join('; '))
}

/** A new `state` for a browser. */
export function createState(browserSecret: string): string {
  const random = randomText()
  return `${random}.${proofOf(browserSecret, random)}`
}

/** Whether a `state` was made for the browser. */
export function isStateOf(browserSecret: string | undefined, state: string): boolean {
  const { random, proof } = STATE.exec(state)?.groups ?? {}
  if (browserSecret === undefined || random === undefined || proof === undefined) return false
  return timingSafeEqual(Buffer.from(proof), Buffer.from(proofOf(browserSecret, random)))
}

function proofOf(browserSecret: string, random: string): string {
  return createHmac('sha256', browserSecret).update(random).digest('base64url')
}

function cookieName(request: FastifyRequest): string {
  return isHttps(request) ? `__Host-${NAME}` : NAME
}
