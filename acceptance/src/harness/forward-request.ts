import { type IncomingMessage, type ServerResponse, request as startRequest } from 'node:http'
import { pipeline } from 'node:stream'

const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'proxy-connection', 'proxy-authorization', 'te', 'trailer', 'upgrade'])

/** Where a request came in and where it goes. */
export interface Forwarding {
  readonly scheme: 'http' | 'https'
  /** As the client named it, with port when it did. */
  readonly host: string
  readonly path: string
  /** Origin of the back end, plain http. */
  readonly backend: string
  onStatus(status: number): void
}

/**
 * Passes a request on and its answer back, both streamed, as a trusted reverse proxy does: the Host header stays, `X-Forwarded-Proto`
 * and `X-Forwarded-Host` are set. An answer that breaks off breaks off here too: a test must see what a client would see.
 */
export function forwardRequest(request: IncomingMessage, response: ServerResponse, forwarding: Forwarding): void {
  const { scheme, host, path, backend, onStatus } = forwarding
  const { hostname, port } = new URL(backend)
  const headers = { ...request.headers, host, 'x-forwarded-proto': scheme, 'x-forwarded-host': host }
  for (const name of HOP_BY_HOP) delete headers[name as keyof typeof headers]
  const onward = startRequest({ hostname, port, method: request.method, path, headers }, (answer) => {
    onStatus(answer.statusCode ?? 0)
    response.writeHead(answer.statusCode ?? 502, answer.statusMessage, keptHeaders(answer.rawHeaders))
    pipeline(answer, response, () => undefined)
  })
  onward.on('error', (error) => {
    if (response.headersSent) {
      response.destroy()
      return
    }
    onStatus(502)
    response.writeHead(502, { 'content-type': 'text/plain' }).end(String(error))
  })
  response.on('close', () => onward.destroy())
  pipeline(request, onward, () => undefined)
}

/** Names and values in turn, in the order and spelling of the back end. */
function keptHeaders(rawHeaders: readonly string[]): string[] {
  return rawHeaders.filter((_, index) => !HOP_BY_HOP.has((rawHeaders[index - (index % 2)] ?? '').toLowerCase()))
}
