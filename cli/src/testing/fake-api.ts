import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { CleanUp } from './run-terrace.ts'

/** A request as the fake has received it. */
export interface ReceivedRequest {
  readonly method: string
  /** With the query. */
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

export interface Reply {
  readonly status?: number
  readonly json?: unknown
  readonly text?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** Answers one route: always the same, or by what was asked and how often before. `undefined` never answers. */
export type Responder = Reply | ((request: ReceivedRequest, count: number) => Reply | undefined)

export interface FakeApi {
  readonly url: string
  readonly requests: readonly ReceivedRequest[]
}

/**
 * A server that answers by a table of `GET /path` without query; everything else is a 404 problem. It closes when the test ends.
 */
export async function startFakeApi(cleanUp: CleanUp, routes: Readonly<Record<string, Responder>>): Promise<FakeApi> {
  const requests: ReceivedRequest[] = []
  const counts = new Map<string, number>()
  const server = createServer(async (message, response) => {
    const { method = '', url = '', headers } = message
    const request = { method, url, headers, body: await readBody(message) }
    requests.push(request)
    const key = `${method} ${url.split('?')[0]}`
    const count = counts.get(key) ?? 0
    counts.set(key, count + 1)
    const responder =
      routes[key] ?? problem({ code: 'ROUTE_NOT_FOUND', status: 404, detail: `Cannot find "${key}": there is no such address` })
    const reply = typeof responder === 'function' ? responder(request, count) : responder
    if (reply === undefined) return
    const { status = 200, json, text, headers: extra } = reply
    response.writeHead(status, {
      'content-type': json === undefined ? 'text/plain' : 'application/json',
      'x-request-id': 'req-7',
      ...extra,
    })
    response.end(json === undefined ? text : JSON.stringify(json))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanUp(async () => {
    server.closeAllConnections()
    await new Promise<void>((resolve) => server.close(() => resolve()))
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests }
}

async function readBody(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of message as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks)
}

export interface FakeProblem {
  readonly code: string
  readonly status: number
  readonly detail: string
  readonly hint?: string
  readonly context?: Readonly<Record<string, unknown>>
}

/** A refusal in the form of the API. */
export function problem(given: FakeProblem): Reply {
  return {
    status: given.status,
    json: { type: `urn:terrace:error:${given.code}`, title: given.code, requestId: 'req-7', ...given },
    headers: { 'content-type': 'application/problem+json; charset=utf-8' },
  }
}

/** A list answer with all rows on one page. */
export function page(items: readonly unknown[]): Reply {
  return { json: { items, total: items.length, limit: 100, offset: 0 } }
}
