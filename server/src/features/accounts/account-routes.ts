import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { AccountDeps } from './account-deps.ts'
import { apiKeyRoutes } from './api-keys/api-key-routes.ts'
import { signInDepsOf } from './sessions/create-sign-in.ts'
import { ownSessionRoutes, userSessionRoutes } from './sessions/session-list-routes.ts'
import { sessionRoutes } from './sessions/session-routes.ts'
import { setupRoutes } from './setup/setup-routes.ts'

/** Every route of the accounts: sessions, set-up, API keys. */
export function accountRoutes(deps: AccountDeps): FastifyPluginAsyncTypebox {
  const signInDeps = signInDepsOf(deps)
  return async (app) => {
    await app.register(sessionRoutes(signInDeps))
    await app.register(ownSessionRoutes(deps))
    await app.register(userSessionRoutes(deps))
    await app.register(setupRoutes(signInDeps))
    await app.register(apiKeyRoutes(deps))
  }
}
