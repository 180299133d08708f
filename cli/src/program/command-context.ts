import type { ReadStream } from 'node:tty'
import { usageError } from '../cli-error.ts'
import type { CommonOptions } from '../command-table/common-options.ts'
import type { CliEnvironment } from '../environment.ts'
import { Output, type OutputForm, type OutputStream, type OutputStreams } from '../output/output.ts'

/** The process as commands see it. */
export interface ProcessIo extends OutputStreams {
  readonly stdout: OutputStream & NodeJS.WritableStream
  readonly stderr: OutputStream & NodeJS.WritableStream
  readonly stdin: NodeJS.ReadableStream & Partial<Pick<ReadStream, 'isTTY'>>
  readonly cwd: string
}

/** What every command works with. */
export interface CommandContext {
  readonly environment: CliEnvironment
  readonly io: ProcessIo
  readonly output: Output
  /** Values of the common flags. */
  readonly options: CommonOptions
  /** Somebody is there to answer a question. */
  readonly mayAsk: boolean
}

/** @throws {CliError} exit code 2 for flags that exclude each other. */
export function createContext(io: ProcessIo, environment: CliEnvironment, options: CommonOptions): CommandContext {
  const { quiet = false, verbose = false } = options
  if (quiet && verbose) throw usageError('Cannot use "--quiet" together with "--verbose"')
  const onTerminal = io.stderr.isTTY === true
  return {
    environment,
    io,
    options,
    mayAsk: options.input !== false && io.stdin.isTTY === true && onTerminal,
    output: new Output(io, {
      form: outputForm(options),
      quiet,
      verbose,
      color: options.color !== false && !environment.noColor && onTerminal && io.stdout.isTTY === true,
      // Lines of --verbose would be drawn over.
      animate: onTerminal && !environment.dumbTerminal && !quiet && !verbose,
    }),
  }
}

function outputForm({ json = false, plain = false }: CommonOptions): OutputForm {
  if (json && plain) throw usageError('Cannot use "--json" together with "--plain"')
  if (json) return 'json'
  return plain ? 'plain' : 'human'
}
