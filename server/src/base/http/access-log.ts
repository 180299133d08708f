import { type FastifyReply, type FastifyRequest, LogController } from 'fastify'
import type { Clock } from '../clock.ts'
import { type Logger, lineWriter } from '../logger.ts'
import { redactText } from '../redact.ts'
import { pathOf } from './error-handler.ts'

// Probes come every few seconds; their success is not news.
const QUIET_PATHS: ReadonlySet<string> = new Set(['/livez', '/readyz', '/health'])

/** One line per answered request; one whose client went away has `Answer broke off` instead. The query is left out: it may hold a link signature. Source: requirements.md OBS-18. */
export function createAccessLog(logger: Logger, clock: Clock) {
  const writers = { info: lineWriter(logger, { level: 'info', clock }), debug: lineWriter(logger, { level: 'debug', clock }) }
  return (request: FastifyRequest, reply: FastifyReply, done: () => void): void => {
    const path = pathOf(request)
    const level = QUIET_PATHS.has(path) && reply.statusCode < 400 ? 'debug' : 'info'
    if (logger.isLevelEnabled(level)) writers[level](fieldsOf(request, reply, path))
    done()
  }
}

function optionalField(name: string, value: string | null | undefined): string {
  return value === null || value === undefined || value === '' ? '' : `,"${name}":${JSON.stringify(value)}`
}

// Put together by hand: the general way (redaction of every field, serialisers) costs more than a protocol answer. The request id
// and the method need no escaping, the path is the only text that a client chooses freely.
function fieldsOf(request: FastifyRequest, reply: FastifyReply, path: string): string {
  const latencyMs = Math.round(reply.elapsedTime * 100) / 100
  return (
    `"request_id":"${request.id}","method":"${request.method}","path":${JSON.stringify(redactText(path))}` +
    `,"status":${reply.statusCode},"latency_ms":${latencyMs}` +
    optionalField('ip', request.ip) +
    optionalField('user_id', request.actor?.id) +
    optionalField('code', reply.errorCode) +
    ',"msg":"Request"'
  )
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
