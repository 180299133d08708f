import type { AnswerOf, BodyOf, Method, PathOf, PathParams, QueryOf } from '@terrace/api-client/operations.ts'
import { isProblem, type Problem } from '@terrace/api-client/problem.ts'
import { CliError, EXIT, type ExitCode } from '../cli-error.ts'
import type { Output } from '../output/output.ts'
import { printable } from '../output/printable.ts'
import type { HttpAnswer, HttpBody, HttpConnection, HttpRequest, HttpSink } from './http-connection.ts'

/** What goes along with a call; `action` completes `Cannot <action>`. */
export interface ApiCall<M extends Method, P extends PathOf<M>> {
  readonly action: string
  readonly params?: PathParams<M, P>
  readonly query?: QueryOf<M, P>
  readonly body?: BodyOf<M, P>
  /** In place of a JSON body: bytes of another type. */
  readonly raw?: HttpBody & { readonly contentType: string }
  /** Longest silence; default: that of the command. */
  readonly timeoutMs?: number
  /** Beside those of every call. */
  readonly headers?: Readonly<Record<string, string>>
  /** Takes the body of a success in place of the JSON. */
  readonly sink?: HttpSink
}

/** What of a file is read. */
export interface ApiDownload {
  readonly action: string
  /** The first byte that is wanted. */
  readonly from: number
  readonly write: (piece: Buffer) => Promise<void>
}

/** A success. */
export interface ApiAnswer<M extends Method, P extends PathOf<M>> {
  readonly status: number
  readonly json: AnswerOf<M, P>
}

export interface ApiOptions {
  readonly connection: HttpConnection
  readonly output: Output
  readonly timeoutMs: number
  /** `undefined`: requests go out anonymously. */
  readonly credential: Credential | undefined
}

/** A secret, and what to do when it is refused. */
export interface Credential {
  readonly token: string
  readonly hintWhenRefused: string
}

/** The server's API, typed by its OpenAPI document. */
export class Api {
  readonly #options: ApiOptions

  constructor(options: ApiOptions) {
    this.#options = options
  }

  /** Origin of the server. */
  get url(): string {
    return this.#options.connection.url
  }

  /**
   * Sends one request and answers its JSON.
   * @throws {CliError} for every answer that is no success, with the exit code of its status; 6 when there is none.
   */
  async call<M extends Method, P extends PathOf<M>>(method: M, path: P, call: ApiCall<M, P>): Promise<AnswerOf<M, P>> {
    return (await this.exchange(method, path, call)).json
  }

  /** As `call`, with the status, for an operation that has several ways to succeed. */
  async exchange<M extends Method, P extends PathOf<M>>(method: M, path: P, call: ApiCall<M, P>): Promise<ApiAnswer<M, P>> {
    const { connection, output, timeoutMs, credential } = this.#options
    const target = fillPath(path, call.params) + formatQuery(call.query)
    const started = performance.now()
    output.detail(`> ${method.toUpperCase()} ${connection.url}${target}`)
    const answer = await connection.send({
      method: method.toUpperCase(),
      path: target,
      headers: { ...headersOf(call, credential), ...call.headers },
      body: bodyOf(call),
      timeoutMs: call.timeoutMs ?? timeoutMs,
      action: call.action,
      sink: call.sink,
    })
    output.detail(`< ${answer.status} ${Math.round(performance.now() - started)} ms, request id ${requestIdOf(answer) ?? 'unknown'}`)
    // The document promises the shape; the server is checked against it.
    return { status: answer.status, json: this.#readAnswer(answer, call.action) as AnswerOf<M, P> }
  }

  /**
   * Reads a file by a signed link of this server, from a byte on. The link is the whole permission: no credential goes along.
   * @throws {CliError} as `call`.
   */
  async download(link: string, { action, from, write }: ApiDownload): Promise<void> {
    const headers = from === 0 ? {} : { range: `bytes=${from}-` }
    const status = from === 0 ? 200 : 206
    const answer = await this.#get(link, { action, headers, sink: { status, contentType: 'application/', write } })
    if (answer.status === status) return
    this.#readAnswer(answer, action)
    throw this.#unknownServer(answer, action)
  }

  /**
   * Follows a signed link of this server for what that does there; the answer is a redirect that is not followed.
   * @throws {CliError} as `call`.
   */
  async follow(link: string, { action, timeoutMs }: { readonly action: string; readonly timeoutMs: number }): Promise<void> {
    const answer = await this.#get(link, { action, timeoutMs, headers: {} })
    if (answer.status !== 302) this.#readAnswer(answer, action)
  }

  /** The server may know itself by another address than the caller does; what is signed is the path. */
  #get(
    link: string,
    request: Pick<HttpRequest, 'action' | 'headers'> & Partial<Pick<HttpRequest, 'timeoutMs' | 'sink'>>,
  ): Promise<HttpAnswer> {
    const { connection, output, timeoutMs } = this.#options
    const { pathname, search } = new URL(link, connection.url)
    output.detail(`> GET ${connection.url}${pathname}`)
    return connection.send({
      timeoutMs,
      ...request,
      method: 'GET',
      path: `${pathname}${search}`,
      headers: { 'user-agent': 'terrace-cli', ...request.headers },
    })
  }

