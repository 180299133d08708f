import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { type LoopbackTls, startLoopbackServer } from '../loopback-server.ts'
import { type FakeAnswer, FakeRegistry } from './fake-registry.ts'
import type { Defects, FakePackage, FakeVersionInput } from './fake-version.ts'
import { sendPackage } from './send-package.ts'
import type { TestSigningKey } from './test-signing-key.ts'

export interface FakeUpstreamOptions {
  /** Serves https with this certificate; plain http otherwise. */
  readonly tls?: LoopbackTls
  /** Tells which providers a namespace has, as the protocol does not ask for. */
  readonly listsNamespaces?: boolean
}

export interface SeenRequest {
  readonly method: string
  /** With query. */
  readonly path: string
  readonly headers: IncomingHttpHeaders
  /** When it came, in milliseconds of `performance.now`. */
  readonly at: number
}

/** A provider registry on loopback: healthy enough for `terraform init`, and as broken as a test asks for. */
export interface FakeUpstream extends AsyncDisposable {
  /** Where discovery is; without a slash at the end. */
  readonly url: string
  readonly port: number
  /** Everything that was asked, in order; empty it to count anew. */
  readonly requests: SeenRequest[]
  /** How many requests there were whose path contains the text. */
  countRequests(pathPart: string): number
  /** Adds or replaces versions of `namespace/type`. */
  addProvider(name: string, input: { readonly versions: Readonly<Record<string, FakeVersionInput>> }): Promise<void>
  /** Replaces one version by itself with these defects instead of those it had; none heal it. */
  setDefects(name: string, version: string, defects?: Defects): Promise<void>
  removeVersion(name: string, version: string): void
  /** The key that signs in this namespace unless a defect says otherwise. */
  signingKey(namespace: string): Promise<TestSigningKey>
  /** What is served for `linux_amd64` or the named platform. */
  package(name: string, version: string, platform?: string): FakePackage
  close(): Promise<void>
}

/** Starts on a free port of 127.0.0.1; with `tls` the URL names `localhost`. */
export async function startFakeUpstream(options: FakeUpstreamOptions = {}): Promise<FakeUpstream> {
  const registry = new FakeRegistry()
  registry.listsNamespaces = options.listsNamespaces ?? false
  const requests: SeenRequest[] = []
  const server = await startLoopbackServer((request, response) => {
    requests.push({ method: request.method ?? '', path: request.url ?? '', headers: request.headers, at: performance.now() })
    const { pathname } = new URL(request.url ?? '/', 'http://localhost')
    send(request, response, registry.find(decodeURIComponent(pathname)))
  }, options.tls)
  return {
    url: server.url,
    port: server.port,
    requests,
    countRequests: (pathPart) => requests.filter(({ path }) => path.includes(pathPart)).length,
    addProvider: (name, input) => registry.add(name, input.versions),
    setDefects: (name, version, defects = {}) => registry.setDefects(name, version, defects),
    removeVersion(name, version) {
      registry.provider(name).versions.delete(version)
    },
    signingKey: (namespace) => registry.signingKey(namespace),
    package: (name, version, platform = 'linux_amd64') => registry.package(name, version, platform),
    close: server.close,
    [Symbol.asyncDispose]: server.close,
  }
}

function send(request: IncomingMessage, response: ServerResponse, answer: FakeAnswer | undefined): void {
  if (answer === undefined) response.writeHead(404, { 'content-type': 'application/json' }).end('{"errors":["Not Found"]}')
  else if (answeredByDefect(response, answer)) return
  else if ('json' in answer) response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer.json))
  else if ('bytes' in answer) response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(answer.bytes)
  else sendPackage(request, response, answer)
}

function answeredByDefect(response: ServerResponse, answer: FakeAnswer): boolean {
  const version = answer.versions.find(({ defects, statusAnswersLeft }) => defects.status?.on === answer.on && statusAnswersLeft > 0)
  if (version?.defects.status === undefined) return false
  const { status, retryAfter } = version.defects.status
  version.statusAnswersLeft -= 1
  response.writeHead(status, retryAfter === undefined ? {} : { 'retry-after': retryAfter }).end()
  return true
}
