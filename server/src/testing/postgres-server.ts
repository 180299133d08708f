import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { chmodSync, chownSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { PostgresBinaries } from './postgres-server-binaries.ts'

const run = promisify(execFile)

/** A PostgreSQL server of one test run. */
export interface PostgresServer {
  /** `postgres://…`, of a role that may create databases. */
  readonly url: string
  stop(): Promise<void>
}

interface Identity {
  readonly uid: number
  readonly gid: number
}

/**
 * Starts a PostgreSQL server of its own: own folder, free port, no durability. It ends with this process.
 * @throws {Error} with the server's own words when it does not start.
 */
export async function startPostgresServer(found: PostgresBinaries): Promise<PostgresServer> {
  const identity = process.getuid?.() === 0 ? unprivilegedIdentity() : undefined
  const folder = mkdtempSync(join(tmpdir(), 'terrace-postgres-'))
  try {
    // The server may run as somebody else, who has to reach its data and perhaps its programs.
    chmodSync(folder, 0o755)
    const binaries = await reachableBinaries(found, folder, identity)
    const data = join(folder, 'data')
    mkdirSync(data, { mode: 0o700 })
    if (identity !== undefined) chownSync(data, identity.uid, identity.gid)
    const options = ['-D', data, '-U', 'terrace', '--auth=trust', '--no-sync', '--encoding=UTF8', '--locale=C']
    await run(binaries.initdb, options, { ...identity, cwd: folder })
    return await launch(binaries, folder, identity)
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    throw error
  }
}

/** PostgreSQL refuses to run as root. */
function unprivilegedIdentity(): Identity {
  const accounts = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
  const account = accounts.find(([name]) => name === 'postgres') ?? accounts.find(([name]) => name === 'nobody')
  if (account === undefined) throw new Error('Cannot start PostgreSQL as root: there is no user "postgres" or "nobody" to run it as')
  return { uid: Number(account[2]), gid: Number(account[3]) }
}

/** The programs themselves, or copies of them when the user who runs the server cannot reach the checkout. */
async function reachableBinaries(binaries: PostgresBinaries, folder: string, identity: Identity | undefined): Promise<PostgresBinaries> {
  try {
    await run(binaries.postgres, ['--version'], { ...identity, cwd: folder })
    return binaries
  } catch {
    const copy = join(folder, 'native')
    cpSync(dirname(dirname(binaries.postgres)), copy, { recursive: true, verbatimSymlinks: true })
    const inCopy = (program: string) => join(copy, 'bin', basename(program))
    return { initdb: inCopy(binaries.initdb), postgres: inCopy(binaries.postgres) }
  }
}

const ATTEMPTS = 5

async function launch(binaries: PostgresBinaries, folder: string, identity: Identity | undefined): Promise<PostgresServer> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort()
    const server = guarded(folder, identity, [binaries.postgres, ...serverArguments(join(folder, 'data'), port)])
    const failure = await untilReady(server)
    if (failure === undefined) return { url: `postgres://terrace@127.0.0.1:${port}/postgres`, stop: () => stop(server) }
    // Somebody else took the port in the meantime.
    if (attempt === ATTEMPTS || !failure.includes('could not bind')) throw new Error(`Cannot start PostgreSQL: ${failure}`)
  }
}

function serverArguments(data: string, port: number): string[] {
  const settings = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    max_connections: '300',
    shared_buffers: '64MB',
    fsync: 'off',
    full_page_writes: 'off',
    autovacuum: 'off',
    // Without the errors that tests provoke.
    log_min_messages: 'log',
    log_checkpoints: 'off',
  }
  return ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])]
}

function guarded(folder: string, identity: Identity | undefined, command: readonly string[]): ChildProcess {
  const guard = fileURLToPath(new URL('./postgres-server-guard.ts', import.meta.url))
  const owner = identity === undefined ? ['-', '-'] : [String(identity.uid), String(identity.gid)]
  return spawn(process.execPath, [guard, folder, ...owner, ...command], { stdio: ['pipe', 'ignore', 'pipe'] })
}

/** `undefined` when the server accepts connections, else what it said before it ended. */
function untilReady(server: ChildProcess): Promise<string | undefined> {
  return new Promise((resolve) => {
    let said = ''
    server.stderr?.setEncoding('utf8').on('data', function listen(text: string) {
      said += text
      if (!said.includes('ready to accept connections')) return
      resolve(undefined)
      // Whatever it says from now on is not kept, only read, so that it can go on.
      server.stderr?.off('data', listen).resume()
    })
    server.on('exit', () => resolve(said))
  })
}

function stop(server: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (server.exitCode !== null) return resolve()
    server.on('exit', () => resolve())
    server.stdin?.end()
  })
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.on('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}
