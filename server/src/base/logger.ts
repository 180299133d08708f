import { mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import pino, { type DestinationStream, type Logger as PinoLogger } from 'pino'
import type { Clock } from './clock.ts'
import { createLogOutput } from './log-output.ts'
import { formatTextLine } from './log-text.ts'
import { redactFields, redactText } from './redact.ts'

/** Levels of the log, least important first. */
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error'

/** The log. Call `logger.info({ field: value }, 'What happened')`; names of fields are snake_case. */
export type Logger = PinoLogger

/** How the log is written; the fields of `logging` in the configuration. */
export interface LoggingOptions {
  readonly level: LogLevel
  /** Empty: text when the output is a terminal, else JSON. */
  readonly format: '' | 'json' | 'text'
  readonly output: 'stdout' | 'stderr' | 'file' | 'both'
  /** Used by the outputs `file` and `both`. */
  readonly filePath: string
}

const FILE_MODE = 0o600

interface Output {
  readonly stream: DestinationStream
  readonly isTerminal: boolean
}

function descriptorOutput(fd: 1 | 2): Output {
  const isTerminal = (fd === 1 ? process.stdout : process.stderr).isTTY === true
  return { stream: isTerminal ? pino.destination({ dest: fd, sync: true }) : createLogOutput(fd), isTerminal }
}

function fileOutput(path: string): Output {
  mkdirSync(dirname(path), { recursive: true, mode: 0o750 })
  return { stream: createLogOutput(openSync(path, 'a', FILE_MODE)), isTerminal: false }
}

function outputsOf(options: LoggingOptions): Output[] {
  if (options.output === 'stdout') return [descriptorOutput(1)]
  if (options.output === 'stderr') return [descriptorOutput(2)]
  return options.output === 'file' ? [fileOutput(options.filePath)] : [descriptorOutput(1), fileOutput(options.filePath)]
}

function formatted(output: Output, format: LoggingOptions['format']): DestinationStream {
  const isText = format === 'text' || (format === '' && output.isTerminal)
  return isText ? { write: (line) => output.stream.write(formatTextLine(line)) } : output.stream
}

/**
 * The log of the process. Fields with a secret's name and secrets that can be told by their form never reach the output.
 *
 * @param streams where lines go instead of the configured output, for tests.
 */
export function createLogger(options: LoggingOptions, streams?: readonly DestinationStream[]): Logger {
  const targets = streams ?? outputsOf(options).map((output) => formatted(output, options.format))
  const [first] = targets
  const destination = targets.length === 1 && first !== undefined ? first : fanOut(targets)
  return pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: redactFields },
      hooks: { streamWrite: redactText },
    },
    destination,
  )
}

function fanOut(targets: readonly DestinationStream[]): DestinationStream {
  return {
    write(line) {
      for (const target of targets) target.write(line)
    },
  }
}

/**
 * Writes lines whose fields are already JSON text (`"name":value,…`) and free of secrets, past redaction and serialisers.
 * For lines that are written thousands of times a second; the caller checks the level.
 */
export function lineWriter(logger: Logger, { level, clock }: { level: LogLevel; clock: Clock }): (fields: string) => void {
  const { [pino.symbols.streamSym]: stream } = logger as unknown as { [pino.symbols.streamSym]: DestinationStream }
  let lastMs = 0
  let lastTime = ''
  return (fields) => {
    const nowMs = clock.now()
    if (nowMs !== lastMs) {
      lastMs = nowMs
      lastTime = new Date(nowMs).toISOString()
    }
    stream.write(`{"level":"${level}","time":"${lastTime}",${fields}}\n`)
  }
}
