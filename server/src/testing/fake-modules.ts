import type { IncomingMessage, ServerResponse } from 'node:http'
import { type LoopbackServer, type LoopbackTls, startLoopbackServer } from './loopback-server.ts'
import { packModule } from './pack-module.ts'

/** A version as a test describes it. */
export interface FakeModuleVersion {
  /** Of the archive; by default a `main.tf` that names the version. */
  readonly files?: Readonly<Record<string, string>>
  /** Instead of one made of `files`. */
  readonly archive?: Buffer
  /** Value of `X-Terraform-Get`; by default a path that leads to the archive. `ARCHIVE` in it stands for that path. */
  readonly location?: string
  /** What is wrong with it. */
  readonly defect?: ModuleDefect
}

export type ModuleDefect =
  /** The named request answers this status, so often or always. */
  | { readonly on: 'versions' | 'download' | 'archive'; readonly status: number; readonly retryAfter?: string; readonly times?: number }
  /** The archive is a page for people. */
  | { readonly archive: 'page' }
  /** Half of the archive, with the length of the whole, without any length, or followed by silence. */
  | { readonly archive: 'short' | 'cut' | 'stall' }
  /** The archive is elsewhere. */
  | { readonly redirectTo: string }

/** A module registry on loopback, as healthy as a test asks for. Names are `namespace/name/system`. */
export interface FakeModules extends AsyncDisposable {
  /** Where discovery is; without a slash at the end. */
  readonly url: string
  /** Method and address of everything that was asked, in order. */
  readonly requests: string[]
  countRequests(part: string): number
  /** Adds or replaces versions. */
  add(name: string, versions: Readonly<Record<string, FakeModuleVersion>>): void
  remove(name: string, version: string): void
  /** Answers go on when it is called; until then they wait. */
  hold(part: string): () => void
  close(): Promise<void>
}

const PATH = /^\/v1\/modules\/([^/]+\/[^/]+\/[^/]+)\/(?:versions|([^/]+)\/(download|archive\.tar\.gz))$/

interface State {
  readonly modules: Map<string, Map<string, FakeModuleVersion>>
  readonly used: Map<FakeModuleVersion, number>
  readonly holds: Map<string, Promise<void>>
}

/** Starts on a free port of 127.0.0.1; https with `tls`. */
export async function startFakeModules({ tls }: { readonly tls?: LoopbackTls } = {}): Promise<FakeModules> {
  const state: State = { modules: new Map(), used: new Map(), holds: new Map() }
  const requests: string[] = []
  const server: LoopbackServer = await startLoopbackServer((request, response) => {
    requests.push(`${request.method} ${request.url}`)
    void answer(state, request, response)
  }, tls)
  return {
    url: server.url,
    requests,
    countRequests: (part) => requests.filter((text) => text.includes(part)).length,
    add(name, versions) {
      const module = state.modules.get(name) ?? new Map<string, FakeModuleVersion>()
      for (const [version, input] of Object.entries(versions)) module.set(version, input)
      state.modules.set(name, module)
    },
    remove: (name, version) => void state.modules.get(name)?.delete(version),
    hold(part) {
      const { promise, resolve } = Promise.withResolvers<void>()
      state.holds.set(part, promise)
      return () => {
        state.holds.delete(part)
        resolve()
      }
    },
    close: server.close,
    [Symbol.asyncDispose]: server.close,
  }
}

async function answer(state: State, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname } = new URL(request.url ?? '/', 'http://localhost')
  for (const [part, held] of state.holds) if (pathname.includes(part)) await held
  if (pathname === '/.well-known/terraform.json') return sendJson(response, { 'modules.v1': '/v1/modules/' })
  const [, name = '', version, what] = PATH.exec(pathname) ?? []
  const module = state.modules.get(name)
  if (module === undefined) sendNothing(response)
  else if (version === undefined) sendVersions(state, module, response)
  else sendVersion(state, module.get(version), { version, what: what ?? '', response })
}

function sendVersions({ used }: State, module: ReadonlyMap<string, FakeModuleVersion>, response: ServerResponse): void {
  if ([...module.values()].some((item) => answersStatus(used, item, { what: 'versions', response }))) return
  sendJson(response, { modules: [{ versions: [...module.keys()].map((version) => ({ version })) }] })
}

interface VersionAnswer {
  readonly version: string
  readonly what: string
  readonly response: ServerResponse
}

function sendVersion({ used }: State, item: FakeModuleVersion | undefined, { version, what, response }: VersionAnswer): void {
  if (item === undefined) sendNothing(response)
  else if (answersStatus(used, item, { what, response })) return
  else if (what === 'download') sendLocation(response, item)
  else sendArchive(response, archiveOf(item, version), item.defect)
}

function sendNothing(response: ServerResponse): void {
  response.writeHead(404).end('{"errors":["Not Found"]}')
}

function sendJson(response: ServerResponse, document: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(document))
}

function answersStatus(used: State['used'], item: FakeModuleVersion, { what, response }: Omit<VersionAnswer, 'version'>): boolean {
  const { defect } = item
  if (defect === undefined || !('status' in defect) || defect.on !== what.replace(/\..*/, '')) return false
  const times = used.get(item) ?? 0
  if (times >= (defect.times ?? Number.POSITIVE_INFINITY)) return false
  used.set(item, times + 1)
  response.writeHead(defect.status, defect.retryAfter === undefined ? {} : { 'retry-after': defect.retryAfter }).end()
  return true
}

function sendLocation(response: ServerResponse, { location = 'ARCHIVE' }: FakeModuleVersion): void {
  response.writeHead(204, { 'x-terraform-get': location.replace('ARCHIVE', './archive.tar.gz') }).end()
}

const archiveOf = ({ archive, files }: FakeModuleVersion, version: string): Buffer =>
  archive ?? packModule(files ?? { 'main.tf': `# ${version}\n` })

function sendArchive(response: ServerResponse, body: Buffer, defect: ModuleDefect | undefined): void {
  const headers = { 'content-type': 'application/gzip', 'content-length': body.length }
  const half = body.subarray(0, body.length >> 1)
  if (defect !== undefined && 'redirectTo' in defect) response.writeHead(302, { location: defect.redirectTo }).end()
  else if (defect === undefined || !('archive' in defect)) response.writeHead(200, headers).end(body)
  else if (defect.archive === 'page') response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Sign in to continue</html>')
  else if (defect.archive === 'short') response.writeHead(200, headers).write(half, () => response.destroy())
  else if (defect.archive === 'stall') response.writeHead(200, headers).write(half)
  else {
    response.socket?.write('HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n')
    response.socket?.end(half)
  }
}
