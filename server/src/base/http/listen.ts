import { once } from 'node:events'
import { createServer as createHttpsServer, type Server as HttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { MIN_TLS_VERSION } from './create-server.ts'
import type { App } from './edge-types.ts'
import type { Lifecycle } from './lifecycle.ts'
import { connectionOptions, refuseBrokenRequest, TIMEOUTS } from './limits/connection-limits.ts'

/** Where to listen. Port 0 takes a free one. */
export interface ListenOptions {
  readonly host: string
  readonly port: number
  /** A second listener that speaks https, beside a plain main listener. */
  readonly localTls?: { readonly port: number; readonly key: string | Buffer; readonly cert: string | Buffer } | undefined
}

/** The ports that were taken. */
export interface Listening {
  readonly port: number
  readonly localTlsPort: number | undefined
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new TypeError('Cannot tell the port: the server listens on no TCP port')
  return address.port
}

/**
 * Opens the listeners. Both speak HTTP/1.1 only: it carries the reason phrase, which HTTP/2 lacks and the CLIs print.
 *
 * @throws {Error} with `code` EADDRINUSE or EACCES when a port cannot be taken; nothing is left open then.
 */
export async function listen(app: App, options: ListenOptions): Promise<Listening> {
  const listening: Promise<string> = app.listen({ host: options.host, port: options.port })
  await listening
  const port = portOf(app.server.address())
  if (options.localTls === undefined) return { port, localTlsPort: undefined }
  try {
    return { port, localTlsPort: await listenTls(app, { host: options.host, ...options.localTls }) }
  } catch (error) {
    await app.close()
    throw error
  }
}

interface TlsListenOptions extends NonNullable<ListenOptions['localTls']> {
  readonly host: string
}

async function listenTls(app: App, options: TlsListenOptions): Promise<number> {
  const { key, cert, host, port } = options
  const settings = { ...connectionOptions(TIMEOUTS), key, cert, minVersion: MIN_TLS_VERSION } as const
  const server = createHttpsServer(settings, (request, response) => app.routing(request, response))
  server.on('clientError', refuseBrokenRequest)
  server.keepAliveTimeout = app.server.keepAliveTimeout
  server.listen(port, host)
  await once(server, 'listening')
  tlsServers.set(app, server)
  return portOf(server.address())
}

const tlsServers = new WeakMap<App, HttpsServer>()

function closeTls(app: App): Promise<void> {
  const server = tlsServers.get(app)
  if (server === undefined) return Promise.resolve()
  tlsServers.delete(app)
  return new Promise((resolve) => server.close(() => resolve()))
}

/**
 * Stops in order: new requests are refused with 503, idle connections close, running requests get `graceMs`, then their
 * connections are cut. Resolves when the last connection is gone and every `onClose` hook has run.
 */
export async function drainAndClose(app: App, { lifecycle, graceMs }: { lifecycle: Lifecycle; graceMs: number }): Promise<void> {
  lifecycle.markStopping()
  const tls = tlsServers.get(app)
  const cut = setTimeout(() => {
    app.server.closeAllConnections()
    tls?.closeAllConnections()
  }, graceMs)
  try {
    await Promise.all([app.close(), closeTls(app)])
  } finally {
    clearTimeout(cut)
  }
}
