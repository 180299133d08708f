import type { FastifyReply, FastifyRequest } from 'fastify'
import { type ErrorCode, RegistryError } from '../errors.ts'
import type { Logger } from '../logger.ts'
import type { Actor, ErrorFormat, Origin } from './edge-types.ts'
import { ANONYMOUS, originOf } from './edge-types.ts'
import { asExpectedError } from './expected-error.ts'
import { reasonPhrase, renderError } from './render-error.ts'

/** A request that was refused for lack of rights, or a change that failed; goes to the audit. */
export interface FailedAttempt {
  readonly origin: Origin
  readonly outcome: 'denied' | 'error'
  readonly code: ErrorCode
  /** Dotted name of the route's action, else method and route template. */
  readonly action: string
  /** Path without query. */
  readonly path: string
}

/** What the error handler needs of its surroundings. */
export interface ErrorHandlerOptions {
  readonly logger: Logger
  /** Knows failures of libraries that are expected (a database that is away); `undefined` when it does not know this one. */
  readonly classifyError?: ((error: unknown) => RegistryError | undefined) | undefined
  readonly onFailedAttempt: (attempt: FailedAttempt) => void
}

const DENIED_CODES: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'TOKEN_INVALID',
  'SCOPE_MISSING',
  'CSRF_FAILED',
  'PASSWORD_WRONG',
  'IDENTITY_TOKEN_REFUSED',
])
const BEARER_CHALLENGE = 'Bearer realm="terrace"'

/** How errors below a path are rendered when the route does not say. */
export function defaultErrorFormat(path: string): ErrorFormat {
  return path.startsWith('/v1/') ? 'protocol' : 'problem'
}

/** Path of the request without its query, which may hold a link signature. */
export function pathOf(request: FastifyRequest): string {
  const { url } = request
  const query = url.indexOf('?')
  return query === -1 ? url : url.slice(0, query)
}

function internalError(error: unknown): RegistryError {
  return new RegistryError('INTERNAL', 'Cannot answer the request: an unexpected error was logged', {
    hint: 'Give the request id to the administrator',
    cause: error,
  })
}

/** Who tries credentials faster than anybody types, or pipelines ask. */
function isGuessing({ routeOptions }: FastifyRequest, code: ErrorCode): boolean {
  const tier = routeOptions.config?.rateLimitTier
  return code === 'RATE_LIMITED' && (tier === 'sign_in' || tier === 'token_exchange')
}

function failedAttempt(request: FastifyRequest, code: ErrorCode, actor: Actor): FailedAttempt | undefined {
  const isChange = request.method !== 'GET' && request.method !== 'HEAD'
  // Clients read without a credential first, to learn whether they need one.
  const denied = DENIED_CODES.has(code) || (isChange && (code === 'TOKEN_REQUIRED' || isGuessing(request, code)))
  if (!denied && !(isChange && actor.kind !== 'anonymous')) return undefined
  const { config, url } = request.routeOptions
  return {
    origin: { ...originOf(request), actor },
    outcome: denied ? 'denied' : 'error',
    code,
    action: config?.action ?? `${request.method} ${url ?? 'unknown'}`,
    path: pathOf(request),
  }
}

/** Records a refusal that the route answers by itself, in a form that is not ours. */
export function createDeniedRecorder({ onFailedAttempt }: Pick<ErrorHandlerOptions, 'onFailedAttempt'>) {
  return (request: FastifyRequest, code: ErrorCode): void => {
    const attempt = failedAttempt(request, code, request.actor ?? ANONYMOUS)
    if (attempt !== undefined) onFailedAttempt(attempt)
  }
}

/** Headers that belong to a code, beside the security headers that the chain has set. */
function setErrorHeaders(reply: FastifyReply, error: RegistryError): void {
  reply.header('cache-control', 'no-store')
  if (error.status === 401) reply.header('www-authenticate', BEARER_CHALLENGE)
  if (error.retryAfterSeconds !== undefined) reply.header('retry-after', String(Math.max(1, Math.ceil(error.retryAfterSeconds))))
}

/**
 * The one place where a thrown value becomes an answer. Expected failures answer with their own status and are not logged (the
 * access log has them, with their code); anything else is logged with its stack and answers a 500 that tells nothing of the inside.
 */
export function createErrorHandler(options: ErrorHandlerOptions) {
  return (error: unknown, request: FastifyRequest, reply: FastifyReply): void => {
    const expected = options.classifyError?.(error) ?? asExpectedError(error)
    const failure = expected ?? internalError(error)
    if (failure.status >= 500) logFailure(options.logger, request, { error, failure })
    const attempt = failedAttempt(request, failure.code, request.actor ?? ANONYMOUS)
    if (attempt !== undefined) options.onFailedAttempt(attempt)
    sendError(request, reply, failure)
  }
}

function logFailure(logger: Logger, request: FastifyRequest, { error, failure }: { error: unknown; failure: RegistryError }): void {
  const facts = { err: error, code: failure.code, request_id: request.id, method: request.method, path: pathOf(request) }
  if (failure.code === 'INTERNAL') logger.error(facts, 'Request failed unexpectedly')
  else logger.warn(facts, 'Request failed')
}

/** Sends a failure in the form of the route. */
export function sendError(request: FastifyRequest, reply: FastifyReply, error: RegistryError): void {
  const format = request.routeOptions.config?.errorFormat ?? defaultErrorFormat(request.url)
  const { contentType, headers = {}, body } = renderError(error, format, request.id)
  setErrorHeaders(reply, error)
  reply.errorCode = error.code
  reply.raw.statusMessage = reasonPhrase(error)
  reply.code(error.status).headers(headers).header('content-type', contentType).serializer(identity).send(body)
}

function identity(body: unknown): string {
  return body as string
}

declare module 'fastify' {
  interface FastifyInstance {
    /** Records a refusal of the codes that count as denied; see `createDeniedRecorder`. */
    recordDenied: ReturnType<typeof createDeniedRecorder>
  }

  interface FastifyReply {
    /** Code of the failure that was sent; empty on success. */
    errorCode: string
  }
}
