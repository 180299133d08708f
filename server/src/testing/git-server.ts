import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { startLoopbackServer } from './loopback-server.ts'
import { createTestCertificates } from './test-certificates.ts'

/** Whether tests can serve Git repositories; when not: `apt-get install git`. */
export const hasGit = spawnSync('git', ['--version']).status === 0

/** A file of a test commit: its text or bytes, a file that may be run, a link, or a submodule by its commit. */
export type TestFile = string | Uint8Array | { readonly executable: string } | { readonly link: string } | { readonly submodule: string }

/** A repository that is served. */
export interface TestRepository {
  readonly url: string
  /** The bare repository on disk. */
  readonly path: string
  /** Makes these files a commit on top of the branch (`main` by default), replacing what was there, and answers its id. */
  commit(files: Readonly<Record<string, TestFile>>, branch?: string): string
  /** Runs `git` in the repository and answers its output, trimmed. */
  git(args: readonly string[], input?: string | Buffer): string
}

/** A Git server over https on loopback, at `https://localhost:PORT`, with the real `git http-backend`. */
export interface GitServer extends AsyncDisposable {
  readonly url: string
  readonly port: number
  /** PEM file of the CA that its certificate is from. */
  readonly caFile: string
  /** Method and address of each request, in order. */
  readonly requests: string[]
  /** What is asked first, while it is set, with the whole body; answers `true` when it took the request. */
  intercept: ((request: IncomingMessage, response: ServerResponse, body: Buffer) => boolean) | undefined
  /** Variables of `git http-backend` beside the usual ones. */
  readonly variables: Record<string, string>
  /** An empty repository, at `URL/NAME`. */
  createRepository(name: string, format?: 'sha1' | 'sha256'): TestRepository
  connectionCount(): number
  close(): Promise<void>
}

/** Starts a server without repositories; the test closes it. */
export async function startGitServer(hostnames: readonly string[] = []): Promise<GitServer> {
  const folder = await mkdtemp(join(tmpdir(), 'terrace-git-'))
  const certificates = await createTestCertificates(hostnames)
  const caFile = join(folder, 'ca.pem')
  await writeFile(caFile, certificates.ca)
  const variables: Record<string, string> = {}
  const requests: string[] = []
  const listener: RequestListener = (request, response) => {
    requests.push(`${request.method} ${request.url}`)
    void buffer(request).then(
      (body) => {
        if (server.intercept?.(request, response, body) !== true) runBackend({ folder, variables, body }, request, response)
      },
      () => response.destroy(),
    )
  }
  const loopback = await startLoopbackServer(listener, certificates)
  const close = async () => {
    await loopback.close()
    await rm(folder, { recursive: true, force: true })
  }
  const server: GitServer = {
    url: loopback.url,
    port: loopback.port,
    caFile,
    requests,
    intercept: undefined,
    variables,
    createRepository: (name, format = 'sha1') => createRepository({ path: join(folder, name), url: `${loopback.url}/${name}` }, format),
    connectionCount: () => loopback.connectionCount(),
    close,
    [Symbol.asyncDispose]: close,
  }
  return server
}

/** No settings of the person who runs the tests. */
const environment = () => ({ PATH: process.env.PATH, GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null', LC_ALL: 'C' })

function createRepository({ path, url }: { path: string; url: string }, format: string): TestRepository {
  execFileSync('git', ['init', '--quiet', '--bare', '--initial-branch=main', `--object-format=${format}`, path], { env: environment() })
  const git = (args: readonly string[], input: string | Buffer = '') =>
    execFileSync('git', ['-C', path, ...args], { input, env: environment(), stdio: ['pipe', 'pipe', 'pipe'], maxBuffer: 1 << 28 })
      .toString()
      .trim()
  return {
    url,
    path,
    git,
    commit(files, branch = 'main') {
      git(['fast-import', '--quiet', '--force', '--date-format=now'], importStream(files, branch, hasBranch(path, branch)))
      return git(['rev-parse', `refs/heads/${branch}`])
    },
  }
}

const hasBranch = (path: string, branch: string): boolean =>
  spawnSync('git', ['-C', path, 'rev-parse', '--verify', '--quiet', `refs/heads/${branch}`], { env: environment() }).status === 0

/** Source: git-fast-import(1) */
function importStream(files: Readonly<Record<string, TestFile>>, branch: string, exists: boolean): Buffer {
  const head = [`commit refs/heads/${branch}`, 'committer Tester <tester@example.com> now', 'data 5', 'files']
  if (exists) head.push(`from refs/heads/${branch}^0`)
  const parts: Buffer[] = [Buffer.from(`${head.join('\n')}\ndeleteall\n`)]
  for (const [path, file] of Object.entries(files)) parts.push(importFile(path, file))
  return Buffer.concat(parts)
}

function importFile(path: string, file: TestFile): Buffer {
  if (typeof file === 'object' && 'submodule' in file) return Buffer.from(`M 160000 ${file.submodule} ${path}\n`)
  const [mode, content] = modeOf(file)
  return Buffer.concat([Buffer.from(`M ${mode} inline ${path}\ndata ${content.length}\n`), content, Buffer.from('\n')])
}

function modeOf(file: Exclude<TestFile, { readonly submodule: string }>): [mode: string, content: Buffer] {
  if (typeof file === 'string' || file instanceof Uint8Array) return ['100644', Buffer.from(file)]
  return 'link' in file ? ['120000', Buffer.from(file.link)] : ['100755', Buffer.from(file.executable)]
}

interface Backend {
  readonly folder: string
  readonly variables: Readonly<Record<string, string>>
  readonly body: Buffer
}

/** A CGI bridge. Source: RFC 3875, git-http-backend(1) */
function runBackend({ folder, variables, body }: Backend, request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '/', 'https://localhost')
  const header = (name: string) => String(request.headers[name] ?? '')
  const child = spawn('git', ['http-backend'], {
    env: {
      ...environment(),
      GIT_PROJECT_ROOT: folder,
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: decodeURIComponent(url.pathname),
      QUERY_STRING: url.search.slice(1),
      REQUEST_METHOD: request.method,
      CONTENT_TYPE: header('content-type'),
      CONTENT_LENGTH: String(body.length),
      HTTP_CONTENT_ENCODING: header('content-encoding'),
      GIT_PROTOCOL: header('git-protocol'),
      REMOTE_ADDR: '127.0.0.1',
      ...variables,
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  for (const stream of [child.stdin, child.stdout, response]) stream.on('error', () => child.kill('SIGKILL'))
  response.on('close', () => child.kill('SIGKILL'))
  child.stdin.end(body)
  let head: Buffer = Buffer.alloc(0)
  const takeHead = (chunk: Buffer) => {
    head = Buffer.concat([head, chunk])
    const end = head.indexOf('\r\n\r\n')
    if (end < 0) return
    child.stdout.off('data', takeHead)
    writeHead(response, head.subarray(0, end).toString('latin1'))
    response.write(head.subarray(end + 4))
    child.stdout.pipe(response)
  }
  child.stdout.on('data', takeHead)
  child.on('close', () => response.end())
}

function writeHead(response: ServerResponse, head: string): void {
  const fields = new Map(head.split('\r\n').map((line) => line.split(/:\s*/, 2) as [string, string]))
  response.statusCode = Number.parseInt(fields.get('Status') ?? '200', 10)
  fields.delete('Status')
  for (const [name, value] of fields) response.setHeader(name, value)
}
