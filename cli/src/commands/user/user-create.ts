import type { RunCommand } from '../../command-table/command-definition.ts'
import { withApi } from '../../connection/open-api.ts'
import { readPassword, type SignInOptions } from '../../input/ask-credentials.ts'
import type { CommandContext } from '../../program/command-context.ts'
import { writeUser } from './user-show.ts'

/** Flags of a password for somebody new. */
export interface NewPasswordOptions extends Omit<SignInOptions, 'username'> {
  readonly askPassword?: boolean
}

interface CreateOptions extends NewPasswordOptions {
  readonly email?: string
  readonly displayName?: string
  readonly scope?: readonly string[]
  readonly organization?: string
  readonly role?: string
}

/** The password for somebody new; `undefined` when no flag asks for one. */
export async function readNewPassword(context: CommandContext, options: NewPasswordOptions): Promise<string | undefined> {
  const wanted = options.askPassword === true || options.passwordFile !== undefined || options.passwordStdin === true
  return wanted ? await readPassword(context, options, true) : undefined
}

/** `terrace user create NAME` */
export const createUser: RunCommand<CreateOptions> = async (context, { arguments: [username = ''], options }) => {
  const { email, displayName, scope, organization, role } = options
  const password = await readNewPassword(context, options)
  const body = {
    username,
    ...(email !== undefined && { email }),
    ...(displayName !== undefined && { display_name: displayName }),
    ...(scope !== undefined && { scopes: [...scope] }),
    ...(organization !== undefined && { organization }),
    ...(role !== undefined && { role }),
    ...(password !== undefined && { password }),
  }
  await withApi(context, async (api) => {
    const user = await api.call('post', '/api/v1/users', { action: `create user "${username}"`, body })
    writeUser(context.output, user)
    context.output.message(`Created user "${user.username}"`)
    if (password === undefined) {
      context.output.message(
        `Without a password they can only sign in elsewhere; give them one with: terrace user password ${user.username}`,
      )
    }
  })
}
