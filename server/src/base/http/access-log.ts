import { type FastifyReply, type FastifyRequest, LogController } from 'fastify'
import type { Logger } from '../logger.ts'
import { pathOf } from './error-handler.ts'

// Probes come every few seconds; their success is not news.
const QUIET_PATHS: ReadonlySet<string> = new Set(['/livez', '/readyz', '/health'])

/** One line per answered request. The query is left out: it may hold a link signature. Source: requirements.md OBS-18. */
export function createAccessLog(logger: Logger) {
  return (request: FastifyRequest, reply: FastifyReply, done: () => void): void => {
    const path = pathOf(request)
    const quiet = QUIET_PATHS.has(path) && reply.statusCode < 400
    if (logger.isLevelEnabled(quiet ? 'debug' : 'info')) logger[quiet ? 'debug' : 'info'](factsOf(request, reply, path), 'Request')
    done()
  }
}

function factsOf(request: FastifyRequest, reply: FastifyReply, path: string) {
  return {
    request_id: request.id,
    method: request.method,
    path,
    status: reply.statusCode,
    latency_ms: Math.round(reply.elapsedTime * 100) / 100,
    ip: request.ip,
    user_id: request.actor?.id ?? undefined,
    code: reply.errorCode === '' ? undefined : reply.errorCode,
    // The client went away before the last byte.
    aborted: reply.raw.writableFinished ? undefined : true,
  }
}

/**
 * What Fastify itself has to say, with our logger and request ids. The per-request child loggers of Fastify are switched off,
 * since they cost more than a protocol answer; `request.log` therefore writes nothing: use `deps.logger`.
 */
export class FrameworkLog extends LogController {
  readonly #logger: Logger

  constructor(logger: Logger) {
    super({ disableRequestLogging: true })
    this.#logger = logger
  }

  override streamError(error: Error, request: FastifyRequest): void {
    this.#logger.info({ err: error, request_id: request.id, path: pathOf(request) }, 'Answer broke off')
  }

  override writeHeadError(error: Error, request: FastifyRequest): void {
    this.#logger.error({ err: error, request_id: request.id, path: pathOf(request) }, 'Headers could not be written')
  }
}
