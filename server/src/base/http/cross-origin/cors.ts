import type { FastifyReply, FastifyRequest } from 'fastify'
import { RegistryError } from '../../errors.ts'
import type { App } from '../edge-types.ts'
import { pathOf } from '../error-handler.ts'

const API_PREFIX = '/api/'
const PREFLIGHT_SECONDS = 600

/** The same for every address and origin: an answer must not tell which routes there are. */
const PREFLIGHT_HEADERS = Object.freeze({
  'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
  'access-control-allow-headers': 'authorization, content-type, x-csrf-token, x-request-id',
  'access-control-max-age': String(PREFLIGHT_SECONDS),
})

const EXPOSED_HEADERS = 'retry-after, www-authenticate, x-request-id'

/**
 * Lets pages of the listed origins use the API, with credentials, and nobody else's: the browser keeps the answer from them. The
 * origin in an answer is one of the list, never what the request says. The protocols need none of it.
 *
 * Preflights are answered before authentication (a browser sends none with them) and alike for every address below `/api/`.
 * Without an origin nothing is registered.
 */
export function allowOrigins(app: App, origins: readonly string[]): void {
  if (origins.length === 0) return
  const allowed = new Map(origins.map((origin) => [origin, origin]))
  const allowedOrigin = (request: FastifyRequest) => allowed.get(request.headers.origin ?? '')

  app.addHook('onRequest', (request, reply, done) => {
    if (request.url.startsWith(API_PREFIX)) setOrigin(reply, allowedOrigin(request))
    done()
  })

  app.register((scope, _options, done) => {
    scope.options(`${API_PREFIX}*`, { config: { requires: 'public' }, schema: { hide: true } }, (request, reply) => {
      const isPreflight = request.headers['access-control-request-method'] !== undefined
      if (!isPreflight || allowedOrigin(request) === undefined) throw noSuchAddress(request)
      reply.headers(PREFLIGHT_HEADERS).code(204).send()
    })
    done()
  })
}

function setOrigin(reply: FastifyReply, origin: string | undefined): void {
  reply.header('vary', 'origin')
  if (origin === undefined) return
  reply.header('access-control-allow-origin', origin)
  reply.header('access-control-allow-credentials', 'true')
  reply.header('access-control-expose-headers', EXPOSED_HEADERS)
}

/** What an address without a route answers. */
export function noSuchAddress(request: FastifyRequest): RegistryError {
  return new RegistryError('ROUTE_NOT_FOUND', `Cannot find "${request.method} ${pathOf(request)}": there is no such address`, {
    hint: 'The addresses of this server are listed in /openapi.json',
  })
}
