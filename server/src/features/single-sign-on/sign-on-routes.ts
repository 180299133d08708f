import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { RegistryError } from '../../base/errors.ts'
import { originOf } from '../../base/http/edge-types.ts'
import { publicBaseUrl } from '../../base/http/public-base-url.ts'
import { readReturnPath } from '../../base/http/return-path.ts'
import { setSessionCookie } from '../../base/http/session-cookie.ts'
import { createSessionOpener } from '../accounts/index.ts'
import { browserSecretOf, randomText, setBrowserSecret } from './browser-binding.ts'
import { finishSignOn } from './finish-sign-on.ts'
import { createProviderClient } from './provider/provider-client.ts'
import { ATTEMPT_LIFE_SECONDS } from './sign-on-attempts.ts'
import type { SignOnDeps } from './sign-on-deps.ts'
import { listProviders, type SignOnProvider } from './sign-on-providers.ts'
import { type SignOnParty, startSignOn } from './start-sign-on.ts'

const MAX_TEXT = 8192
const MAX_STATE = 200

const Params = Type.Object({ name: Type.String({ description: 'Name of the provider, as `GET /api/v1/auth/methods` lists it.' }) })
const StartQuery = Type.Object({
  return_to: Type.Optional(Type.String({ maxLength: MAX_TEXT, description: 'Path of this server to go to afterwards; default `/`.' })),
})
const AnswerQuery = Type.Object({
  state: Type.Optional(Type.String({ maxLength: MAX_STATE })),
  code: Type.Optional(Type.String({ maxLength: MAX_TEXT })),
  iss: Type.Optional(Type.String({ maxLength: MAX_TEXT })),
  error: Type.Optional(Type.String({ maxLength: MAX_TEXT })),
})

const PAGE = { requires: 'public', rateLimitTier: 'sign_in', errorFormat: 'page', action: 'session.create' } as const
const TAGS = ['accounts']

/** Signing in through other identity providers. Source: requirements.md AUT-11, AUT-12, API-17. */
export function signOnRoutes(deps: SignOnDeps): FastifyPluginAsyncTypebox {
  const parties = new Map(listProviders(deps.config).map((provider) => [provider.name, partyOf(deps, provider)]))
  const finishDeps = { ...deps, openSession: createSessionOpener({ ...deps, secrets: deps.secrets }) }
  const find = (name: string): SignOnParty => {
    const party = parties.get(name)
    if (party === undefined) throw unknownMethod(name)
    return party
  }
  return async (app) => {
    const start = {
      tags: TAGS,
      summary: 'Begin to sign in through an identity provider',
      params: Params,
      querystring: StartQuery,
      response: { 302: Type.Null({ description: 'To the identity provider. A failure is a page.' }) },
    }
    app.get('/api/v1/auth/sso/:name/start', { config: PAGE, schema: start }, async (request, reply) => {
      const party = find(request.params.name)
      const browserSecret = browserSecretOf(request) ?? randomText()
      const returnTo = readReturnPath(request.query.return_to)
      const address = await startSignOn(deps, { ...party, browserSecret, redirectUri: redirectUri(request, party.provider), returnTo })
      setBrowserSecret(reply, browserSecret, ATTEMPT_LIFE_SECONDS)
      return reply.redirect(address.href, 302)
    })

    const answer = {
      tags: TAGS,
      summary: 'Where an identity provider sends the browser back',
      params: Params,
      querystring: AnswerQuery,
      response: { 303: Type.Null({ description: 'Signed in: to `return_to`, with the session in a cookie. A failure is a page.' }) },
    }
    app.get('/api/v1/auth/sso/:name/callback', { config: PAGE, schema: answer }, async (request, reply) => {
      const party = find(request.params.name)
      const { session, returnTo } = await finishSignOn(finishDeps, {
        ...party,
        state: request.query.state ?? '',
        browserSecret: browserSecretOf(request),
        callbackUrl: callbackUrl(request, party.provider),
        origin: originOf(request),
        userAgent: request.headers['user-agent'] ?? '',
      })
      setSessionCookie(reply, session)
      return reply.redirect(returnTo, 303)
    })
  }
}

function partyOf(deps: SignOnDeps, provider: SignOnProvider): SignOnParty {
  return { provider, client: createProviderClient(deps, provider) }
}

/** Each provider has a redirect URI of its own, so that no answer of one passes for one of another. Source: RFC 9700, section 4.4. */
function redirectUri(request: FastifyRequest, { name, title }: SignOnProvider): string {
  const base = publicBaseUrl(request)
  if (base === '') throw withoutAddress(title)
  return `${base}/api/v1/auth/sso/${name}/callback`
}

function callbackUrl(request: FastifyRequest, provider: SignOnProvider): URL {
  const url = new URL(redirectUri(request, provider))
  url.search = request.url.includes('?') ? request.url.slice(request.url.indexOf('?')) : ''
  return url
}

function unknownMethod(name: string): RegistryError {
  return new RegistryError('SIGN_ON_METHOD_NOT_FOUND', `Cannot sign in with "${name}": it is not configured`, {
    hint: 'GET /api/v1/auth/methods lists the ways to sign in',
  })
}

function withoutAddress(title: string): RegistryError {
  return new RegistryError('RULE_BROKEN', `Cannot sign in with "${title}": the server does not know its own address`, {
    hint: 'Set "server.public_url"',
  })
}
