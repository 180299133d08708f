import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { RegistryError } from '../../../base/errors.ts'
import { type Actor, originOf } from '../../../base/http/edge-types.ts'
import { Paged, PageQuery, pageOf } from '../../../base/http/pagination.ts'
import { clearSessionCookie, isCookieSession } from '../../../base/http/session-cookie.ts'
import type { AccountDeps } from '../account-deps.ts'
import { getUser, revokeAllSessions, revokeSessionOf } from './revoke-sessions.ts'
import { countLiveSessions, listLiveSessions } from './session-queries.ts'
import { ListedSessionView, presentListedSession, RevokedSessionsView } from './session-views.ts'

type ListDeps = Pick<AccountDeps, 'database' | 'clock'>

const TAGS = ['accounts']
const OWN = '/api/v1/auth/sessions'
const OF_USER = '/api/v1/users/:id/sessions'
const IdParams = Type.Object({ id: Type.String() })

/** The person who signed in; a key, which may be worth far less, neither sees nor ends their sessions. */
function personOf(actor: Actor): string {
  if (actor.kind === 'session' && actor.id !== null) return actor.id
  throw new RegistryError('SCOPE_MISSING', 'Cannot see or end sessions: an API key has none', { hint: 'Sign in' })
}

async function listSessions({ database: { db }, clock }: ListDeps, userId: string, { actor, query }: { actor: Actor; query: PageQuery }) {
  const page = pageOf(query)
  const whose = { userId, nowMs: clock.now() }
  const rows = await listLiveSessions(db, whose, page)
  const items = rows.map((row) => presentListedSession(row, actor.credentialId))
  return { items, total: await countLiveSessions(db, whose), ...page }
}

/** Lists and ends sessions: one's own. Source: requirements.md AUT-04, C13. */
export function ownSessionRoutes(deps: ListDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    const listSchema = { tags: TAGS, summary: 'List your sessions', querystring: PageQuery, response: { 200: Paged(ListedSessionView) } }
    app.get(OWN, { config: { requires: 'authenticated' }, schema: listSchema }, (request) =>
      listSessions(deps, personOf(request.actor), request),
    )

    const schema = { tags: TAGS, summary: 'End one of your sessions', params: IdParams, response: { 204: Type.Null() } }
    const config = { requires: 'authenticated', action: 'session.revoke' } as const
    app.delete(`${OWN}/:id`, { config, schema }, async (request, reply) => {
      const { actor, params } = request
      await revokeSessionOf(deps, { userId: personOf(actor), sessionId: params.id, origin: originOf(request) })
      if (isCookieSession(request) && params.id === actor.credentialId) clearSessionCookie(reply)
      return reply.code(204).send(null)
    })
  }
}

/** Lists and ends sessions: everybody's, for administrators. Source: requirements.md AUT-04, C13. */
export function userSessionRoutes(deps: ListDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    const listSchema = {
      tags: TAGS,
      summary: 'List the sessions of a user',
      params: IdParams,
      querystring: PageQuery,
      response: { 200: Paged(ListedSessionView) },
    }
    app.get(OF_USER, { config: { requires: 'users:read' }, schema: listSchema }, async (request) => {
      const { id } = await getUser(deps.database.db, request.params.id, 'list the sessions of')
      return listSessions(deps, id, request)
    })

    const config = { requires: 'users:manage', action: 'session.revoke' } as const
    const allSchema = { tags: TAGS, summary: 'End all sessions of a user', params: IdParams, response: { 200: RevokedSessionsView } }
    app.delete(OF_USER, { config, schema: allSchema }, async (request) => ({
      sessions_revoked: await revokeAllSessions(deps, { userId: request.params.id, origin: originOf(request) }),
    }))

    const params = Type.Object({ id: Type.String(), session_id: Type.String() })
    const oneSchema = { tags: TAGS, summary: 'End a session of a user', params, response: { 204: Type.Null() } }
    app.delete(`${OF_USER}/:session_id`, { config, schema: oneSchema }, async (request, reply) => {
      const { id: userId, session_id: sessionId } = request.params
      await revokeSessionOf(deps, { userId, sessionId, origin: originOf(request) })
      return reply.code(204).send(null)
    })
  }
}
