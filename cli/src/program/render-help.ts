import type { CommandDefinition, CommandExample } from '../command-table/command-definition.ts'
import { COMMANDS, NOUNS } from '../command-table/command-table.ts'
import { optionBlocks, usageOf } from './option-groups.ts'

const MAX_WIDTH = 100
const REFERENCE = 'Reference: docs/reference/cli.md'

/** Examples of the executable as a whole. */
export const ROOT_EXAMPLES: readonly CommandExample[] = [
  { explains: 'Run a server in this folder, then make its first administrator', command: 'terrace serve' },
  { explains: 'In another shell', command: 'terrace setup' },
  { explains: 'Load providers from their registries', command: 'terrace mirror load providers.hcl --wait' },
  { explains: 'Publish a provider of your own', command: 'terrace provider publish dist --namespace acme' },
]

/** Help of the executable. @param serverCommands name and summary of each command that runs the server. */
export function renderRootHelp(serverCommands: Readonly<Record<string, string>>, width: number): string {
  const rows = COMMANDS.map(({ name, summary }) => [name, summary] as const)
  return joinBlocks([
    'Terrace: private registry and provider mirror for Terraform and OpenTofu',
    'Usage: terrace COMMAND [flags]',
    examplesBlock(ROOT_EXAMPLES),
    termsBlock('Run and look after a server', Object.entries(serverCommands), width),
    termsBlock('Use a server', rows, width),
    termsBlock(
      'Flags',
      [
        ['-h, --help', 'Show this help, or that of a command'],
        ['-V, --version', 'Show the version'],
      ],
      width,
    ),
    'Exit codes: 0 ok, 1 failed, 2 wrong usage, 3 not found, 4 denied, 5 conflict, 6 unavailable',
    `Help of a command: terrace COMMAND --help. ${REFERENCE}`,
  ])
}

/** Help of a noun: its commands. */
export function renderNounHelp(noun: string, width: number): string {
  const commands = COMMANDS.filter(({ name }) => name.startsWith(`${noun} `))
  return joinBlocks([
    NOUNS[noun] ?? noun,
    `Usage: terrace ${noun} COMMAND [flags]`,
    examplesBlock(commands.map(({ examples }) => examples[0])),
    termsBlock(
      'Commands',
      commands.map(({ name, summary }) => [name, summary]),
      width,
    ),
    `Help of a command: terrace ${noun} COMMAND --help. ${REFERENCE}`,
  ])
}

/** Help of one command: examples first, then what may be given. */
export function renderCommandHelp(definition: CommandDefinition, width: number): string {
  const { arguments: operands = [], description } = definition
  return joinBlocks([
    definition.summary,
    `Usage: ${usageOf(definition)}`,
    examplesBlock(definition.examples),
    description === undefined ? '' : wrap(description, { width: Math.min(width, MAX_WIDTH), indent: 0 }).join('\n'),
    operands.length === 0
      ? ''
      : termsBlock(
          'Arguments',
          operands.map(({ syntax, description: text }) => [syntax, text]),
          width,
        ),
    ...optionBlocks(definition).map(({ title, options }) =>
      termsBlock(
        title,
        options.map(({ flags, description: text }) => [flags, text]),
        width,
      ),
    ),
    REFERENCE,
  ])
}

function joinBlocks(blocks: readonly string[]): string {
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`
}

function examplesBlock(examples: readonly CommandExample[]): string {
  return ['Examples:', ...examples.flatMap(({ explains, command }) => [`  # ${explains}`, `  ${command}`])].join('\n')
}

function termsBlock(title: string, terms: readonly (readonly [string, string])[], width: number): string {
  const indent = Math.max(...terms.map(([term]) => term.length)) + 4
  const lines = terms.flatMap(([term, text]) => {
    const [first = '', ...rest] = wrap(text, { width: Math.min(width, MAX_WIDTH), indent })
    return [`  ${term}`.padEnd(indent) + first, ...rest.map((line) => ' '.repeat(indent) + line)]
  })
  return [`${title}:`, ...lines].join('\n')
}

const MIN_TEXT_WIDTH = 24

/** Breaks a text between words so that it fits beside an indent; words that are longer stay whole. */
function wrap(text: string, { width, indent }: { width: number; indent: number }): string[] {
  const room = Math.max(MIN_TEXT_WIDTH, width - indent)
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last === undefined || last.length + 1 + word.length > room) lines.push(word)
    else lines[lines.length - 1] = `${last} ${word}`
  }
  return lines
}
