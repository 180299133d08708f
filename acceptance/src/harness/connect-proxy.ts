import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { SecureContext } from 'node:tls'

/** A request that reached the proxy, readable in the clear. */
export interface ProxiedRequest {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** Absolute, with the host as the client named it. */
  readonly url: URL
}

/** What the proxy asks of its owner. */
export interface ConnectProxyOptions {
  contextFor(hostname: string): Promise<SecureContext>
  /** Whether a tunnel to the host may be opened; 502 otherwise. */
  canReach(hostname: string): boolean
  handle(proxied: ProxiedRequest): void
}

export interface ConnectProxy {
  readonly url: string
  /** Ends at once, whatever is under way. */
  close(): Promise<void>
}

/**
 * An HTTP proxy on a free port of 127.0.0.1 that reads along: at the end of each tunnel stands its own TLS server, so https requests
 * (by CONNECT) and http requests (by absolute URL) come out at one place.
 */
export async function startConnectProxy({ contextFor, canReach, handle }: ConnectProxyOptions): Promise<ConnectProxy> {
  const listen =
    (base: (request: IncomingMessage) => string): RequestListener =>
    (request, response) =>
      handle({ request, response, url: new URL(request.url ?? '/', base(request)) })
  const tlsServer = createTlsServer(
    {
      SNICallback: (hostname, done) => {
        contextFor(hostname).then((context) => done(null, context), done)
      },
    },
    listen(({ headers }) => `https://${headers.host}`),
  )
  const proxy = createServer(listen(({ headers }) => `http://${headers.host}`))
  const sockets = new Set<Socket>()
  proxy.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  proxy.on('connect', (request, socket: Socket, head) => {
    // A client that hangs up in the middle is its own business.
    socket.on('error', () => socket.destroy())
    if (!canReach(new URL(`http://${request.url}`).hostname)) {
      socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n')
      return
    }
    socket.write('HTTP/1.1 200 Connection Established\r\n\r\n')
    if (head.length > 0) socket.unshift(head)
    tlsServer.emit('connection', socket)
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    close: () =>
      new Promise<void>((resolve) => {
        proxy.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}
