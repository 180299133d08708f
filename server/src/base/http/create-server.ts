import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import fastify, { type FastifyReply, type FastifyRequest, type FastifyServerOptions } from 'fastify'
import type { Clock } from '../clock.ts'
import { RegistryError } from '../errors.ts'
import type { Logger } from '../logger.ts'
import type { SharedCounters } from '../redis/redis-connection.ts'
import { createAccessLog, FrameworkLog } from './access-log.ts'
import { networkTest } from './client-address.ts'
import { allowOrigins, noSuchAddress } from './cross-origin/cors.ts'
import { ANONYMOUS, type App, type RateLimitTier } from './edge-types.ts'
import { createDeniedRecorder, createErrorHandler, type FailedAttempt, pathOf, sendError } from './error-handler.ts'
import { asExpectedError } from './expected-error.ts'
import type { Lifecycle } from './lifecycle.ts'
import { connectionOptions, refuseBrokenRequest, stopReadingLater, TIMEOUTS, type Timeouts } from './limits/connection-limits.ts'
import { createRateLimiter, type RateLimiter } from './limits/rate-limiter.ts'
import { createRequestBudgets, NO_BUDGETS } from './limits/request-budgets.ts'
import { createSharedRateLimiter } from './limits/shared-rate-limiter.ts'
import { createPublicBaseUrl } from './public-base-url.ts'
import { type Authenticate, type ChainOptions, enterPublic, guardRoute, planRoute, setSecurityHeaders } from './request-chain.ts'
import { requestIdOf } from './request-id.ts'
import { lazySerializers } from './schemas/lazy-serializers.ts'
import { collectOpenApi, type DocumentOptions, serveOpenApi } from './schemas/openapi.ts'
import { compileValidator } from './schemas/validate-input.ts'
import { SECURITY_HEADERS } from './security-headers.ts'

/** Requests per minute and client of each tier, and wrong credentials per minute and address. */
export type RateLimits = Readonly<Record<Exclude<RateLimitTier, 'none'> | 'wrong_credentials', number>>

/** What the edge needs; built in one place from the configuration and the features that decide about callers. */
export interface ServerOptions {
  readonly logger: Logger
  readonly clock: Clock
  readonly lifecycle: Lifecycle
  /** Version of the product, for the OpenAPI document and for `app.productVersion`. */
  readonly version: string
  readonly finishDocument?: DocumentOptions['finishDocument']
  /** Configured address of the server; empty when there is none. */
  readonly publicUrl: string
  /** Networks (CIDR) whose `X-Forwarded-*` is believed; empty: nobody's. */
  readonly trustedProxies: readonly string[]
  /** Origins whose pages may use the API. */
  readonly allowedOrigins: readonly string[]
  /** `undefined`: no limits. */
  readonly rateLimits: RateLimits | undefined
  /** Counts requests for all processes together; without it each one counts for itself. */
  readonly sharedCounters?: SharedCounters | undefined
  readonly authenticate: Authenticate
  readonly csrfKey: ChainOptions['csrfKey']
  readonly holdsScope: ChainOptions['holdsScope']
  readonly anonymousRead: ChainOptions['anonymousRead']
  readonly isScope: ChainOptions['isScope']
  /** Receives denied requests and failed changes. Must not throw. */
  readonly onFailedAttempt: (attempt: FailedAttempt) => void
  /** Knows expected failures of libraries, for example a database that is away. */
  readonly classifyError?: (error: unknown) => RegistryError | undefined
  /** The main listener speaks https with this certificate; PEM. */
  readonly tls?: { readonly key: string | Buffer; readonly cert: string | Buffer }
  /** Default: `TIMEOUTS`. */
  readonly timeouts?: Timeouts
}

const BODY_LIMIT_BYTES = 1024 * 1024
const MAX_PARAM_LENGTH = 200

/** Oldest TLS version that is spoken. Source: requirements.md SEC-01. */
export const MIN_TLS_VERSION = 'TLSv1.2'

/**
 * The HTTP edge: every route registered on the answer passes the request chain, and every failure leaves through one handler.
 * Register features as plugins (`app.register`), so that their schemas reach the OpenAPI document.
 */
