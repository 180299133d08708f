import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { originOf } from '../../base/http/edge-types.ts'
import type { CiTrustDeps } from './ci-trust-deps.ts'
import { type ExchangeDeps, exchangeToken } from './exchange/exchange-token.ts'
import { createIdentityVerifier } from './exchange/identity-verifier.ts'
import { trustRuleRoutes } from './rules/trust-rule-routes.ts'

const ExchangeBody = Type.Object(
  {
    token: Type.String({
      minLength: 1,
      maxLength: 16_384,
      description: 'Identity token (JWT) of GitHub, GitLab, Azure DevOps or another issuer.',
    }),
    organization: Type.Optional(
      Type.String({ minLength: 1, maxLength: 100, description: 'Id or name; needed when several organisations trust the pipeline.' }),
    ),
  },
  { additionalProperties: false, examples: [{ token: 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJyZXBvOmFjbWUvbmV0d29yayJ9.c2lnbmF0dXJl' }] },
)

const ExchangedKeyView = Type.Object({
  key: Type.String({ description: 'An API key. It is shown this once.' }),
  expires_at: Type.String({ description: 'ISO 8601, UTC; at most an hour away.' }),
  organization: Type.String(),
  scopes: Type.Array(Type.String()),
  namespaces: Type.Union([Type.Array(Type.String()), Type.Null()], { description: 'The only namespaces that it may change; null: all.' }),
})

/** Trust rules, and the exchange. Source: requirements.md AUT-22; reliability.md row 24. */
export function ciTrustRoutes(deps: CiTrustDeps): FastifyPluginAsyncTypebox {
  const exchangeDeps: ExchangeDeps = { ...deps, identities: createIdentityVerifier(deps) }
  return async (app) => {
    const schema = {
      tags: ['ci trust'],
      summary: 'Exchange the identity token of a pipeline for a short-lived API key',
      body: ExchangeBody,
      response: { 200: ExchangedKeyView },
    }
    const config = { requires: 'public', rateLimitTier: 'token_exchange', action: 'identity_token.exchange' } as const
    app.post('/api/v1/auth/token-exchange', { config, schema }, async (request) => {
      const { key, expiresAt, organization, scopes, namespaces } = await exchangeToken(exchangeDeps, {
        ...request.body,
        origin: originOf(request),
      })
      return {
        key,
        expires_at: new Date(expiresAt).toISOString(),
        organization,
        scopes: [...scopes],
        namespaces: namespaces === null ? null : [...namespaces],
      }
    })
    await app.register(trustRuleRoutes(exchangeDeps))
  }
}
