import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { TERRAFORM_LOGIN } from '@terrace/protocol/discovery.ts'
import { type Static, Type } from 'typebox'
import { originOf } from '../../base/http/edge-types.ts'
import { exchangeLoginCode } from './exchange-login-code.ts'
import { readForms } from './form-body.ts'
import { registryHost } from './login-pages.ts'
import type { TerraformLoginDeps } from './terraform-login-deps.ts'

const text = () => Type.Optional(Type.String({ maxLength: 1000 }))

const TokenForm = Type.Object(
  {
    grant_type: text(),
    client_id: text(),
    code: text(),
    code_verifier: text(),
    redirect_uri: text(),
  },
  {
    examples: [
      {
        grant_type: 'authorization_code',
        client_id: TERRAFORM_LOGIN.client,
        code: 'from the redirect',
        code_verifier: 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk',
        redirect_uri: 'http://localhost:10000/login',
      },
    ],
  },
)

const TokenAnswer = Type.Object({ access_token: Type.String(), token_type: Type.Literal('bearer') })
const TokenRefusal = Type.Object(
  { error: Type.String(), error_description: Type.String() },
  { description: 'The CLI prints both members.' },
)

function readForm({ code = '', code_verifier: codeVerifier = '', redirect_uri: redirectUri = '' }: Static<typeof TokenForm>) {
  return { code, codeVerifier, redirectUri }
}

/** `POST /oauth/token`. Source: RFC 6749, sections 4.1.3, 5.1 and 5.2; RFC 7636, section 4.5; protocol.md L-4, L-5 */
export function tokenRoutes(deps: TerraformLoginDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    readForms(app)
    const schema = {
      tags: ['accounts'],
      summary: 'Exchange the code of a login for a token',
      description: 'The last step of `terraform login`; the token is an API key without an end that the client knows.',
      consumes: ['application/x-www-form-urlencoded'],
      body: TokenForm,
      response: { 200: TokenAnswer, 400: TokenRefusal },
    }
    // Anything that is no answer of ours the CLI prints as it is, so that has to be one line of text.
    const config = { requires: 'public', errorFormat: 'text', action: 'api_key.create' } as const
    app.post(TERRAFORM_LOGIN.token, { config, schema }, async (request, reply) => {
      reply.header('cache-control', 'no-store')
      const refuse = (error: string, description: string) => reply.code(400).send({ error, error_description: description })
      const { grant_type: grantType, client_id: clientId } = request.body
      if (grantType !== 'authorization_code') return refuse('unsupported_grant_type', 'Only authorization_code is supported')
      if (clientId !== TERRAFORM_LOGIN.client) return refuse('invalid_client', 'The client is unknown')
      // One record a minute and address, however many are tried: anybody may send codes that nobody was given.
      const onUnknownCode = () => app.recordDenied(request, 'TOKEN_INVALID')
      const form = { clientId, ...readForm(request.body), host: registryHost(request), origin: originOf(request) }
      const outcome = await exchangeLoginCode(deps, { ...form, onUnknownCode })
      if (!('token' in outcome)) return refuse(outcome.error, outcome.description)
      return reply.send({ access_token: outcome.token, token_type: 'bearer' })
    })
  }
}
