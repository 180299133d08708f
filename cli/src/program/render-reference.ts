import { type CommandDefinition, type CommandExample, GROUP_OPTIONS, type OptionDefinition } from '../command-table/command-definition.ts'
import { COMMANDS } from '../command-table/command-table.ts'
import { usageOf } from './option-groups.ts'
import { ROOT_EXAMPLES } from './render-help.ts'

const INTRODUCTION = `# Command line

<!-- Made from cli/src/command-table. Do not edit; run \`npm run generate\`. -->

\`terrace\` is one executable: some commands run a server and look after its data, the others ask a server over HTTP. In a checkout it
is started with \`npx terrace\`.
`

const RULES = `## Rules

- Data goes to standard output, everything said to people to standard error.
- \`--json\` writes one document. Its \`schema_version\` is 1; members are added without changing it.
- \`--plain\` writes tab-separated lines without titles, in the order of the table.
- Nothing is drawn over, and no colours are used, where the output is no terminal.
- A question is only asked on a terminal; \`--no-input\` forbids it.
- The server is the one of \`--server\`, else \`TERRACE_SERVER\`, else where you signed in last, else https://localhost:8443 when the
  folder \`data/tls\` of a server that was started here holds the certificate of its local CA. That certificate is trusted for addresses
  of this machine without being named.
- The credential is the one of \`--token-file\` or \`--token-stdin\`, else \`TERRACE_TOKEN\`, else the token that \`terrace login\` has kept
  for this very server. Variables are inherited by every program that is started; where others can see them, use a file.
- \`HTTPS_PROXY\`, \`HTTP_PROXY\` and \`NO_PROXY\` are honoured (Node.js 24.5 or newer), except for addresses of this machine.

| Exit code | Meaning |
|---|---|
| 0 | Done |
| 1 | Failed |
| 2 | Wrong usage |
| 3 | The thing that was named does not exist |
| 4 | Denied: no credential, a wrong one, or one that lacks a scope |
| 5 | Conflict with what is there, for example a published version |
| 6 | The server cannot be reached, or cannot answer now; try again later |

| File | Content |
|---|---|
| \`$XDG_CONFIG_HOME/terrace/credentials.json\` (default \`~/.config\`) | Tokens of \`terrace login\`, mode 0600 |
| \`$XDG_CACHE_HOME/terrace\` (default \`~/.cache\`) | Compiled code for a quicker start; can be removed at any time |
`

/** The reference page of all commands. @param serverCommands name and summary of each command that runs the server. */
export function renderReference(serverCommands: Readonly<Record<string, string>>): string {
  const servers = Object.entries(serverCommands).map(([name, summary]) => `| \`terrace ${name}\` | ${summary} |`)
  const clients = COMMANDS.map(({ name, summary }) => `| [\`terrace ${name}\`](#terrace-${name.replaceAll(' ', '-')}) | ${cell(summary)} |`)
  return [
    INTRODUCTION,
    codeOf(ROOT_EXAMPLES),
    '## Server commands\n',
    table('Command', servers),
    'Each has its own `--help`. Settings: [configuration.md](configuration.md).\n',
    '## Client commands\n',
    table('Command', clients),
    RULES,
    '## Common flags\n',
    ...Object.values(GROUP_OPTIONS).map(({ title, options }) => `### ${title}\n\n${optionTable(options)}`),
    ...COMMANDS.map(renderCommand),
  ]
    .join('\n')
    .trimEnd()
    .concat('\n')
}

function renderCommand(definition: CommandDefinition): string {
  const { name, summary, description, arguments: operands = [], options = [], groups } = definition
  const blocks = [`## terrace ${name}\n`, `${summary}.\n`, codeOf(definition.examples)]
  if (description !== undefined) blocks.push(`${description}\n`)
  blocks.push(`Usage: \`${usageOf(definition)}\`\n`)
  const rows = operands.map(({ syntax, description: text }) => row(syntax, text))
  if (rows.length > 0) blocks.push(table('Argument', rows))
  if (options.length > 0) blocks.push(optionTable(options))
  blocks.push(`Common flags: ${groups.map((group) => GROUP_OPTIONS[group].title.toLowerCase()).join(', ')}.\n`)
  return blocks.join('\n')
}

function codeOf(examples: readonly CommandExample[]): string {
  return ['```sh', ...examples.flatMap(({ explains, command }) => [`# ${explains}`, command]), '```', ''].join('\n')
}

function optionTable(options: readonly OptionDefinition[]): string {
  return table(
    'Flag',
    options.map(({ flags, description }) => row(flags, description)),
  )
}

function table(title: string, rows: readonly string[]): string {
  return [`| ${title} | Meaning |`, '|---|---|', ...rows, ''].join('\n')
}

function row(term: string, text: string): string {
  return `| \`${term}\` | ${cell(text)} |`
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}
