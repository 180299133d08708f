import { CliError } from '../cli-error.ts'
import type { CommonOptions } from '../command-table/common-options.ts'
import type { CommandContext } from '../program/command-context.ts'
import { ask, askText } from './ask.ts'
import { readSecret } from './read-input.ts'

/** Flags of the commands that take a user name and a password. */
export interface SignInOptions extends CommonOptions {
  readonly username?: string
  readonly passwordFile?: string
  readonly passwordStdin?: boolean
}

const OTHERWISE = 'Use --password-file or --password-stdin'

/** The user name from its flag, or asked for. */
export async function readUsername(context: CommandContext, { username }: SignInOptions): Promise<string> {
  return username ?? (await askText(context, { label: 'User name', otherwise: 'Use --username' }))
}

/** The password from a file or standard input, or asked for; a new one is asked for twice. */
export async function readPassword(context: CommandContext, options: SignInOptions, isNew: boolean): Promise<string> {
  const given = await readSecret(context, {
    what: 'password',
    file: { flag: '--password-file', value: options.passwordFile },
    stdin: { flag: '--password-stdin', value: options.passwordStdin },
  })
  if (given !== undefined) return given
  const password = await ask(context, { label: isNew ? 'New password' : 'Password', otherwise: OTHERWISE, hidden: true })
  if (!isNew) return password
  const again = await ask(context, { label: 'New password again', otherwise: OTHERWISE, hidden: true })
  if (again === password) return password
  throw new CliError('Cannot use the password: the two inputs differ', { hint: 'Run the command again' })
}
