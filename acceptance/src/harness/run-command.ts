import { spawn } from 'node:child_process'
import { stripVTControlCharacters } from 'node:util'

/** How a command ended and what it wrote, without colours. */
export interface CommandResult {
  /** `null` when a signal ended it. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  /** Both, in the order in which they came. */
  readonly output: string
}

/** Where and with what a command runs. */
export interface CommandOptions {
  readonly cwd: string
  /** All of its environment: nothing is inherited, so that a machine's settings cannot change an outcome. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** Default 120 000. The command is killed then and `code` is `null`. */
  readonly timeoutMs?: number
  /** Told everything written so far, each time there is more; answers are what the command reads. Without it there is no input. */
  readonly talk?: (output: string, answer: (text: string) => void) => void
}

/** Runs a command to its end. A failing command is a result, not an exception; one that cannot be started is an exception. */
export function runCommand(
  file: string,
  args: readonly string[],
  { cwd, env, timeoutMs = 120_000, talk }: CommandOptions,
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { cwd, env, stdio: ['pipe', 'pipe', 'pipe'], timeout: timeoutMs, killSignal: 'SIGKILL' })
    // A command that ends without reading its input is fine.
    child.stdin.on('error', () => undefined)
    if (talk === undefined) child.stdin.end()
    const written = { stdout: '', stderr: '', output: '' }
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        written[name] += stripVTControlCharacters(text)
        written.output += stripVTControlCharacters(text)
        talk?.(written.output, (answer) => child.stdin.write(answer))
      })
    }
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, ...written }))
  })
}
