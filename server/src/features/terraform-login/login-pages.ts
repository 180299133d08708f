import type { FastifyReply, FastifyRequest } from 'fastify'
import { csrfTokenOf } from '../../base/http/csrf.ts'
import { type Page, sendPage } from '../../base/http/pages/page.ts'
import { publicBaseUrl } from '../../base/http/public-base-url.ts'
import { readSessionCookie } from '../../base/http/session-cookie.ts'
import type { AuthorizationRequest, RequestParameters } from './authorization-request.ts'
import type { SignedIn } from './issue-login-code.ts'
import { listAccessChoices } from './login-access.ts'
import { consentPage } from './pages/consent-page.ts'
import { signInPage } from './pages/sign-in-page.ts'
import { openSignInForm } from './sign-in-guard.ts'
import type { TerraformLoginDeps } from './terraform-login-deps.ts'

/** A request of the CLI, and the parameters by which its forms carry it on. */
export interface PendingLogin {
  readonly parameters: RequestParameters
  readonly request: AuthorizationRequest
}

/** Name of this registry as clients know it, with its port; empty when it is not known for certain. */
export function registryHost(request: FastifyRequest): string {
  const base = publicBaseUrl(request)
  return base === '' ? '' : new URL(base).host
}

const hostOnPage = (request: FastifyRequest): string => registryHost(request) || 'this registry'

const formTargetOf = ({ redirectUri }: AuthorizationRequest): string => new URL(redirectUri).origin

/** Who is signed in by the cookie of this browser; an ended session and none are the same here. */
export async function findSignedIn({ authenticate }: TerraformLoginDeps, request: FastifyRequest): Promise<SignedIn | undefined> {
  const credential = readSessionCookie(request)
  if (credential.kind !== 'token') return undefined
  const actor = await authenticate(credential.token)
  return actor?.kind === 'session' && actor.id !== null ? { ...actor, id: actor.id } : undefined
}

/** The form token of a session. */
export function sessionFormToken({ secrets }: TerraformLoginDeps, actor: SignedIn): string {
  return csrfTokenOf(secrets.csrfKey, actor.credentialId ?? '')
}

/** An exchange with a browser. */
export interface BrowserExchange {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
}

/** Asks who it is, a second time with the reason why the first did not do. */
export function askWhoItIs(
  deps: TerraformLoginDeps,
  { request, reply }: BrowserExchange,
  login: PendingLogin & { readonly failed?: { readonly username: string; readonly message: string } },
): FastifyReply {
  const page: Page = signInPage({
    host: hostOnPage(request),
    parameters: login.parameters,
    formTarget: formTargetOf(login.request),
    csrfToken: openSignInForm(request, reply, deps.secrets.csrfKey),
    withPassword: deps.config.auth.localAccounts,
    signOnMethods: deps.signOnMethods,
    failed: login.failed,
  })
  return sendPage(reply, page)
}

/** Asks the signed-in person whether Terraform may have a token. */
export function askForConsent(
  deps: TerraformLoginDeps,
  { request, reply }: BrowserExchange,
  { actor, ...login }: PendingLogin & { readonly actor: SignedIn },
): FastifyReply {
  const page = consentPage({
    host: hostOnPage(request),
    username: actor.name,
    choices: listAccessChoices(actor),
    parameters: login.parameters,
    formTarget: formTargetOf(login.request),
    csrfToken: sessionFormToken(deps, actor),
    tokenDays: deps.config.auth.loginTokenDays,
  })
  return sendPage(reply, page)
}
