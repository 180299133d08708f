import { randomBytes } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { RegistryError } from '../../base/errors.ts'
import { csrfTokenOf, refuseForeignPage } from '../../base/http/csrf.ts'
import { isHttps } from '../../base/http/session-cookie.ts'

const NAME = 'terrace_sign_in'
const SECRET_BYTES = 32
const SECRET = /^[\w-]{43}$/

function nameFor(request: FastifyRequest): string {
  return isHttps(request) ? `__Host-${NAME}` : NAME
}

/** The secret that this browser got with the form; `undefined` when it has none, or somebody planted a second one. */
function readSecret(request: FastifyRequest): string | undefined {
  const prefix = `${nameFor(request)}=`
  const pairs = (request.headers.cookie ?? '').split(';').map((pair) => pair.trim())
  const values = pairs.filter((pair) => pair.startsWith(prefix)).map((pair) => pair.slice(prefix.length))
  const [value = ''] = values
  return values.length === 1 && SECRET.test(value) ? value : undefined
}

function tokenOf(csrfKey: Uint8Array, secret: string): string {
  return csrfTokenOf(csrfKey, `sign-in ${secret}`)
}

/**
 * The CSRF token of a form that nobody has signed in for yet. It belongs to a secret in a cookie of this browser: else a foreign page
 * could sign a person in as somebody else, whose token Terraform would then get. Source: reliability.md row 34
 */
export function openSignInForm(request: FastifyRequest, reply: FastifyReply, csrfKey: Uint8Array): string {
  const secret = readSecret(request) ?? randomBytes(SECRET_BYTES).toString('base64url')
  const attributes = ['Path=/', 'HttpOnly', 'SameSite=Lax', ...(isHttps(request) ? ['Secure'] : [])]
  reply.header('set-cookie', [`${nameFor(request)}=${secret}`, ...attributes].join('; '))
  return tokenOf(csrfKey, secret)
}

/**
 * Whether the form of signing in comes from our own page in this browser.
 *
 * @throws {RegistryError} CSRF_FAILED when it does not.
 */
export function checkSignInForm(request: FastifyRequest, csrfKey: Uint8Array, token: string): void {
  const secret = readSecret(request)
  // Without a secret no token is right; the address of the page is looked at all the same.
  const right = secret === undefined ? '' : tokenOf(csrfKey, secret)
  if (right === '' || refuseForeignPage(request, { right, token }) !== undefined) throw foreignForm()
}

/**
 * Whether the form of a session comes from our own page.
 *
 * @throws {RegistryError} CSRF_FAILED when it does not.
 */
export function checkSessionForm(request: FastifyRequest, right: string, token: string): void {
  if (refuseForeignPage(request, { right, token }) !== undefined) throw foreignForm()
}

function foreignForm(): RegistryError {
  return new RegistryError('CSRF_FAILED', 'Cannot use the form: it does not come from a page that this browser has open', {
    hint: 'Allow cookies for this registry, and open the address that Terraform printed once more',
  })
}
