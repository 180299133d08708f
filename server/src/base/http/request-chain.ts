import type {
  FastifyReply,
  FastifyRequest,
  HookHandlerDoneFunction,
  onRequestHookHandler,
  preParsingHookHandler,
  preValidationHookHandler,
  RouteOptions,
} from 'fastify'
import { RegistryError } from '../errors.ts'
import { type Credential, readCredential } from './credential.ts'
import { csrfTokenOf, refuseForeignPage } from './csrf.ts'
import { type Actor, ANONYMOUS, type RateLimitTier, type Requirement, type RouteSettings, type ScopeText } from './edge-types.ts'
import type { Lifecycle } from './lifecycle.ts'
import { createBodyDeadline } from './limits/body-deadline.ts'
import type { Timeouts } from './limits/connection-limits.ts'
import type { RateLimiter } from './limits/rate-limiter.ts'
import type { Caller, RequestBudgets } from './limits/request-budgets.ts'
import { HSTS, isLocalTls, NO_STORE_HEADERS, SECURITY_HEADERS } from './security-headers.ts'
import { clearSessionCookie, isCookieSession, readSessionCookie } from './session-cookie.ts'

/** Finds out who holds a secret; `undefined` when nobody does. Answers without a promise when it remembers. */
export type Authenticate = (token: string) => Actor | undefined | Promise<Actor | undefined>

/** What the chain needs of its surroundings. */
export interface ChainOptions {
  readonly lifecycle: Lifecycle
  /** Limiter of a tier; `undefined` when the tier is not limited. */
  readonly limiterOf: (tier: RateLimitTier) => RateLimiter | undefined
  readonly timeouts: Timeouts
  readonly budgets: RequestBudgets
  readonly authenticate: Authenticate
  /** Makes the CSRF tokens of sessions that come as a cookie. */
  readonly csrfKey: Uint8Array
  /** Whether the actor holds a scope, in the whole registry or in some organisation. */
  readonly holdsScope: (actor: Actor, needed: ScopeText, within: NonNullable<RouteSettings['within']>) => boolean
  /** Without it, whoever sends no credential to a route for `anyone` is refused. */
  readonly anonymousRead: boolean
  /** Whether a scope exists at all; a route that asks for another one cannot be registered. */
  readonly isScope: (text: string) => boolean
}

const NOT_READY_RETRY_SECONDS = 5
const PROTOCOL_PREFIXES = ['/v1/', '/files/', '/.well-known/']

/** Settings of a route, worked out once at registration. */
export interface RoutePlan {
  readonly requires: Requirement
  readonly within: NonNullable<RouteSettings['within']>
  readonly limiter: RateLimiter | undefined
  readonly alwaysOn: boolean
  /**
   * Whether the session cookie counts. Not on protocol routes: their clients have none, caches in between tell callers apart by
   * `Authorization` only (reliability.md row 13), and a browser that is led to one acts for nobody.
   */
  readonly readsCookie: boolean
  /** The CSRF token comes in the body, which is not there yet when the chain runs. */
  readonly csrfInForm: boolean
  readonly headers: Readonly<Record<string, string>>
}

function isProtocolPath(path: string): boolean {
  return PROTOCOL_PREFIXES.some((prefix) => path.startsWith(prefix))
}

/** Plan for a path; used for routes and, with `requires: 'public'`, for addresses without a route. */
export function planRoute(options: ChainOptions, path: string, settings: RouteSettings): RoutePlan {
  return {
    requires: settings.requires,
    within: settings.within ?? 'registry',
    limiter: options.limiterOf(settings.rateLimitTier ?? (isProtocolPath(path) ? 'protocol' : 'api')),
    alwaysOn: settings.alwaysOn ?? false,
    readsCookie: !isProtocolPath(path),
    csrfInForm: settings.csrfToken === 'form',
    // requirements.md PRT-26: nothing that an administrator or publisher sees stays in a cache.
    headers: path.startsWith('/api/') || path.startsWith('/admin/') ? NO_STORE_HEADERS : SECURITY_HEADERS,
  }
}

