import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply } from 'fastify'
import { Type } from 'typebox'
import { csrfTokenOf, requireOwnPage } from '../../../base/http/csrf.ts'
import { originOf } from '../../../base/http/edge-types.ts'
import { clearSessionCookie, isCookieSession, setSessionCookie } from '../../../base/http/session-cookie.ts'
import { CallerView, presentSession, SessionView } from '../account-views.ts'
import type { OpenedSession } from './open-session.ts'
import { presentCaller } from './present-caller.ts'
import { type SignInDeps, signIn } from './sign-in.ts'
import { signOut } from './sign-out.ts'

const MAX_USERNAME = 200
const MAX_PASSWORD = 1024

/** Part of the body of every route that signs in. */
export const WantsCookie = Type.Optional(
  Type.Boolean({ description: 'For browsers: the token goes into a cookie that scripts cannot read, the answer has a CSRF token.' }),
)

const SignInBody = Type.Object(
  { username: Type.String({ maxLength: MAX_USERNAME }), password: Type.String({ maxLength: MAX_PASSWORD }), cookie: WantsCookie },
  { additionalProperties: false, examples: [{ username: 'mia', password: 'correct horse battery' }] },
)

const SIGN_IN = { requires: 'public', rateLimitTier: 'sign_in', action: 'session.create' } as const
const TAGS = ['accounts']

/** How a sign-in is answered. */
export interface SignInAnswer {
  readonly reply: FastifyReply
  readonly csrfKey: Uint8Array
  readonly cookie: boolean | undefined
}

/**
 * The answer to a sign-in: the token, or with a cookie the CSRF token instead, so that the token is nowhere within a script's reach.
 */
export function answerSignIn(session: OpenedSession, { reply, csrfKey, cookie }: SignInAnswer) {
  if (cookie !== true) return presentSession(session)
  setSessionCookie(reply, session)
  return { csrf_token: csrfTokenOf(csrfKey, session.id), expires_at: new Date(session.expiresAt).toISOString() }
}

/** Signing in and out. The routes below `/admin/api/` are aliases. Source: requirements.md AUT-01, AUT-02, C16. */
export function sessionRoutes(deps: SignInDeps): FastifyPluginAsyncTypebox {
  const { csrfKey } = deps.secrets
  return async (app) => {
    for (const url of ['/api/v1/auth/login', '/admin/api/login']) {
      const schema = { tags: TAGS, summary: 'Sign in', body: SignInBody, response: { 200: SessionView }, hide: url.startsWith('/admin/') }
      app.post(url, { config: SIGN_IN, schema }, async (request, reply) => {
        const { username, password, cookie } = request.body
        if (cookie === true) requireOwnPage(request)
        const userAgent = request.headers['user-agent'] ?? ''
        const session = await signIn(deps, { username, password, origin: originOf(request), userAgent })
        return answerSignIn(session, { reply, csrfKey, cookie })
      })
    }

    for (const url of ['/api/v1/auth/logout', '/admin/api/logout']) {
      const schema = { tags: TAGS, summary: 'Sign out', response: { 204: Type.Null() }, hide: url.startsWith('/admin/') }
      app.post(url, { config: { requires: 'authenticated', action: 'session.revoke' }, schema }, async (request, reply) => {
        await signOut(deps, originOf(request))
        if (isCookieSession(request)) clearSessionCookie(reply)
        return reply.code(204).send(null)
      })
    }

    const schema = { tags: TAGS, summary: 'Whose credential this is', response: { 200: CallerView } }
    app.get('/api/v1/auth/me', { config: { requires: 'authenticated' }, schema }, (request) =>
      presentCaller(deps.database.db, request, csrfKey),
    )
  }
}
