import { usageError } from '../../cli-error.ts'

const ISSUERS: Readonly<Record<string, string>> = {
  github: 'https://token.actions.githubusercontent.com',
  gitlab: 'https://gitlab.com',
}

/** The issuer of a name that people use for a public service; any other text is one itself. */
export function nameIssuer(text: string): string {
  return ISSUERS[text] ?? text
}

/** Minutes that a key lives: `15` or `15m`. @throws {CliError} exit code 2. */
export function readLife(text: string): number {
  const [, count = ''] = /^(\d{1,2})m?$/.exec(text) ?? []
  const minutes = Number(count)
  if (minutes >= 1 && minutes <= 60) return minutes
  throw usageError(`Cannot use life "${text}": it is no number of minutes from 1 to 60`)
}
