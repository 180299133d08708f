import { createServer, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'

/** A server for tests on a free port of 127.0.0.1. */
export interface LoopbackServer extends AsyncDisposable {
  /** Without a slash at the end. */
  readonly url: string
  readonly port: number
  /** Connections that were made since the start. */
  connectionCount(): number
  /** Ends at once, whatever is under way. */
  close(): Promise<void>
}

export interface LoopbackTls {
  readonly key: string
  readonly cert: string
}

/** Starts listening; https when `tls` is given, and the URL then names `localhost`, which the certificate must cover. */
export async function startLoopbackServer(listener: RequestListener, tls?: LoopbackTls): Promise<LoopbackServer> {
  const server = tls === undefined ? createServer(listener) : createTlsServer({ key: tls.key, cert: tls.cert }, listener)
  const sockets = new Set<Socket>()
  let connections = 0
  server.on('connection', (socket: Socket) => {
    connections += 1
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      for (const socket of sockets) socket.destroy()
    })
  return {
    url: tls === undefined ? `http://127.0.0.1:${port}` : `https://localhost:${port}`,
    port,
    connectionCount: () => connections,
    close,
    [Symbol.asyncDispose]: close,
  }
}