/** Sets the headers of every answer. */
export function setSecurityHeaders(request: FastifyRequest, reply: FastifyReply, headers: Readonly<Record<string, string>>): void {
  reply.headers(headers)
  reply.header('x-request-id', request.id)
  if (isLocalTls(request.raw)) reply.removeHeader(HSTS)
}

interface Exchange {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
}

interface Step extends Exchange {
  readonly done: HookHandlerDoneFunction
}

/** Goes on at once with what is known already, so that a request that waits for nobody costs no promise. */
function whenKnown<Value>(value: Value | Promise<Value>, next: (value: Value) => void, done: HookHandlerDoneFunction): void {
  if (value instanceof Promise) value.then(next).catch((error: unknown) => done(error as Error))
  else next(value)
}

function prepareRequest(options: ChainOptions, plan: RoutePlan, { request, reply }: Exchange): RegistryError | undefined {
  request.actor = ANONYMOUS
  setSecurityHeaders(request, reply, plan.headers)
  return !plan.alwaysOn && options.lifecycle.state !== 'ready' ? notReady(options.lifecycle) : undefined
}

/** The chain of a route whose caller does not matter: headers, then readiness, then the rate limit. `done` gets the refusal. */
export function enterPublic(options: ChainOptions, plan: RoutePlan, { request, reply, done }: Step): void {
  const refusal = prepareRequest(options, plan, { request, reply })
  if (refusal !== undefined) done(refusal)
  else whenKnown(options.budgets.enter(plan.limiter, options.budgets.callerOf(request.ip ?? '')), done, done)
}

/**
 * The chain of one route, in the order of requirements.md C2: security headers → rate limit → authentication → authorisation.
 * The audit of refusals follows in the error handler. Nothing later authenticates again.
 */
export function createChain(options: ChainOptions, plan: RoutePlan): onRequestHookHandler {
  if (plan.requires === 'public') return (request, reply, done) => enterPublic(options, plan, { request, reply, done })
  return (request, reply, done) => {
    const early = prepareRequest(options, plan, { request, reply })
    if (early !== undefined) return done(early)
    const credential = credentialOf(request, plan)
    const caller = options.budgets.callerOf(request.ip ?? '', credential.kind === 'token' ? credential.token : undefined)
    const next = (refusal: RegistryError | undefined) => {
      if (refusal !== undefined) done(refusal)
      else authenticateRequest(options, plan, { request, reply, done, credential, caller })
    }
    whenKnown(options.budgets.enter(plan.limiter, caller), next, done)
  }
}

/** The one credential that counts: `Authorization` when it was sent at all, else the cookie; never the one after the other. */
function credentialOf(request: FastifyRequest, plan: RoutePlan): Credential {
  const { authorization } = request.headers
  return authorization === undefined && plan.readsCookie ? readSessionCookie(request) : readCredential(authorization)
}

interface Candidate extends Step {
  readonly credential: Credential
  readonly caller: Caller
}

function authenticateRequest(options: ChainOptions, plan: RoutePlan, { request, reply, done, credential, caller }: Candidate): void {
  if (credential.kind !== 'token') {
    done(credential.kind === 'malformed' ? TOKEN_INVALID : refusalWithoutToken(options, plan.requires))
    return
  }
  const finish = (actor: Actor | undefined) => {
    const decide = (refusal: RegistryError | undefined) => done(refusal ?? admit(options, plan, { request, reply, actor }))
    whenKnown(options.budgets.settle(plan.limiter, caller, actor), decide, done)
  }
  whenKnown(options.authenticate(credential.token), finish, done)
}

function refusalWithoutToken({ anonymousRead }: ChainOptions, requires: Requirement): RegistryError | undefined {
  return requires === 'anyone' && anonymousRead ? undefined : tokenRequired()
}

interface Authenticated {
  readonly request: FastifyRequest
  readonly actor: Actor | undefined
}

function admit(options: ChainOptions, plan: RoutePlan, { request, reply, actor }: Authenticated & { readonly reply: FastifyReply }) {
  if (request.headers.authorization !== undefined) return authorise(options, plan, { request, actor })
  // Nothing but a session may come as a cookie. A dead one is taken away, so that the next page is that of somebody signed out.
  const session = actor?.kind === 'session' ? actor : undefined
  if (session === undefined) clearSessionCookie(reply)
  const refusal = authorise(options, plan, { request, actor: session })
  return refusal ?? (plan.csrfInForm ? undefined : refuseForeignPage(request, { right: rightCsrfToken(options, request) }))
}

