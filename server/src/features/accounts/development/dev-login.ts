import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { encodeJson } from '../../../base/database/columns.ts'
import type { Db } from '../../../base/database/open-database.ts'
import { requireOwnPage } from '../../../base/http/csrf.ts'
import { type Origin, originOf } from '../../../base/http/edge-types.ts'
import { newId } from '../../../base/ids.ts'
import { recordAudit } from '../../audit/index.ts'
import { SessionView } from '../account-views.ts'
import { type OpenedSession, openSession, signInRefused } from '../sessions/open-session.ts'
import { answerSignIn, WantsCookie } from '../sessions/session-routes.ts'
import type { SignInDeps } from '../sessions/sign-in.ts'
import { findUserByName, insertUser } from '../user-queries.ts'
import { parseUsername } from '../usernames.ts'

/*
 * Lets anybody in as anybody, for work on this machine and for tests of the user interface. This folder is no part of the packages
 * that are published (server/.npmignore): there `dev_mode` stops the start.
 */

const MAX_USERNAME = 200

const DevLoginBody = Type.Object(
  { username: Type.String({ maxLength: MAX_USERNAME, description: 'Of a user, or of an administrator to be made.' }), cookie: WantsCookie },
  { additionalProperties: false },
)

interface DevLogin {
  readonly username: string
  readonly origin: Origin
  readonly userAgent: string
}

async function makeAdministrator(deps: SignInDeps, tx: Db, { username, origin }: DevLogin) {
  const at = deps.clock.now()
  const user = { id: newId(), username, passwordHash: null, scopes: encodeJson(['admin']), createdAt: at, disabledAt: null }
  await insertUser(tx, user)
  await recordAudit(tx, { at, origin, action: 'user.create', object: username, details: { by: 'development sign-in' } })
  return user
}

async function signInAsAnybody(deps: SignInDeps, input: DevLogin): Promise<OpenedSession> {
  return await deps.database.db.transaction().execute(async (tx) => {
    const user = (await findUserByName(tx, input.username)) ?? (await makeAdministrator(deps, tx, input))
    if (user.disabledAt !== null) throw signInRefused()
    const { id, username } = user
    return await openSession(deps, tx, { user: { id, username }, origin: input.origin, userAgent: input.userAgent })
  })
}

/** `POST /api/v1/auth/dev-login`: a session without a password. Not in the API document. Source: requirements.md AUT-20. */
export function devLoginRoutes(deps: SignInDeps): FastifyPluginAsyncTypebox {
  const { logger } = deps
  return async (app) => {
    logger.warn('DEV_MODE is on: anybody who reaches this server can sign in as anybody, without a password. Never use it in production')
    const schema = { body: DevLoginBody, response: { 200: SessionView }, hide: true }
    const config = { requires: 'public', rateLimitTier: 'sign_in', action: 'session.create' } as const
    app.post('/api/v1/auth/dev-login', { config, schema }, async (request, reply) => {
      const { username: text, cookie } = request.body
      if (cookie === true) requireOwnPage(request)
      const username = parseUsername(text)
      const userAgent = request.headers['user-agent'] ?? ''
      const session = await signInAsAnybody(deps, { username, origin: originOf(request), userAgent })
      logger.warn({ username, ip: request.ip }, 'Signed in without a password, because DEV_MODE is on')
      return answerSignIn(session, { reply, csrfKey: deps.secrets.csrfKey, cookie })
    })
  }
}
