import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { AccountDeps } from './account-deps.ts'
import { apiKeyRoutes } from './api-keys/api-key-routes.ts'
import { passwordRoutes } from './passwords/password-routes.ts'
import { signInDepsOf } from './sessions/create-sign-in.ts'
import { methodRoutes, type SignOnMethod } from './sessions/method-routes.ts'
import { ownSessionRoutes, userSessionRoutes } from './sessions/session-list-routes.ts'
import { sessionRoutes } from './sessions/session-routes.ts'
import type { SignInDeps } from './sessions/sign-in.ts'
import { setupRoutes } from './setup/setup-routes.ts'

/**
 * Every route of the accounts: sessions, passwords, set-up, API keys.
 * @param parts.signOnMethods providers elsewhere that people sign in with; default none.
 */
export function accountRoutes(
  deps: AccountDeps,
  { signOnMethods = [] }: { readonly signOnMethods?: readonly SignOnMethod[] } = {},
): FastifyPluginAsyncTypebox {
  const signInDeps = signInDepsOf(deps)
  return async (app) => {
    await app.register(methodRoutes({ config: deps.config, signOnMethods }))
    await app.register(sessionRoutes(signInDeps))
    await app.register(ownSessionRoutes(deps))
    await app.register(userSessionRoutes(deps))
    await app.register(passwordRoutes(signInDeps))
    await app.register(setupRoutes(signInDeps))
    await app.register(apiKeyRoutes(deps))
    if (deps.config.devMode) await app.register(await loadDevLogin(signInDeps))
  }
}

async function loadDevLogin(deps: SignInDeps): Promise<FastifyPluginAsyncTypebox> {
  try {
    const { devLoginRoutes } = await import('./development/dev-login.ts')
    return devLoginRoutes(deps)
  } catch (cause) {
    throw withoutDevelopment(cause)
  }
}

function withoutDevelopment(cause: unknown): unknown {
  if ((cause as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') return cause
  return new Error('Cannot start with "dev_mode" (DEV_MODE): this is a production build, which has no development sign-in', { cause })
}
