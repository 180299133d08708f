import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { AccountDeps } from './account-deps.ts'
import { apiKeyRoutes } from './api-keys/api-key-routes.ts'
import { createPasswords } from './passwords/passwords.ts'
import { sessionRoutes } from './sessions/session-routes.ts'
import { createSessionTokens } from './sessions/session-tokens.ts'
import { setupRoutes } from './setup/setup-routes.ts'

/** Every route of the accounts: sessions, set-up, API keys. */
export function accountRoutes(deps: AccountDeps): FastifyPluginAsyncTypebox {
  const sessionTokens = createSessionTokens({ jwtKey: deps.secrets.jwtKey, clock: deps.clock })
  // Explicit, because the server's deps hold far more than this feature may use.
  const signInDeps = {
    database: deps.database,
    clock: deps.clock,
    config: deps.config,
    sessionTokens,
    passwords: createPasswords(deps.config.auth),
  }
  return async (app) => {
    await app.register(sessionRoutes(signInDeps))
    await app.register(setupRoutes(signInDeps))
    await app.register(apiKeyRoutes(deps))
  }
}
