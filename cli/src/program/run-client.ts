import { CommanderError } from 'commander'
import { CliError, EXIT } from '../cli-error.ts'
import type { CommandDefinition, CommandInput, RunCommand } from '../command-table/command-definition.ts'
import { COMMANDS } from '../command-table/command-table.ts'
import { type CliEnvironment, readEnvironment } from '../environment.ts'
import { Output } from '../output/output.ts'
import { buildProgram } from './build-program.ts'
import { createContext, type ProcessIo } from './command-context.ts'
import { describeUsageError } from './describe-usage-error.ts'

/** What the launcher knows. */
export interface ClientStart {
  readonly argv: readonly string[]
  readonly version: string
  readonly serverCommands: Readonly<Record<string, string>>
}

/** Runs one client command on this process. @returns the exit code. */
export async function runClient({ argv: typed, version, serverCommands }: ClientStart): Promise<number> {
  const argv = readHelpCommand(typed)
  const io: ProcessIo = { stdin: process.stdin, stdout: process.stdout, stderr: process.stderr, cwd: process.cwd() }
  endQuietlyWithReader()
  const environment = readEnvironment()
  const program = buildProgram({
    version,
    serverCommands,
    width: io.stdout.columns || 80,
    writeOut: (text) => void io.stdout.write(text),
    writeErr: (text) => void io.stderr.write(text),
    run: (definition, input) => runCommand(io, environment, { definition, input }),
  })
  try {
    await program.parseAsync([...argv], { from: 'user' })
    return EXIT.ok
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.ok
    // Help that commander has written because the command is incomplete.
    if (error instanceof CommanderError && error.code === 'commander.help') return EXIT.usage
    const failure = error instanceof CommanderError ? describeUsageError(error.message, argv) : error
    return reportFailure(failure, { io, environment, argv })
  }
}

/** `terrace help mirror load` is `terrace mirror load --help`; of a command that does not exist there is no help. */
function readHelpCommand([first, ...rest]: readonly string[]): string[] {
  if (first !== 'help') return first === undefined ? [] : [first, ...rest]
  const [noun] = rest
  const isKnown = noun === undefined || COMMANDS.some(({ name }) => name.split(' ')[0] === noun)
  return isKnown ? [...rest, '--help'] : rest
}

/** `terrace mirror jobs | head -1` closes the pipe early; that is no failure worth a word. */
function endQuietlyWithReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(EXIT.ok)
    throw error
  })
}

async function runCommand(
  io: ProcessIo,
  environment: CliEnvironment,
  { definition, input }: { definition: CommandDefinition; input: CommandInput<Record<string, unknown>> },
): Promise<void> {
  const context = createContext(io, environment, input.options)
  // The table promises that a command's code takes what its flags give.
  const run = (await definition.load()) as RunCommand<Record<string, unknown>>
  await run(context, input)
}

interface Surroundings {
  readonly io: ProcessIo
  readonly environment: CliEnvironment
  readonly argv: readonly string[]
}

function reportFailure(error: unknown, { io, environment, argv }: Surroundings): number {
  const color = !environment.noColor && !argv.includes('--no-color') && io.stderr.isTTY === true
  const output = new Output(io, { form: 'human', quiet: false, verbose: false, color, animate: false })
  if (error instanceof CliError) {
    output.failure(error)
    return error.exitCode
  }
  const text = error instanceof Error ? error.message : String(error)
  output.failure({
    message: `Unexpected failure: ${text}`,
    hint: 'This is a defect of the command; run it again with --verbose and report it',
  })
  if (argv.includes('--verbose') || argv.includes('-v')) io.stderr.write(`${error instanceof Error ? error.stack : ''}\n`)
  return EXIT.failed
}
