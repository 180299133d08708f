import { spawn } from 'node:child_process'
import { stripVTControlCharacters } from 'node:util'

/** How a process ended: its exit code, or the signal that ended it. */
export interface ProcessEnd {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** A server that runs as a process of its own. */
export interface ChildServer {
  readonly pid: number
  readonly ended: Promise<ProcessEnd>
  /** All it has written so far, without colours. */
  output(): string
  /** Resolves with the first match in the output. @throws when the process ends or the time is over first; the message holds the output. */
  waitForOutput(pattern: RegExp, timeoutMs: number): Promise<RegExpExecArray>
  /** SIGTERM, and the end. @throws when it has not ended in time; it is killed then. */
  stop(timeoutMs: number): Promise<ProcessEnd>
  /** SIGKILL, as a power cut would. */
  kill(): Promise<ProcessEnd>
}

export interface ChildServerInput {
  readonly file: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
}

/** Starts the process; it does not outlive this one. */
export function startChildServer({ file, args, cwd, env }: ChildServerInput): ChildServer {
  const child = spawn(file, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let text = ''
  const listeners = new Set<() => void>()
  const notify = (): void => {
    for (const listener of listeners) listener()
  }
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += stripVTControlCharacters(chunk)
      notify()
    })
  }
  let end: ProcessEnd | undefined
  const killWithUs = (): boolean => child.kill('SIGKILL')
  process.once('exit', killWithUs)
  const ended = new Promise<ProcessEnd>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => {
      process.removeListener('exit', killWithUs)
      end = { code, signal }
      notify()
      resolve(end)
    })
  })
  // Whoever waits gets the failure; nobody may be waiting yet.
  ended.catch(() => undefined)

  const waitForOutput = (pattern: RegExp, timeoutMs: number): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      const settle = (outcome: () => void): void => {
        listeners.delete(look)
        clearTimeout(timer)
        outcome()
      }
      const look = (): void => {
        const match = pattern.exec(text)
        if (match !== null) settle(() => resolve(match))
        else if (end !== undefined) settle(() => reject(new Error(`The process ended before it wrote ${pattern}:\n${text}`)))
      }
      const timer = setTimeout(() => settle(() => reject(new Error(`No ${pattern} after ${timeoutMs} ms:\n${text}`))), timeoutMs)
      listeners.add(look)
      look()
    })

  const kill = (): Promise<ProcessEnd> => {
    child.kill('SIGKILL')
    return ended
  }
  const stop = async (timeoutMs: number): Promise<ProcessEnd> => {
    child.kill('SIGTERM')
    let late = false
    const timer = setTimeout(() => {
      late = true
      child.kill('SIGKILL')
    }, timeoutMs)
    const outcome = await ended
    clearTimeout(timer)
    if (late) throw new Error(`The process did not stop within ${timeoutMs} ms:\n${text}`)
    return outcome
  }
  return { pid: child.pid ?? 0, ended, output: () => text, waitForOutput, stop, kill }
}
