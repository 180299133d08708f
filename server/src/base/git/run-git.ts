import { type ChildProcessByStdio, spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { gitMissing, OLDEST_GIT } from './git-errors.ts'

/** Where distributions put programs. */
const USUAL_SEARCH_PATH = '/usr/local/bin:/usr/bin:/bin:/opt/homebrew/bin:/run/current-system/sw/bin'
const MAX_OUTPUT_BYTES = 1 << 20
const MAX_STDERR_BYTES = 16 * 1024
const PROGRAM_NOT_FOUND = 127

/** One start of the program. */
export interface GitCommand {
  readonly args: readonly string[]
  /** All variables it gets; nothing is inherited. */
  readonly environment?: Readonly<Record<string, string>>
  readonly folder?: string
  readonly searchPath?: string | undefined
  /** Aborting kills the program and whatever it started. */
  readonly signal?: AbortSignal
  /** Of one file that is written; the system ends the program that goes over. */
  readonly maxFileBytes?: number
}

export interface GitExit {
  /** 0 is success; `null` when a signal ended it. */
  readonly status: number | null
  /** The last 16 KiB. */
  readonly stderr: string
}

export interface GitProcess {
  readonly stdout: Readable
  /** Settles when the program and all it started have given their pipes back. */
  readonly exit: Promise<GitExit>
  kill(): void
}

/** Address space, and seconds of processor time: what an honest repository of the allowed size stays far below. */
const MAX_MEMORY_KB = 1024 * 1024
const MAX_PROCESSOR_SECONDS = 300
const BLOCK_BYTES = 512

/** Not every system has every limit. */
const LIMITING_SCRIPT = 'ulimit -c 0; ulimit -f "$1"; ulimit -t "$2"; ulimit -v "$3"; shift 3; exec git "$@" 2>&3'

/**
 * Starts `git` in a process group of its own.
 * @throws the reason of a signal that is aborted already
 */
export function startGit(command: GitCommand): GitProcess {
  const { args, environment = {}, folder = '/', searchPath = USUAL_SEARCH_PATH, signal, maxFileBytes = 0 } = command
  signal?.throwIfAborted()
  const limits = [Math.ceil(maxFileBytes / BLOCK_BYTES), MAX_PROCESSOR_SECONDS, MAX_MEMORY_KB].map(String)
  const child = spawn('/bin/sh', ['-c', `{ ${LIMITING_SCRIPT}; } 2>/dev/null`, 'git', ...limits, ...args], {
    cwd: folder,
    env: { ...environment, PATH: searchPath },
    // A group of its own is what can be killed as a whole.
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore', 'pipe'],
  }) as ChildProcessByStdio<null, Readable, null>
  let ended = false
  const kill = () => {
    // The number may be another process's by then.
    if (!ended) killGroup(child.pid)
  }
  signal?.addEventListener('abort', kill)
  const errors = keepLast(child.stdio[3] as Readable)
  const exit = new Promise<GitExit>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (status) => {
      ended = true
      signal?.removeEventListener('abort', kill)
      if (status === PROGRAM_NOT_FOUND) reject(gitMissing(`it is not installed in ${searchPath.split(':').join(', ')}`))
      else resolve({ status, stderr: errors() })
    })
  })
  // Whoever reads the output first comes late to it.
  exit.catch(() => undefined)
  return { stdout: child.stdout, exit, kill }
}

/** Runs `git` to its end and answers what it wrote, up to 1 MiB; more ends it. */
export async function runGit(command: GitCommand): Promise<GitExit & { readonly stdout: string }> {
  const { stdout, exit, kill } = startGit(command)
  const chunks: Buffer[] = []
  let bytes = 0
  stdout.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > MAX_OUTPUT_BYTES) kill()
    else chunks.push(chunk)
  })
  const { status, stderr } = await exit
  command.signal?.throwIfAborted()
  const excess = bytes > MAX_OUTPUT_BYTES ? `error: the answer exceeded ${MAX_OUTPUT_BYTES} bytes` : stderr
  return { status, stderr: excess, stdout: Buffer.concat(chunks).toString('utf8') }
}

/**
 * Version of the program, for example `2.39.5`.
 * @throws {RegistryError} GIT_MISSING when it is not installed or too old
 */
export async function findGitVersion({ searchPath }: Pick<GitCommand, 'searchPath'>): Promise<string> {
  const { stdout } = await runGit({ args: ['version'], searchPath })
  const version = /\d+(?:\.\d+)+/.exec(stdout)?.[0] ?? '0'
  if (version.localeCompare(OLDEST_GIT, 'en', { numeric: true }) < 0) throw gitMissing(`version ${version} is too old`)
  return version
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

function keepLast(stream: Readable): () => string {
  let kept = Buffer.alloc(0)
  stream.on('data', (chunk: Buffer) => {
    kept = Buffer.concat([kept, chunk]).subarray(-MAX_STDERR_BYTES)
  })
  return () => kept.toString('utf8')
}
