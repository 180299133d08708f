import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { originOf } from '../../../base/http/edge-types.ts'
import { presentSession, SessionView } from '../account-views.ts'
import type { SignInDeps } from '../sessions/sign-in.ts'
import { countUsers } from '../user-queries.ts'
import { setUp } from './set-up.ts'

const MAX_TOKEN = 200
const MAX_USERNAME = 200
const MAX_PASSWORD = 1024

const SetUpBody = Type.Object(
  {
    token: Type.String({ maxLength: MAX_TOKEN, description: 'The one-time token from the log.' }),
    username: Type.String({ maxLength: MAX_USERNAME }),
    password: Type.String({ maxLength: MAX_PASSWORD, description: 'At least 12 characters.' }),
  },
  { additionalProperties: false, examples: [{ token: 'printed to the log', username: 'admin', password: 'correct horse battery' }] },
)

const SetupStatusView = Type.Object({ setup_required: Type.Boolean({ description: 'True until there is a user.' }) })

/** The first administrator. Source: requirements.md C15, API-11. */
export function setupRoutes(deps: SignInDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    const statusSchema = { tags: ['accounts'], summary: 'Whether the set-up is open', response: { 200: SetupStatusView } }
    app.get('/api/v1/setup/status', { config: { requires: 'public' }, schema: statusSchema }, async () => ({
      setup_required: (await countUsers(deps.database.db)) === 0,
    }))

    const schema = { tags: ['accounts'], summary: 'Make the first administrator', body: SetUpBody, response: { 201: SessionView } }
    const config = { requires: 'public', rateLimitTier: 'sign_in', action: 'user.create' } as const
    app.post('/api/v1/setup', { config, schema }, async (request, reply) => {
      const userAgent = request.headers['user-agent'] ?? ''
      const session = await setUp(deps, { ...request.body, origin: originOf(request), userAgent })
      return reply.code(201).send(presentSession(session))
    })
  }
}