export function createServer(options: ServerOptions): App {
  const isTrustedProxy = networkTest(options.trustedProxies)
  const chain = chainOptions(options)
  const handleError = createErrorHandler(options)
  const app = fastify({
    ...serverSettings(options, isTrustedProxy),
    schemaController: { compilersFactory: { buildSerializer: lazySerializers } },
    frameworkErrors: (error, request, reply) => {
      refuseBeforeRouting(options.logger, error, { request: request as FastifyRequest, reply: reply as unknown as FastifyReply })
    },
  }).withTypeProvider<TypeBoxTypeProvider>() as unknown as App
  app.setValidatorCompiler(compileValidator)
  // Only JSON is read by default: a body that a browser can send across origins without asking is not (reliability.md row 37).
  app.removeContentTypeParser('text/plain')
  app.decorateRequest('actor', ANONYMOUS_SLOT)
  app.decorateReply('errorCode', '')
  app.decorate('productVersion', options.version)
  app.decorate('recordDenied', createDeniedRecorder(options))
  app.decorate('findPublicBaseUrl', createPublicBaseUrl({ publicUrl: options.publicUrl, isTrustedProxy }))
  app.addHook('onRoute', (route) => guardRoute(chain, route))
  allowOrigins(app, options.allowedOrigins)
  app.addHook('onResponse', createAccessLog(options.logger, options.clock))
  app.addHook('onResponse', (request, _reply, done) => {
    stopReadingLater(request.raw, chain.timeouts)
    done()
  })
  app.setErrorHandler(handleError)
  answerUnknownAddresses(app, chain)
  collectOpenApi(app, options)
  serveOpenApi(app)
  return app
}

// Fastify refuses objects here, because they would be shared between requests; the chain sets the actor before anyone reads it.
const ANONYMOUS_SLOT = null as unknown as typeof ANONYMOUS

function serverSettings(options: ServerOptions, isTrustedProxy: (address: string | undefined) => boolean): FastifyServerOptions {
  const { tls, timeouts = TIMEOUTS } = options
  const limits = connectionOptions(timeouts)
  return {
    ...(tls === undefined ? { http: limits } : { https: { ...limits, key: tls.key, cert: tls.cert, minVersion: MIN_TLS_VERSION } }),
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: timeouts.requestMs,
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
    trustProxy: options.trustedProxies.length > 0 ? (address: string) => isTrustedProxy(address) : false,
    genReqId: requestIdOf,
    logController: new FrameworkLog(options.logger),
    // The chain refuses with its own 503, in the right form, and lets discovery and running downloads through.
    return503OnClosing: false,
    clientErrorHandler: refuseBrokenRequest,
  } as FastifyServerOptions
}

function chainOptions(options: ServerOptions): ChainOptions {
  const { rateLimits, clock, sharedCounters: counters } = options
  const limiters = new Map<string, RateLimiter>()
  for (const [name, perMinute] of Object.entries(rateLimits ?? {})) {
    const isShared = counters !== undefined
    limiters.set(name, isShared ? createSharedRateLimiter({ counters, name, perMinute, clock }) : createRateLimiter({ perMinute, clock }))
  }
  const wrongCredentials = limiters.get('wrong_credentials')
  const budgets = wrongCredentials === undefined ? NO_BUDGETS : createRequestBudgets({ wrongCredentials, clock })
  return { ...options, timeouts: options.timeouts ?? TIMEOUTS, budgets, limiterOf: (tier) => limiters.get(tier) }
}

function answerUnknownAddresses(app: App, chain: ChainOptions): void {
  const planOf = (path: string) => planRoute(chain, path, { requires: 'public' })
  const plans = { api: planOf('/api/'), protocol: planOf('/v1/') }
  app.setNotFoundHandler((request, reply) => {
    const path = pathOf(request)
    const done = (refusal?: Error) => sendError(request, reply, (refusal as RegistryError | undefined) ?? noSuchAddress(request))
    enterPublic(chain, path.startsWith('/v1/') ? plans.protocol : plans.api, { request, reply, done })
  })
}

// No hook runs for these addresses, so the log line is written here.
function refuseBeforeRouting(logger: Logger, error: unknown, { request, reply }: { request: FastifyRequest; reply: FastifyReply }): void {
  request.actor = ANONYMOUS
  setSecurityHeaders(request, reply, SECURITY_HEADERS)
  const refusal = asExpectedError(error) ?? new RegistryError('BAD_REQUEST', 'Cannot read the address: it is not valid')
  logger.info({ request_id: request.id, method: request.method, path: pathOf(request), status: refusal.status }, 'Request refused')
  sendError(request, reply, refusal)
}