  #readAnswer(answer: HttpAnswer, action: string): unknown {
    const json = parseJson(answer)
    if (answer.status >= 200 && answer.status < 300) {
      if (answer.body.length === 0 || json !== undefined) return json
      throw this.#unknownServer(answer, action)
    }
    if (isProblem(json)) throw refusal(json, { action, url: this.url, credential: this.#options.credential })
    throw this.#unknownServer(answer, action)
  }

  #unknownServer({ status, reason, headers }: HttpAnswer, action: string): CliError {
    const { location } = headers
    const state = location === undefined ? `answers ${status} ${reason}` : `redirects to ${location}`
    return new CliError(`Cannot ${action}: ${this.url} ${printable(state.trimEnd())}, which is no answer of Terrace`, {
      exitCode: exitCodeOf(status),
      hint: 'Check the address; a proxy in front of the server may have answered',
    })
  }
}

function refusal(problem: Problem, { action, url, credential }: Refused): CliError {
  const { code, detail, hint, requestId, status, context } = problem
  const own = code === 'TOKEN_INVALID' ? credential?.hintWhenRefused : NEXT_COMMANDS[code]
  return new CliError(describeDetail({ code, detail, action, url }), {
    exitCode: exitCodeOf(status),
    hint: own ?? (hint === undefined ? undefined : printable(hint)),
    code: printable(code),
    facts: digestsIn(context),
    requestId: typeof requestId === 'string' ? printable(requestId) : undefined,
  })
}

/** A conflict names the digests of what is there and of what was sent. */
function digestsIn(context: Problem['context']): string[] {
  const isDigest = (value: unknown): value is string => typeof value === 'string' && /^(?:sha256|zh|h1):\S+$/.test(value)
  return Object.entries(context ?? {}).flatMap(([name, value]) => (isDigest(value) ? [printable(`  ${name}: ${value}`)] : []))
}

interface Refused {
  readonly action: string
  readonly url: string
  readonly credential: Credential | undefined
}

/** The server's hints speak to every client; here it is known which command comes next. */
const NEXT_COMMANDS: Readonly<Record<string, string>> = {
  TOKEN_REQUIRED: 'Run: terrace login, or use --token-file or TERRACE_TOKEN with an API key',
  JOB_NOT_FOUND: 'Run: terrace mirror jobs',
  MIRROR_NOT_FOUND: 'Run: terrace mirror list',
  API_KEY_NOT_FOUND: 'Run: terrace key list',
  TRUST_RULE_NOT_FOUND: 'Run: terrace trust-rule list',
  SIGNING_KEY_NOT_FOUND: 'Run: terrace signing-key list',
  MODULE_NOT_FOUND: 'Run: terrace module list',
  MODULE_VERSION_NOT_FOUND: 'Its versions are shown by: terrace module show NAMESPACE/NAME/SYSTEM',
  SETUP_DONE: 'Run: terrace login',
  USER_NOT_FOUND: 'Run: terrace user list',
  ORGANIZATION_NOT_FOUND: 'Run: terrace org list',
  ROLE_TEMPLATE_NOT_FOUND: 'Run: terrace org role list ORGANIZATION',
  MEMBER_EXISTS: 'Change the role with: terrace org member set ORGANIZATION USER --role ROLE',
  NAMESPACE_NOT_FOUND: 'Run: terrace namespace list',
}

/** What the server says where it does not know what a request is for. */
const GENERIC_ACTION = /^Cannot answer the request:/

function describeDetail({ code, detail, action, url }: { code: string; detail: string; action: string; url: string }): string {
  if (code === 'TOKEN_REQUIRED') return `Cannot ${action}: you are not signed in to ${url}`
  return printable(detail.replace(GENERIC_ACTION, `Cannot ${action}:`))
}

const EXIT_BY_STATUS: Readonly<Record<number, ExitCode>> = {
  401: EXIT.denied,
  403: EXIT.denied,
  404: EXIT.notFound,
  410: EXIT.notFound,
  409: EXIT.conflict,
  429: EXIT.unavailable,
  500: EXIT.failed,
}

function exitCodeOf(status: number): ExitCode {
  return EXIT_BY_STATUS[status] ?? (status >= 500 ? EXIT.unavailable : EXIT.failed)
}

function fillPath(path: string, params: unknown): string {
  const values = (params ?? {}) as Readonly<Record<string, string>>
  return path.replace(/\{(\w+)\}/g, (_whole, name: string) => encodeURIComponent(values[name] ?? ''))
}

function formatQuery(query: unknown): string {
  const entries = Object.entries((query ?? {}) as Record<string, unknown>).filter(([, value]) => value !== undefined)
  return entries.length === 0 ? '' : `?${new URLSearchParams(entries.map(([name, value]) => [name, String(value)]))}`
}

function headersOf(
  { body, raw }: { body?: unknown; raw?: { contentType: string } },
  credential: Credential | undefined,
): Record<string, string> {
  const contentType = raw?.contentType ?? (body === undefined ? undefined : 'application/json')
  return {
    accept: 'application/json',
    'user-agent': 'terrace-cli',
    ...(contentType !== undefined && { 'content-type': contentType }),
    ...(credential !== undefined && { authorization: `Bearer ${credential.token}` }),
  }
}

function bodyOf({ body, raw }: { body?: unknown; raw?: HttpBody }): HttpBody | undefined {
  if (raw !== undefined || body === undefined) return raw
  const bytes = Buffer.from(JSON.stringify(body))
  return { length: bytes.length, chunks: [bytes] }
}

function parseJson({ headers, body }: HttpAnswer): unknown {
  if (!/^application\/(?:[\w.-]+\+)?json\b/.test(headers['content-type'] ?? '')) return undefined
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return undefined
  }
}

function requestIdOf({ headers }: HttpAnswer): string | undefined {
  const id = headers['x-request-id']
  return typeof id === 'string' ? id : undefined
}