function rightCsrfToken(options: ChainOptions, { actor }: FastifyRequest): string {
  return csrfTokenOf(options.csrfKey, actor.credentialId ?? '')
}

/** The same check for a form, once its fields are read. */
function checkForm(options: ChainOptions): preValidationHookHandler {
  return (request, _reply, done) => {
    const token = (request.body as { csrf_token?: unknown } | null | undefined)?.csrf_token ?? ''
    const right = rightCsrfToken(options, request)
    done(isCookieSession(request) ? refuseForeignPage(request, { right, token }) : undefined)
  }
}

function authorise(options: ChainOptions, { requires, within }: RoutePlan, { request, actor }: Authenticated): RegistryError | undefined {
  if (actor === undefined) return TOKEN_INVALID
  request.actor = actor
  if (requires === 'anyone' || requires === 'authenticated' || requires === 'public') return undefined
  return options.holdsScope(actor, requires, within) ? undefined : scopeMissing(actor, requires)
}

function notReady(lifecycle: Lifecycle): RegistryError {
  return new RegistryError('NOT_READY', `Cannot answer the request: the server is ${lifecycle.state}`, {
    hint: 'Try again in a few seconds',
    retryAfterSeconds: NOT_READY_RETRY_SECONDS,
  })
}

function tokenRequired(): RegistryError {
  return new RegistryError('TOKEN_REQUIRED', 'Cannot answer the request: it has no credential', {
    hint: 'Send "Authorization: Bearer TOKEN" with an API key or a session token',
  })
}

// Made once: whoever floods us with wrong credentials would else make us collect a stack for each.
const TOKEN_INVALID = new RegistryError('TOKEN_INVALID', 'Cannot answer the request: its credential is wrong, revoked or expired', {
  hint: 'Sign in again or create another API key',
})

function scopeMissing(actor: Actor, scope: ScopeText): RegistryError {
  return new RegistryError('SCOPE_MISSING', `Cannot answer the request: the credential of "${actor.name}" lacks the scope "${scope}"`, {
    hint:
      actor.namespaces === undefined
        ? 'Ask an administrator for the scope, or use another credential'
        : 'Use another credential: a key for certain namespaces changes nothing of the whole registry',
    detail: { scope },
  })
}

/**
 * Puts the chain in front of a route.
 *
 * @throws {Error} for a route without `config.requires`, or with a scope that does not exist.
 */
export function guardRoute(options: ChainOptions, route: RouteOptions): void {
  const settings = route.config as RouteSettings | undefined
  const name = `${String(route.method)} ${route.url}`
  if (settings?.requires === undefined) throw new Error(`Cannot register "${name}": its config has no "requires"`)
  const { requires } = settings
  const isWord = requires === 'public' || requires === 'anyone' || requires === 'authenticated'
  if (!isWord && !options.isScope(requires)) throw new Error(`Cannot register "${name}": there is no scope "${requires}"`)
  const plan = planRoute(options, route.url, settings)
  route.onRequest = [createChain(options, plan), ...[route.onRequest ?? []].flat()] as onRequestHookHandler[]
  if (takesSmallBody(route, settings)) {
    route.preParsing = [createBodyDeadline(options.timeouts.bodyMs), ...[route.preParsing ?? []].flat()] as preParsingHookHandler[]
  }
  if (plan.csrfInForm) route.preValidation = [checkForm(options), ...[route.preValidation ?? []].flat()] as preValidationHookHandler[]
}

/** Uploads have as long as any request may take: a package is large, and the line of its publisher slow. */
function takesSmallBody({ method }: RouteOptions, { rateLimitTier }: RouteSettings): boolean {
  const isRead = [method].flat().every((name) => name === 'GET' || name === 'HEAD' || name === 'OPTIONS')
  return !isRead && rateLimitTier !== 'upload'
}
