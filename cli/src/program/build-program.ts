import { Command, Option } from 'commander'
import type { CommandDefinition, CommandInput } from '../command-table/command-definition.ts'
import { COMMANDS, NOUNS } from '../command-table/command-table.ts'
import { optionBlocks } from './option-groups.ts'
import { renderCommandHelp, renderNounHelp, renderRootHelp } from './render-help.ts'

/** What the parser needs of its surroundings. */
export interface ProgramOptions {
  readonly version: string
  /** Name and summary of each command that runs the server; they are listed and suggested, not parsed. */
  readonly serverCommands: Readonly<Record<string, string>>
  readonly writeOut: (text: string) => void
  readonly writeErr: (text: string) => void
  /** Columns of the terminal. */
  readonly width: number
  readonly run: (definition: CommandDefinition, input: CommandInput<Record<string, unknown>>) => Promise<void>
}

/** The parser of all client commands. It throws `CommanderError` for wrong usage and where commander would end the process. */
export function buildProgram(options: ProgramOptions): Command {
  const { writeOut, writeErr, width } = options
  const program = prepare(new Command('terrace'), () => renderRootHelp(options.serverCommands, width))
  // What went wrong is said by the caller, in the product's own form.
  program.configureOutput({ writeOut, writeErr, outputError: () => {} })
  // `--version` behind the name of a command is that command's own flag.
  program.enablePositionalOptions()
  program.version(options.version, '-V, --version', 'Show the version')
  const nouns = new Map<string, Command>()
  for (const definition of COMMANDS) {
    const words = definition.name.split(' ')
    const parent = words.slice(0, -1).reduce(
      (outer, word) => {
        const path = [...outer.path, word]
        const name = path.join(' ')
        const command = nouns.get(name) ?? prepare(outer.command.command(word), () => renderNounHelp(name, width))
        nouns.set(name, command.description(NOUNS[name] ?? ''))
        return { command, path }
      },
      { command: program, path: [] as string[] },
    )
    addCommand(parent.command, words.at(-1) ?? '', definition, options)
  }
  for (const [name, summary] of Object.entries(options.serverCommands)) program.command(name).description(summary)
  return program
}

function prepare(command: Command, help: () => string): Command {
  return command.exitOverride().configureHelp({ formatHelp: help }).helpOption('-h, --help', 'Show this help').helpCommand(false)
}

// biome-ignore lint/complexity/useMaxParams: the parent and the word are what tells one call from the other
function addCommand(parent: Command, word: string, definition: CommandDefinition, { run, width }: ProgramOptions): void {
  const command = prepare(parent.command(word), () => renderCommandHelp(definition, width)).allowExcessArguments(false)
  for (const { syntax, description } of definition.arguments ?? []) command.argument(syntax, description)
  for (const option of optionBlocks(definition).flatMap((block) => block.options)) {
    if (option.flags === '-h, --help') continue
    const added = new Option(option.flags, option.description)
    if (option.repeatable) added.argParser((value: string, previous: string[] = []) => [...previous, value])
    command.addOption(added)
  }
  command.action(async (...received: unknown[]) => {
    const operands = received.slice(0, definition.arguments?.length ?? 0) as (string | undefined)[]
    await run(definition, { arguments: operands, options: command.opts() })
  })
}
