import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'

/** A provider elsewhere that people sign in with. */
export interface SignOnMethod {
  /** Its name in addresses. */
  readonly name: string
  /** For people. */
  readonly title: string
  /** Path that starts it; takes the query `return_to`. */
  readonly url: string
}

/** What the list of ways to sign in is made from. */
export interface MethodDeps {
  readonly config: { readonly devMode: boolean; readonly auth: { readonly localAccounts: boolean } }
  readonly signOnMethods: readonly SignOnMethod[]
}

const MethodsView = Type.Object({
  local: Type.Boolean({ description: 'Whether users sign in with a password: POST /api/v1/auth/login.' }),
  single_sign_on: Type.Array(
    Type.Object({
      name: Type.String(),
      title: Type.String({ description: 'For a button.' }),
      url: Type.String({ description: 'Where the browser goes; takes the query `return_to`, a path of this server.' }),
    }),
  ),
  development: Type.Boolean({ description: 'Whether anybody may sign in as anybody: POST /api/v1/auth/dev-login. Never in production.' }),
})

/** What a sign-in page shows. Source: requirements.md C12, UI-02. */
export function methodRoutes({ config, signOnMethods }: MethodDeps): FastifyPluginAsyncTypebox {
  const methods = {
    local: config.auth.localAccounts,
    single_sign_on: signOnMethods.map(({ name, title, url }) => ({ name, title, url })),
    development: config.devMode,
  }
  return async (app) => {
    const schema = { tags: ['accounts'], summary: 'Ways to sign in', response: { 200: MethodsView } }
    app.get('/api/v1/auth/methods', { config: { requires: 'public' }, schema }, () => methods)
  }
}
