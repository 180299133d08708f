import { type CliError, usageError } from '../cli-error.ts'
import { COMMANDS, NOUNS } from '../command-table/command-table.ts'

/** What commander says about wrong usage, in the product's own form: double quotes, no prefix, the next step as a hint. */
export function describeUsageError(message: string, argv: readonly string[]): CliError {
  const [first = '', ...rest] = message.replace(/^error: /, '').split('\n')
  const text = first.replace(/'([^']*)'/g, '"$1"').replace(/\.$/, '')
  const command = commandOf(argv.filter((word) => !word.startsWith('-')))
  return usageError(
    `Cannot run "terrace${command.typed}": ${text}${describeSuggestion(rest.join(' '))}`,
    `Run: terrace${command.known} --help`,
  )
}

function describeSuggestion(text: string): string {
  const names = /\(Did you mean (?:one of )?(?<names>.+)\?\)/.exec(text)?.groups?.names
  if (names === undefined) return ''
  const quoted = names.split(', ').map((name) => `"${name}"`)
  return `. Did you mean ${quoted.join(' or ')}?`
}

/** The words of the command without its arguments: as they were typed, and as far as they are right; each begins with a space. */
function commandOf([first = '', second = '']: readonly string[]): { typed: string; known: string } {
  const isNoun = Object.hasOwn(NOUNS, first)
  const typed = [first, isNoun ? second : ''].filter((word) => word !== '').join(' ')
  const isKnown = COMMANDS.some(({ name }) => name === typed)
  const known = isKnown ? typed : isNoun ? first : ''
  return { typed: typed && ` ${typed}`, known: known && ` ${known}` }
}
