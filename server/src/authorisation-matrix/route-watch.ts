import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { FastifyInstance, HTTPMethods, RouteOptions } from 'fastify'
import type { RouteSettings } from '../base/http/edge-types.ts'

/** A route as it was registered. */
export interface WatchedRoute {
  /** `GET /v1/modules/:namespace`: how the table names it. */
  readonly name: string
  readonly method: HTTPMethods
  readonly url: string
  readonly settings: RouteSettings
  /** Names of the query parameters that it reads. */
  readonly queryNames: readonly string[]
  readonly readsJson: boolean
}

/** What a server registers, and which routes its requests reach. */
export interface RouteWatch {
  /** In the order of registration; `HEAD` beside a `GET` is not among them. */
  readonly routes: readonly WatchedRoute[]
  /** Names of the routes that requests reached since the last call: what had passed authentication and authorisation. */
  takeReached(): string[]
  /** The server, for real connections. */
  server(): FastifyInstance
  stop(): void
}

const INITIALIZATION = 'fastify.initialization'

/** Watches the next server that is built, from outside: no route can be registered without being seen. */
export function watchRoutes(): RouteWatch {
  const routes: WatchedRoute[] = []
  let reached: string[] = []
  let server: FastifyInstance | undefined
  const onServer = (message: unknown) => {
    server ??= (message as { readonly fastify: FastifyInstance }).fastify
    server.addHook('onRoute', (route) => {
      routes.push(...describeRoute(route))
      const record = async (request: { method: string; routeOptions: { url?: string | undefined } }) => {
        reached.push(nameOf(request.method, request.routeOptions.url ?? ''))
      }
      route.preValidation = [...[route.preValidation ?? []].flat(), record]
    })
  }
  subscribe(INITIALIZATION, onServer)
  return {
    routes,
    takeReached() {
      const names = [...new Set(reached)]
      reached = []
      return names
    },
    server() {
      if (server === undefined) throw new Error('No server was built')
      return server
    },
    stop: () => void unsubscribe(INITIALIZATION, onServer),
  }
}

/** The row that a request belongs to: `HEAD` is what `GET` is. */
function nameOf(method: string, url: string): string {
  return `${method === 'HEAD' ? 'GET' : method} ${url}`
}

function describeRoute({ method, url, config, schema }: RouteOptions): WatchedRoute[] {
  const query = (schema?.querystring ?? {}) as { readonly properties?: object }
  return [method]
    .flat()
    .filter((name) => name !== 'HEAD')
    .map((name) => ({
      name: nameOf(name, url),
      method: name as HTTPMethods,
      url,
      settings: config as RouteSettings,
      queryNames: Object.keys(query.properties ?? {}),
      readsJson: schema?.body !== undefined && schema.consumes === undefined,
    }))
}

const VALUES: Readonly<Record<string, string>> = {
  namespace: 'nobody',
  name: 'nothing',
  system: 'aws',
  type: 'nothing',
  version: '9.9.9',
  os: 'linux',
  arch: 'amd64',
  hostname: 'registry.example.com',
  file: '9.9.9.json',
  '*': 'modules/nothing',
}

const NO_ID = '01900000-0000-7000-8000-00000000dead'

/** A path of the route that names nothing that exists, unless `values` do. */
export function pathOfRoute(url: string, values: Readonly<Record<string, string>> = {}): string {
  return url.replace(/:(\w+)|\*/g, (part, name: string | undefined) => values[name ?? part] ?? VALUES[name ?? part] ?? NO_ID)
}
