import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const LAUNCHER = join(import.meta.dirname, '../../bin/terrace.mjs')

/** Takes what is to be done when the test ends: `onTestFinished` of the test runner. */
export type CleanUp = (work: () => Promise<void>) => unknown

/** What a run of the executable has left. */
export interface Outcome {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Text on standard input; nothing when absent. */
  readonly input?: string
  /** What is typed when a text appears; for terminals, where input must not come before the question. */
  readonly answers?: readonly (readonly [question: string, answer: string])[]
  /** Sees the process while it runs. */
  readonly onStart?: (child: ChildProcess) => void
}

/** The real executable with a home of its own. */
export interface TerraceHome {
  /** Working directory, and parent of everything the commands keep. */
  readonly folder: string
  run(args: readonly string[], options?: RunOptions): Promise<Outcome>
  /** The same on a pseudo-terminal; both streams arrive in `stdout`. Needs `script` of util-linux. */
  runOnTerminal(args: readonly string[], options?: RunOptions): Promise<Outcome>
}

/** An empty home that goes away when the test ends. */
export async function terraceHome(cleanUp: CleanUp): Promise<TerraceHome> {
  const folder = await mkdtemp(join(tmpdir(), 'terrace-cli-'))
  const running = new Set<ChildProcess>()
  cleanUp(async () => {
    await Promise.all([...running].map(end))
    await rm(folder, { recursive: true, force: true, maxRetries: 3 })
  })
  const base = {
    PATH: process.env.PATH ?? '',
    HOME: folder,
    XDG_CONFIG_HOME: join(folder, 'config'),
    // One for all tests: it changes how quick they are, and nothing else.
    XDG_CACHE_HOME: join(import.meta.dirname, '../../../node_modules/.cache/terrace-cli'),
  }
  return {
    folder,
    run: (args, options = {}) =>
      start(process.execPath, [LAUNCHER, ...args], { ...options, env: { ...base, ...options.env }, folder, running }),
    runOnTerminal: (args, options = {}) => {
      const command = [process.execPath, LAUNCHER, ...args].map((word) => `'${word}'`).join(' ')
      const env = { ...base, TERM: 'xterm', ...options.env }
      return start('script', ['--quiet', '--return', '--command', command, '/dev/null'], { ...options, env, folder, running })
    },
  }
}

/** Ends a run that its test has given up. A command on a pseudo-terminal is hung up on when `script` goes. */
async function end(child: ChildProcess): Promise<void> {
  const closed = once(child, 'close')
  child.kill('SIGKILL')
  await closed
}

interface StartOptions extends RunOptions {
  readonly folder: string
  /** Those that have not ended yet. */
  readonly running: Set<ChildProcess>
}

function start(file: string, args: readonly string[], { env, input, answers, onStart, folder, running }: StartOptions): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { cwd: folder, env, stdio: 'pipe' })
    if (child.pid !== undefined) running.add(child)
    const waiting = [...(answers ?? [])]
    let [stdout, stderr] = ['', '']
    child.stdout.on('data', (chunk) => {
      stdout += chunk
      // A cursor movement may follow the question in the same piece.
      if (waiting[0] !== undefined && stdout.includes(waiting[0][0])) child.stdin.write(waiting.shift()?.[1] ?? '')
    })
    child.stderr.on('data', (chunk) => {
      stderr += chunk
    })
    child.on('error', reject)
    child.on('close', (code, signal) => {
      running.delete(child)
      resolve({ code, signal, stdout, stderr })
    })
    // A command that reads no input may end first.
    child.stdin.on('error', () => {})
    if (answers === undefined) child.stdin.end(input ?? '')
    onStart?.(child)
  })
}
