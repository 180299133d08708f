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
function commandOf(words: readonly string[]): { typed: string; known: string } {
  const depth = words.findIndex((_word, index) => !Object.hasOwn(NOUNS, words.slice(0, index + 1).join(' ')))
  const noun = words.slice(0, depth === -1 ? words.length : depth).join(' ')
  const typed = [noun, depth === -1 ? '' : (words[depth] ?? '')].filter((word) => word !== '').join(' ')
  const known = COMMANDS.some(({ name }) => name === typed) ? typed : noun
  return { typed: typed && ` ${typed}`, known: known && ` ${known}` }
}
