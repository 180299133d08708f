import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'

const QUIET_MS = 200

/**
 * Keeps a server that has begun to refuse (503) listening until nobody has asked for a moment, or `atMostMs` are over: clients and
 * load balancers then know. A listener that closes at once resets connections that wait to be accepted, and requests that are on
 * their way on kept connections. From now on every answer asks its client to close the connection.
 */
export async function takeLeave(server: Pick<Server, 'prependListener'>, { atMostMs }: { readonly atMostMs: number }): Promise<void> {
  let asked = true
  server.prependListener('request', (_request: IncomingMessage, response: ServerResponse) => {
    asked = true
    response.setHeader('connection', 'close')
  })
  for (let waitedMs = 0; asked && waitedMs < atMostMs; waitedMs += QUIET_MS) {
    asked = false
    await delay(Math.min(QUIET_MS, atMostMs - waitedMs))
  }
}
