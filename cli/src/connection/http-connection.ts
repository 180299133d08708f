import { readFileSync } from 'node:fs'
import * as http from 'node:http'
import * as https from 'node:https'
import { finished, Readable } from 'node:stream'
import * as tls from 'node:tls'
import { CliError, EXIT } from '../cli-error.ts'
import { describeFileError } from '../input/read-input.ts'
import { type ChosenServer, isLoopback } from './choose-server.ts'
import { connectionFailure } from './connection-failure.ts'

/** One request to the server. */
export interface HttpRequest {
  readonly method: string
  /** Path with query, on the server's origin. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: HttpBody | undefined
  /** Longest silence in either direction. */
  readonly timeoutMs: number
  /** For messages: what the request is for, as in `Cannot <action>`. */
  readonly action: string
  /** Takes the body of a success, so that it is never held in memory as a whole. */
  readonly sink?: HttpSink | undefined
}

/** Where a long body goes. An answer of another type is read like any other. */
export interface HttpSink {
  /** Default 200. */
  readonly status?: number
  readonly contentType: string
  /** The next piece comes when this one is taken. */
  readonly write: (piece: Buffer) => Promise<void>
}

/** Bytes of known length; a stream is never held in memory as a whole. */
export interface HttpBody {
  readonly length: number
  readonly chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>
}

export interface HttpAnswer {
  readonly status: number
  readonly reason: string
  readonly headers: http.IncomingHttpHeaders
  readonly body: Buffer
}

/** Requests to one server; connections are kept for the next request. */
export interface HttpConnection {
  readonly url: string
  /** @throws {CliError} exit code 6 when there is no answer. Redirects are answers like any other. */
  send(request: HttpRequest): Promise<HttpAnswer>
  close(): void
}

/** Longest answer; the largest documents are lists of 100 rows. */
const MAX_ANSWER_BYTES = 32 * 1024 * 1024

/** @param proxy variables that name proxies; addresses of this machine are never asked through one. */
export function openConnection({ url, caFile }: ChosenServer, proxy: Readonly<Record<string, string>>): HttpConnection {
  const origin = new URL(url)
  const transport = origin.protocol === 'https:' ? https : http
  const agentOptions = { keepAlive: true, ...(isLoopback(origin) ? {} : { proxyEnv: proxy }), ...trust(caFile, origin) }
  const agent = new transport.Agent(agentOptions)
  return {
    url,
    send: (request) =>
      send(transport.request(new URL(request.path, origin), { agent, method: request.method, headers: headersOf(request) }), url, request),
    close: () => agent.destroy(),
  }
}

/** No public authority vouches for this machine's own names, and leaving the usual certificates out saves their loading. */
function trust(caFile: string | undefined, origin: URL): { ca?: string[] } {
  if (caFile === undefined) return {}
  try {
    const usual = isLoopback(origin) ? [] : tls.getCACertificates('default')
    return { ca: [...usual, readFileSync(caFile, 'utf8')] }
  } catch (error) {
    const state = describeFileError(error as NodeJS.ErrnoException)
    throw new CliError(`Cannot read certificates "${caFile}": ${state}`, { exitCode: EXIT.usage, cause: error })
  }
}

function headersOf({ headers, body }: HttpRequest): Record<string, string> {
  return { ...headers, ...(body !== undefined && { 'content-length': String(body.length) }) }
}

function send(message: http.ClientRequest, url: string, request: HttpRequest): Promise<HttpAnswer> {
  const { action, timeoutMs, body } = request
  return new Promise((resolve, reject) => {
    const silence = setTimeout(() => {
      message.destroy()
      reject(
        new CliError(`Cannot ${action}: no answer from ${url} within ${timeoutMs / 1000} s`, {
          exitCode: EXIT.unavailable,
          hint: 'Raise --timeout, or try again later',
        }),
      )
    }, timeoutMs)
    const heard = () => void silence.refresh()
    const fail = (error: Error) => {
      clearTimeout(silence)
      message.destroy()
      reject(error instanceof CliError ? error : connectionFailure(action, url, error))
    }
    message.on('error', fail)
    message.on('response', (response) => {
      readAnswer(response, { heard, sink: request.sink }).then((answer) => {
        clearTimeout(silence)
        // An answer to half a request is a refusal; nobody waits for the other half.
        if (!message.writableFinished) message.destroy()
        resolve(answer)
      }, fail)
    })
    if (body === undefined) message.end()
    else sendBody(message, body, { heard, fail })
  })
}

function sendBody(message: http.ClientRequest, body: HttpBody, { heard, fail }: { heard: () => void; fail: (error: Error) => void }): void {
  const source = Readable.from(body.chunks, { objectMode: false })
  source.on('data', heard)
  source.on('error', fail)
  // An answer that comes early ends the request; what is left of the body is of no interest then.
  finished(message, { readable: false }, () => source.destroy())
  source.pipe(message)
}

interface AnswerReader {
  readonly heard: () => void
  readonly sink: HttpSink | undefined
}

async function readAnswer(response: http.IncomingMessage, { heard, sink }: AnswerReader): Promise<HttpAnswer> {
  const { statusCode = 0, headers } = response
  const takes = sink !== undefined && statusCode === (sink.status ?? 200) && headers['content-type']?.startsWith(sink.contentType) === true
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    heard()
    if (takes) {
      await sink.write(chunk)
      continue
    }
    size += chunk.length
    if (size > MAX_ANSWER_BYTES) throw new CliError('Cannot read the answer of the server: it is too large')
    chunks.push(chunk)
  }
  return { status: statusCode, reason: response.statusMessage ?? '', headers, body: Buffer.concat(chunks) }
}
