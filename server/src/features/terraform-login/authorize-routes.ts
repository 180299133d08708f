import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { TERRAFORM_LOGIN } from '@terrace/protocol/discovery.ts'
import type { FastifyReply } from 'fastify'
import { Type } from 'typebox'
import { RegistryError } from '../../base/errors.ts'
import { originOf } from '../../base/http/edge-types.ts'
import { setSessionCookie } from '../../base/http/session-cookie.ts'
import {
  type AuthorizationRequest,
  answerAddress,
  type RequestParameters,
  readAuthorizationRequest,
  requestPath,
} from './authorization-request.ts'
import { readForms } from './form-body.ts'
import { allowLogin, type LoginDecision, refuseLogin } from './issue-login-code.ts'
import { scopesOfChoice } from './login-access.ts'
import { askForConsent, askWhoItIs, type BrowserExchange, findSignedIn, type PendingLogin, sessionFormToken } from './login-pages.ts'
import { createRefusalCode } from './refusal-codes.ts'
import { checkSessionForm, checkSignInForm } from './sign-in-guard.ts'
import type { TerraformLoginDeps } from './terraform-login-deps.ts'

const text = (maxLength: number) => Type.Optional(Type.String({ maxLength }))
const MAX_PARAMETER = 500

const REQUEST = {
  client_id: text(MAX_PARAMETER),
  redirect_uri: text(MAX_PARAMETER),
  state: text(MAX_PARAMETER),
  response_type: text(MAX_PARAMETER),
  code_challenge: text(MAX_PARAMETER),
  code_challenge_method: text(MAX_PARAMETER),
}

const AuthorizeQuery = Type.Object({ ...REQUEST, prompt: text(MAX_PARAMETER) })
const ConsentBody = Type.Object({ ...REQUEST, csrf_token: text(MAX_PARAMETER), access: text(MAX_PARAMETER), decision: text(MAX_PARAMETER) })
const SignInBody = Type.Object({
  ...REQUEST,
  csrf_token: text(MAX_PARAMETER),
  username: text(200),
  password: text(1024),
  decision: text(MAX_PARAMETER),
})

const PAGE = { requires: 'public', errorFormat: 'page' } as const

const pendingLogin = (parameters: RequestParameters): PendingLogin => ({ parameters, request: readAuthorizationRequest(parameters) })

/** Sends the browser to the CLI with a code; GET afterwards, whatever came before. */
function answer(reply: FastifyReply, request: AuthorizationRequest, code: string): FastifyReply {
  return reply.code(303).header('location', answerAddress(request, code)).header('cache-control', 'no-store').send()
}

/**
 * The pages of `terraform login`: who is it, and may Terraform have a token. The routes are public because they look at the cookie
 * themselves: whoever has no session, or an ended one, gets a form and not a refusal. Once a request is recognised every end of it
 * reaches the CLI as a code (protocol.md 5.2).
 */
export function authorizeRoutes(deps: TerraformLoginDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    readForms(app)

    app.get(TERRAFORM_LOGIN.authz, { config: PAGE, schema: { querystring: AuthorizeQuery, hide: true } }, async (request, reply) => {
      const login = pendingLogin(request.query)
      const { problem } = login.request
      if (problem !== undefined) return answer(reply, login.request, createRefusalCode(deps, problem))
      const actor = request.query.prompt === 'login' ? undefined : await findSignedIn(deps, request)
      const exchange = { request, reply }
      return actor === undefined ? askWhoItIs(deps, exchange, login) : askForConsent(deps, exchange, { ...login, actor })
    })

    const consent = { config: { ...PAGE, action: 'terraform_login.allow' }, schema: { body: ConsentBody, hide: true } }
    app.post(TERRAFORM_LOGIN.authz, consent, async (request, reply) => {
      const login = pendingLogin(request.body)
      const actor = await findSignedIn(deps, request)
      // The session has ended while the page was open: the CLI still waits, so there is time to sign in again.
      if (actor === undefined) return askWhoItIs(deps, { request, reply }, { ...login, failed: SESSION_ENDED })
      checkSessionForm(request, sessionFormToken(deps, actor), request.body.csrf_token ?? '')
      const decision = { request: login.request, actor, origin: { ...originOf(request), actor } }
      return answer(reply, login.request, await decide(deps, decision, request.body))
    })

    const signIn = {
      config: { ...PAGE, rateLimitTier: 'sign_in', action: 'session.create' },
      schema: { body: SignInBody, hide: true },
    } as const
    app.post('/oauth/sign-in', signIn, async (request, reply) => {
      const login = pendingLogin(request.body)
      checkSignInForm(request, deps.secrets.csrfKey, request.body.csrf_token ?? '')
      if (request.body.decision === 'cancel') return answer(reply, login.request, createRefusalCode(deps, 'You cancelled the login'))
      return await signInAndReturn(deps, { request, reply }, { login, ...request.body })
    })
  }
}

const SESSION_ENDED = { username: '', message: 'Your session has ended. Sign in again.' }

interface ConsentForm {
  readonly decision?: string
  readonly access?: string
}

/** The code that tells the CLI what became of its request, also when that cannot be stored. */
async function decide(deps: TerraformLoginDeps, decision: LoginDecision, form: ConsentForm): Promise<string> {
  try {
    return form.decision === 'allow' ? await allow(deps, decision, form.access) : await refuseLogin(deps, decision)
  } catch (err) {
    deps.logger.error({ err, request_id: decision.origin.requestId }, 'Decision about a login could not be stored')
    return createRefusalCode(deps, 'The registry could not store the login. Run terraform login again')
  }
}

async function allow(deps: TerraformLoginDeps, decision: LoginDecision, access: string | undefined): Promise<string> {
  const { problem } = decision.request
  if (problem !== undefined) return createRefusalCode(deps, problem)
  const scopes = scopesOfChoice(decision.actor, access)
  if (scopes === undefined) return createRefusalCode(deps, 'You may not give the token these rights')
  return await allowLogin(deps, decision, scopes)
}

interface SignInForm {
  readonly login: PendingLogin
  readonly username?: string
  readonly password?: string
}

async function signInAndReturn(deps: TerraformLoginDeps, exchange: BrowserExchange, { login, ...form }: SignInForm): Promise<FastifyReply> {
  const { request, reply } = exchange
  const { username = '', password = '' } = form
  try {
    const session = await deps.signIn({ username, password, origin: originOf(request), userAgent: request.headers['user-agent'] ?? '' })
    setSessionCookie(reply, session)
  } catch (error) {
    if (!(error instanceof RegistryError) || error.code !== 'SIGN_IN_REFUSED') throw error
    return askWhoItIs(
      deps,
      { request, reply: reply.code(403) },
      { ...login, failed: { username, message: 'User name or password is wrong.' } },
    )
  }
  return reply.code(303).header('location', requestPath(login.parameters)).header('cache-control', 'no-store').send()
}
