import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { originOf } from '../../../base/http/edge-types.ts'
import { CallerView, presentSession, SessionView } from '../account-views.ts'
import { type SignInDeps, signIn } from './sign-in.ts'
import { signOut } from './sign-out.ts'

const MAX_USERNAME = 200
const MAX_PASSWORD = 1024

const SignInBody = Type.Object(
  { username: Type.String({ maxLength: MAX_USERNAME }), password: Type.String({ maxLength: MAX_PASSWORD }) },
  { additionalProperties: false },
)

const SIGN_IN = { requires: 'public', rateLimitTier: 'sign_in', action: 'session.create' } as const
const TAGS = ['accounts']

/** Signing in and out. The routes below `/admin/api/` are aliases. Source: requirements.md AUT-01, AUT-02, C16. */
export function sessionRoutes(deps: SignInDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    for (const url of ['/api/v1/auth/login', '/admin/api/login']) {
      const schema = { tags: TAGS, summary: 'Sign in', body: SignInBody, response: { 200: SessionView }, hide: url.startsWith('/admin/') }
      app.post(url, { config: SIGN_IN, schema }, async (request) => {
        const userAgent = request.headers['user-agent'] ?? ''
        return presentSession(await signIn(deps, { ...request.body, origin: originOf(request), userAgent }))
      })
    }

    for (const url of ['/api/v1/auth/logout', '/admin/api/logout']) {
      const schema = { tags: TAGS, summary: 'Sign out', response: { 204: Type.Null() }, hide: url.startsWith('/admin/') }
      app.post(url, { config: { requires: 'authenticated', action: 'session.revoke' }, schema }, async (request, reply) => {
        await signOut(deps, originOf(request))
        return reply.code(204).send(null)
      })
    }

    const schema = { tags: TAGS, summary: 'Whose credential this is', response: { 200: CallerView } }
    app.get('/api/v1/auth/me', { config: { requires: 'authenticated' }, schema }, ({ actor }) => ({
      kind: actor.kind,
      user_id: actor.id,
      name: actor.name,
      scopes: [...actor.scopes],
    }))
  }
}
