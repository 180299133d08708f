import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { type ChildServer, type ProcessEnd, startChildServer } from './child-server.ts'
import { type CommandResult, runCommand } from './run-command.ts'
import { makeTemporaryFolder } from './temporary-folder.ts'

const LAUNCHER = join(import.meta.dirname, '../../../cli/bin/terrace.mjs')
const START_TIMEOUT_MS = 30_000
const STOP_TIMEOUT_MS = 40_000
const POLL_MS = 20

/** The administrator that every server of the harness starts with. */
export const ADMIN = { username: 'admin', password: 'correct horse battery staple' } as const

export interface TerraceOptions {
  /** Holds all state; a temporary one that goes away with the server when absent. */
  readonly dataDir?: string
  /** Text of a configuration file (HCL). */
  readonly config?: string
  /** Added to the environment, for example `TFR_LOG_LEVEL`. */
  readonly env?: Readonly<Record<string, string>>
  /** Listens on https with the local authority too. */
  readonly localTls?: boolean
  /** Another executable, for the harness's own tests. */
  readonly launcher?: string
}

/** A running `terrace serve`. */
export interface TerraceServer extends AsyncDisposable {
  /** Where it listens, plain http, without a slash at the end. */
  readonly url: string
  /** Where it listens with the local authority; only with `localTls`. Names `localhost`. */
  readonly tlsUrl: string | undefined
  readonly dataDir: string
  readonly process: ChildServer
  /** A session token of {@link ADMIN}; one per server. */
  signIn(): Promise<string>
  /** Runs `terrace …` against this server as the administrator. */
  terrace(args: readonly string[]): Promise<CommandResult>
  /** SIGTERM and its outcome; the data stay until `close`. */
  stop(): Promise<ProcessEnd>
  /** SIGKILL; the data stay. */
  kill(): Promise<ProcessEnd>
  /** Ends it at once and removes what was temporary. */
  close(): Promise<void>
}

/**
 * Starts the real executable on free ports of 127.0.0.1 with a clean environment, and waits until it is ready for work. To start
 * again on the same data give the same `dataDir`.
 */
export async function startTerrace(options: TerraceOptions = {}): Promise<TerraceServer> {
  const folder = makeTemporaryFolder('server')
  const dataDir = options.dataDir ?? join(folder.path, 'data')
  const tlsPort = options.localTls ? await findFreePort() : 0
  const launcher = options.launcher ?? LAUNCHER
  const env = serverEnvironment(options, { folder: folder.path, dataDir, tlsPort })
  const server = startChildServer({ file: process.execPath, args: [launcher, 'serve'], cwd: folder.path, env })
  const close = async (): Promise<void> => {
    await server.kill()
    folder.remove()
  }
  let url: string
  try {
    url = await waitUntilReady(server)
  } catch (error) {
    await close()
    throw error
  }
  let token: Promise<string> | undefined
  const signIn = (): Promise<string> => {
    token ??= requestToken(url)
    return token
  }
  return {
    url,
    tlsUrl: options.localTls ? `https://localhost:${tlsPort}` : undefined,
    dataDir,
    process: server,
    signIn,
    terrace: async (args) => {
      const client = { ...baseEnvironment(folder.path), TERRACE_SERVER: url, TERRACE_TOKEN: await signIn() }
      return runCommand(process.execPath, [launcher, ...args], { cwd: folder.path, env: client })
    },
    stop: () => server.stop(STOP_TIMEOUT_MS),
    kill: server.kill,
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** A running `terrace work` beside a server: jobs only. */
export interface TerraceWorker {
  readonly process: ChildServer
  /** SIGTERM and its outcome. */
  stop(): Promise<ProcessEnd>
  /** SIGKILL. */
  kill(): Promise<ProcessEnd>
}

/** Starts it with the configuration of the server and on its data; the server should have `TFR_WORK_ENABLED=false`. */
export async function startTerraceWorker(
  { dataDir }: Pick<TerraceServer, 'dataDir'>,
  options: TerraceOptions = {},
): Promise<TerraceWorker> {
  const folder = makeTemporaryFolder('worker')
  const env = serverEnvironment(options, { folder: folder.path, dataDir, tlsPort: 0 })
  const worker = startChildServer({ file: process.execPath, args: [options.launcher ?? LAUNCHER, 'work'], cwd: folder.path, env })
  void worker.ended.finally(folder.remove)
  await worker.waitForOutput(/\bworking\b/, START_TIMEOUT_MS)
  return { process: worker, stop: () => worker.stop(STOP_TIMEOUT_MS), kill: worker.kill }
}

const baseEnvironment = (home: string): Record<string, string> => ({
  PATH: process.env.PATH ?? '',
  HOME: home,
  TMPDIR: home,
  // Compiled code, one for all servers and commands of the tests: it changes how quick they are, and nothing else.
  XDG_CACHE_HOME: join(import.meta.dirname, '../../../node_modules/.cache/terrace-cli'),
})

function serverEnvironment(options: TerraceOptions, place: { folder: string; dataDir: string; tlsPort: number }): Record<string, string> {
  const configPath = join(place.folder, 'terrace.hcl')
  if (options.config !== undefined) writeFileSync(configPath, options.config)
  return {
    ...baseEnvironment(place.folder),
    ...(options.config === undefined ? {} : { TFR_CONFIG: configPath }),
    TFR_DATA_DIR: place.dataDir,
    TFR_SERVER_HOST: '127.0.0.1',
    TFR_SERVER_PORT: '0',
    TFR_SERVER_LOCAL_TLS_PORT: String(place.tlsPort),
    TFR_ADMIN_USERNAME: ADMIN.username,
    TFR_ADMIN_PASSWORD: ADMIN.password,
    // The lowest that is accepted, and many of them: tests sign in often, and nobody attacks their passwords.
    TFR_AUTH_BCRYPT_COST: '10',
    TFR_RATE_LIMIT_SIGN_IN_PER_MINUTE: '1000',
    ...options.env,
  }
}

/** The first http address that the server names on this machine is the one it listens on. */
async function waitUntilReady(server: ChildServer): Promise<string> {
  const deadline = Date.now() + START_TIMEOUT_MS
  const [, port] = await server.waitForOutput(/http:\/\/(?:localhost|127\.0\.0\.1):([1-9]\d*)/, START_TIMEOUT_MS)
  // Not by name: `localhost` may mean ::1 first, where nobody listens.
  const url = `http://127.0.0.1:${port}`
  while (!(await answers(`${url}/readyz`))) {
    const end = await Promise.race([server.ended, setTimeout(POLL_MS)])
    if (end !== undefined || Date.now() > deadline) throw new Error(`The server did not become ready:\n${server.output()}`)
  }
  return url
}

async function answers(url: string): Promise<boolean> {
  const response = await fetch(url).catch(() => undefined)
  await response?.body?.cancel()
  return response?.ok ?? false
}

async function requestToken(url: string): Promise<string> {
  const body = JSON.stringify(ADMIN)
  const response = await fetch(`${url}/api/v1/auth/login`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  if (!response.ok) throw new Error(`Cannot sign in: ${response.status} ${await response.text()}`)
  const { token } = (await response.json()) as { token: string }
  return token
}

/** For a setting whose 0 does not mean "any": free a moment ago. */
async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('A listening server has an address')
  return address.port
}
